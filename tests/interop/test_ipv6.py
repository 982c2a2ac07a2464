# SPDX-License-Identifier: LGPL-2.1-or-later
"""IPv6: vrrpd with itself and with keepalived. A client probes the
address throughout, and sees who answers it."""
import time

import pytest

from lab import VIP6, Lab, always, wait_for
from nodes import Keepalived, Vrrpd
from observe import Probe, start_echo

ADDRESSES = ["fe80::10:3", VIP6]
INTERVAL = 0.1
CELLS = [(("vrrpd", "vrrpd"), False), (("vrrpd", "vrrpd"), True), (("vrrpd", "keepalived"), False)]


def make(kind, lab, number, unicast):
    priority = 120 - 10 * number
    if kind == "keepalived":
        node = Keepalived(lab, number)
        node.write(priority=priority, version=3, interval=INTERVAL, addresses=[f"{a}/64" for a in ADDRESSES],
                   peers=[lab.address6(3 - number)] if unicast else [])
        return node
    node = Vrrpd(lab, number)
    keys = dict(Interface="eno1", VirtualRouterId=10, Priority=priority, AdvertisementInterval="100ms",
                VirtualAddresses=[f"{a}/64" for a in ADDRESSES])
    if unicast:
        # keepalived sends 64 over IPv6 unicast.
        keys.update(UnicastPeers=lab.address6(3 - number), UnicastMinTtl=64)
    node.write("one", **keys)
    return node


@pytest.mark.parametrize("kinds, unicast", CELLS)
def test_takes_turns(kinds, unicast):
    with Lab(ipv6=True) as lab:
        one, two = (make(kind, lab, i + 1, unicast) for i, kind in enumerate(kinds))

        def alone(number, what):
            wait_for(lambda: lab.owners(VIP6) == [number], 8,
                     lambda: f"{what}: node {number} alone has {VIP6}; {lab.owners(VIP6)} have it\n{one.log()}\n{two.log()}")

        start_echo(lab)
        one.start()
        alone(1, "start")
        two.start()
        always(lambda: lab.owners(VIP6) == [1], 5 * INTERVAL, "node 1 alone")
        probe = Probe(lab.client, VIP6)
        time.sleep(INTERVAL)
        before_stop = time.time()
        one.stop()
        alone(2, "stop")
        time.sleep(1)
        one.start()
        alone(1, "preemption")
        time.sleep(1)
        before_kill = time.time()
        one.kill()
        wait_for(lambda: 2 in lab.owners(VIP6), 8, lambda: f"node 2 takes over after a crash; its log:\n{two.log()}")
        time.sleep(0.5)
        probe.stop()
        planned = probe.lost(before_stop, before_kill)
        print(f"{'/'.join(kinds)} {'unicast' if unicast else 'multicast'}: lost {planned} at stop and preemption")
        assert [who for who in probe.responders(before_stop, before_kill)] == [4, 2], "who answered"
        if kinds == ("vrrpd", "vrrpd"):
            assert planned == 0
