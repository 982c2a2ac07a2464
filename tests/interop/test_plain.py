# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpd and keepalived with each other's simpler ways of speaking: version 2 without and with a password, version 3 by
multicast and unicast. Each is tried with vrrpd on the better and on the lesser node."""
import re
import time

import pytest

from lab import VIP, always, wait_for
from nodes import Keepalived, Vrrpd
from observe import Owner, Sniffer

WAYS = {
    "v2": dict(version=2, interval=1),
    "v2-pass": dict(version=2, interval=1, auth="PASS", key="sesame"),
    "v2-ah-multicast": dict(version=2, interval=1, auth="AH", key="longerthaneight"),
    "v3": dict(version=3, interval=0.1),
    "v3-unicast": dict(version=3, interval=0.1, unicast=True),
}


def vrrpd(lab, number, version, interval, auth="none", key="", unicast=False):
    node = Vrrpd(lab, number)
    keys = dict(Interface="eno1", VirtualRouterId=10, Priority=120 - 10 * number, Version=version,
                AdvertisementInterval=f"{round(interval * 1000)}ms", VirtualAddresses=f"{VIP}/21")
    if auth != "none":
        keys.update(AuthenticationType=auth.lower(), AuthenticationKey=key[:8])
    if unicast:
        keys["UnicastPeers"] = lab.address(3 - number)
    node.write("one", **keys)
    return node


def keepalived(lab, number, version, interval, auth=None, key="", unicast=False):
    node = Keepalived(lab, number)
    node.write(priority=120 - 10 * number, version=version, interval=interval, auth=auth, key=key,
               addresses=[f"{VIP}/21"], peers=[lab.address(3 - number)] if unicast else [])
    return node


@pytest.mark.parametrize("better", ["vrrpd", "keepalived"])
@pytest.mark.parametrize("way", WAYS)
def test_takes_turns(lab, way, better):
    keys = WAYS[way]
    interval = keys["interval"]
    makers = (vrrpd, keepalived) if better == "vrrpd" else (keepalived, vrrpd)
    sniffer = Sniffer(lab)
    owners = [Owner(lab, 1), Owner(lab, 2)]
    one, two = (make(lab, i + 1, **keys) for i, make in enumerate(makers))
    one.start()
    wait_for(lambda: owners[0].own, 3 * interval + 3, "node 1 has the address")
    two.start()
    start = time.time()
    wait_for(lambda: len(sniffer.sent(1, start)) >= 4, 5 * interval + 3, "adverts")
    always(lambda: owners[0].own and not owners[1].own, interval, "node 1 alone has the address")
    assert sniffer.sent(2) == [], "two masters speak"
    assert one.complaints() + two.complaints() == []

    one.kill()
    one.remove_leftovers()
    wait_for(lambda: owners[1].own, 4 * interval + 2, "node 2 takes over after a crash")
    last = sniffer.sent(1)[-1].t
    skew = (256 - 100) / 256 * (interval if keys["version"] == 3 else 1)
    down = 3 * interval + skew
    # Never early; how late is for tools/bench to say, on a quiet machine.
    first = wait_for(lambda: sniffer.sent(2, last), 2, "an advert of node 2")[0]
    assert down - 0.001 < first.t - last < down + 1
    one.start()
    wait_for(lambda: owners[0].own and not owners[1].own, 4 * interval + 3, "node 1 takes it back")
    stopped = time.time()
    one.stop()
    wait_for(lambda: owners[1].own and not owners[0].own, skew + 1, "node 2 takes over after a stop")
    wait_for(lambda: [a for a in sniffer.sent(1, stopped) if a.priority == 0], 2, "priority 0 on the wire")
    # With AH two masters that meet in one moment send one number; each may drop that one advert of the other's, never more.
    for node in (one, two):
        complaints = node.complaints()
        if keys.get("auth") == "AH" and len(complaints) == 1:
            complaints = [line for line in complaints if not re.search(r"already processed|dropped: replay", line)]
        assert complaints == []
