# SPDX-License-Identifier: LGPL-2.1-or-later
"""The two-node cluster of tests/data/seed, imported as it stands: who has the address, and when does it move?"""
import re
import time

import pytest

from lab import VIP, always, wait_for
from nodes import SEED_NAME, Vrrpd
from observe import Owner, Sniffer

INET = re.compile(r"inet 192\.168\.120\.3/21 brd 192\.168\.127\.255 scope global (\S+ )*eno1:vip$")


def master_down(interval, priority):
    """Master_Down_Interval of version 2 (RFC 3768 6.1)."""
    return 3 * interval + (256 - priority) / 256


def cluster(lab, interval=4):
    nodes = [Vrrpd(lab, 1), Vrrpd(lab, 2)]
    for node in nodes:
        node.use_seed(interval)
        node.start()
    return nodes


def settled(lab, owners, node, timeout):
    """Until `node` alone has the address. Both may have it for a moment: the old one lingers."""
    wait_for(lambda: lab.owners() == [node], timeout, lambda: f"node {node} alone has the address; {lab.owners()} have it")
    assert owners[node - 1].own


def test_address_moves_and_returns(lab):
    """Nothing shortened: real files, real four seconds."""
    owners = [Owner(lab, 1), Owner(lab, 2)]
    one, two = cluster(lab)
    settled(lab, owners, 1, master_down(4, 110) + 5)
    [line] = lab.r[0].holds(VIP)
    assert INET.match(line.split(None, 1)[1]), line
    assert lab.r[1].holds(VIP) == []
    one.wait_state("master", 5)
    two.wait_state("backup", 5)
    properties = one.properties()
    assert properties["Name"] == SEED_NAME
    assert properties["LastReason"] in ("no-response", "priority")
    assert properties["Priority"] == 110 and properties["AdvertisementInterval"] == 4000000
    assert two.properties()["MasterAddress"] == "192.168.120.1"

    down = time.time()
    lab.unplug(1)
    wait_for(lambda: owners[1].own, master_down(4, 100) + 1, "node 2 takes the address")
    assert two.properties()["LastReason"] == "no-response"
    assert owners[1].first(True, down) - down > 2 * 4 - 0.1, "took it before three adverts were missed"
    [line] = lab.r[1].holds(VIP)
    assert INET.match(line.split(None, 1)[1]), line
    one.wait_state("initialize", 5)
    assert one.properties()["Faults"] == ["interface-down"]
    assert lab.r[0].holds(VIP) == []

    lab.plug(1)
    settled(lab, owners, 1, master_down(4, 110) + 5)
    assert one.properties()["LastReason"] == "priority"
    assert two.properties()["LastReason"] == "higher-priority"
    assert two.properties()["State"] == "backup"


def test_stop_hands_over_and_start_takes_back(lab):
    owners = [Owner(lab, 1), Owner(lab, 2)]
    sniffer = Sniffer(lab)
    one, two = cluster(lab, interval=1)
    settled(lab, owners, 1, master_down(1, 110) + 5)

    stopped = time.time()
    assert one.stop() == 0, one.log()
    assert lab.owners() == [2], "the address was dropped before the other had it, or kept"
    first = wait_for(lambda: sniffer.sent(2, stopped), 2, "an advert of node 2")[0]
    goodbye = [a for a in sniffer.sent(1, after=stopped) if a.priority == 0]
    assert len(goodbye) == 1
    skew = (256 - 100) / 256
    # Never early; how late is for tools/bench to say, on a quiet machine.
    assert skew - 0.001 < first.t - goodbye[0].t < skew + 1
    assert two.properties()["LastReason"] == "priority-zero"
    # The daemon has gone for good: nothing of it is left, on any interface.
    assert lab.r[0].holds(VIP) == []

    one.start()
    settled(lab, owners, 1, master_down(1, 110) + 5)
    assert two.properties()["State"] == "backup"


def test_last_router_stops(lab):
    """With nobody to hand over to, stop still removes the address, and within the limit."""
    one = Vrrpd(lab, 1)
    one.use_seed(1)
    one.start()
    one.wait_state("master", master_down(1, 110) + 5)
    start = time.monotonic()
    assert one.stop() == 0
    assert time.monotonic() - start < 8
    assert lab.r[0].holds(VIP) == []


@pytest.mark.parametrize("pause", ["at once", "after takeover"])
def test_crash_leaves_one_owner(lab, pause):
    """SIGKILL, then start again: at once, or when node 2 has long taken over and the dead node's address is still there."""
    owners = [Owner(lab, 1), Owner(lab, 2)]
    one, two = cluster(lab, interval=1)
    settled(lab, owners, 1, master_down(1, 110) + 5)
    one.kill()
    assert lab.r[0].holds(VIP), "a crash moves no address by itself"
    if pause == "after takeover":
        two.wait_state("master", master_down(1, 100) + 5)
    one.start()
    settled(lab, owners, 1, 2 * master_down(1, 110) + 8)
    one.wait_state("master", 5)
    two.wait_state("backup", 5)
    always(lambda: lab.owners() == [1], 2, "node 1 alone has the address")


def test_backup_crash_changes_nothing(lab):
    """The new process's AH numbers start far above the master's: it must follow the master all the same."""
    owners = [Owner(lab, 1), Owner(lab, 2)]
    one, two = cluster(lab, interval=1)
    settled(lab, owners, 1, master_down(1, 110) + 5)
    transitions = one.properties()["Transitions"]
    two.kill()
    two.start()
    two.wait_state("backup", 5)
    always(lambda: lab.owners() == [1], master_down(1, 100) + 1, "node 1 alone has the address")
    assert one.properties()["Transitions"] == transitions
    assert two.properties()["State"] == "backup" and two.properties()["Transitions"] == 1
    assert two.statistics()["ReplayErrors"] == 0 and two.statistics()["AdvertisementsReceived"] >= 4
