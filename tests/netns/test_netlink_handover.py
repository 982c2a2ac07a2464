# SPDX-License-Identifier: LGPL-2.1-or-later
"""The addresses themselves change hands without a lost packet: present, silent, absent on one side, present on the other.

No VRRP here: two handover-host, which use the netlink thread directly. A client probes every 50 microseconds, and a second one
asks by ARP, or neighbour solicitation, every 5 ms as well and believes every answer at once.

For IPv6 the same three steps do: an address that is only on lo still receives, and neighbour discovery on the interface knows it no
longer.
"""
import contextlib
import os
import random
import subprocess
import time

import pytest

from lab import Lab
from observe import Probe, start_echo

HANDOVERS = 30


def realtime(process):
    """Below the hosts' own priority, above all others: on a busy machine an echo server that sleeps for longer than the old
    host lingers, with probes in its queue, would look like a host that lost them."""
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        os.sched_setscheduler(int(thread), os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(2))


class Host:
    """One handover-host on node 1 or 2."""

    def __init__(self, lab, node, count, family):
        binary = os.path.join(os.environ["VRRPD_BUILD"], "tests/netns/handover-host")
        self.process = lab.r[node - 1].popen([binary, lab.address(node), lab.address(3 - node), str(count),
                                              family],
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("ready")

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def expect(self, word):
        line = self.process.stdout.readline().strip()
        assert line == word, f"handover-host said {line!r}, not {word!r}"


class Pair:
    def __init__(self, count, family="ipv4"):
        self.lab = Lab(clients=2, ipv6=family == "ipv6")
        self.hosts = [Host(self.lab, node, count, family) for node in (1, 2)]
        # The last one.
        self.address = f"192.168.121.{count}" if family == "ipv4" else f"2001:db8::1:{count:x}"
        self.random = random.Random(count)
        self.marks = []
        self.macs = [namespace.mac() for namespace in self.lab.r]
        start_echo(self.lab)
        for namespace in self.lab.r:
            realtime(namespace.processes[-1])
        self.lab.clients[1].sysctl("net/ipv4/neigh/eno1/locktime", 0)
        self.hosts[0].say("take")
        self.hosts[0].expect("taken")
        self.hosts[1].expect("gone")  # of a silence in which it had nothing
        self.probes = [Probe(self.lab.clients[0], self.address, 50e-6),
                       Probe(self.lab.clients[1], self.address, 200e-6, 5e-3)]
        for probe in self.probes:
            realtime(probe.process)

    def hand_over(self, to):
        time.sleep(self.random.uniform(0.05, 0.15))  # the phase within the probes, and time to settle
        start = time.time()
        self.hosts[to - 1].say("take")
        self.hosts[to - 1].expect("taken")
        self.hosts[2 - to].expect("gone")
        self.marks.append((to, start, time.time()))
        assert self.lab.owners(self.address) == [to]
        assert not self.lab.r[2 - to].holds(self.address), "nothing may be left on lo either"

    def finish(self):
        time.sleep(1)
        for probe in self.probes:
            probe.stop()
        stale = [self.probes[1].stale_answers(self.macs[2 - to], self.macs[to - 1], start, end)
                 for to, start, end in self.marks]
        everything, uncorrected = (sum(column) for column in zip(*stale))
        worst = max(self.probes[0].worst_gap(start, end) for _, start, end in self.marks)
        print(f"{self.address}: {len(self.marks)} handovers, lost {[p.result['lost'] for p in self.probes]} of "
              f"{[p.result['sent'] for p in self.probes]}, stale ARP answers {everything}, uncorrected {uncorrected}, longest time without a probe "
              f"{worst * 1e3:.2f} ms")
        return uncorrected

    def close(self):
        self.lab.close()


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("count", [1, 200])
def test_nothing_is_lost(count, family):
    with contextlib.closing(Pair(count, family)) as pair:
        for i in range(HANDOVERS):
            pair.hand_over(2 - i % 2)
        uncorrected = pair.finish()
        assert [probe.result["lost"] for probe in pair.probes] == [0, 0]
        # Two hundred IPv6 addresses take a tenth of a second to leave: what is said until then is for the engine's third
        # announcement, which handover-host has not.
        assert uncorrected == 0 or family == "ipv6", "the old host answered ARP after the new one had announced itself for good"
        for probe in pair.probes:
            assert len(probe.result["switches"]) >= HANDOVERS + 1, "the probe did not see every handover"


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_probe_sees_a_careless_handover(family):
    """The control: without the silence packets are lost, and the probe says so."""
    with contextlib.closing(Pair(200, family)) as pair:
        time.sleep(0.1)
        pair.hosts[0].say("leave")
        pair.hosts[0].expect("gone")
        pair.hosts[1].say("take")
        pair.hosts[1].expect("taken")
        pair.hosts[0].expect("gone")
        pair.marks.append((2, time.time() - 1, time.time()))
        pair.finish()
        assert pair.probes[0].result["lost"] > 0
