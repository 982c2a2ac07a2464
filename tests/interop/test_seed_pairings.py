# SPDX-License-Identifier: LGPL-2.1-or-later
"""The seed's two files, unchanged, in all four pairings of vrrpd and keepalived: AH, unicast, four seconds.

Most of it is waiting for Master_Down_Interval (12.6 s), so the pairings run side by side, each in a laboratory of its own.
"""
import concurrent.futures
import re
import time

import pytest

from lab import VIP, Lab, wait_for
from nodes import Keepalived, Vrrpd
from observe import Owner, Sniffer

KINDS = {"vrrpd": Vrrpd, "keepalived": Keepalived}
PAIRINGS = [("vrrpd", "vrrpd"), ("vrrpd", "keepalived"), ("keepalived", "vrrpd"), ("keepalived", "keepalived")]
INTERVAL = 4
DOWN = {1: 3 * INTERVAL + (256 - 110) / 256, 2: 3 * INTERVAL + (256 - 100) / 256}
SKEW = (256 - 100) / 256
INET = re.compile(r"inet 192\.168\.120\.3/21 brd 192\.168\.127\.255 scope global (\S+ )*eno1:vip$")


class Pairing:
    """One laboratory, and the steps that are told in scenario()."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.lab = Lab()
        self.done = []

    def close(self):
        self.lab.close()

    def alone(self, node, timeout):
        wait_for(lambda: self.lab.owners() == [node], timeout, interval=0.05,
                 what=lambda: f"{self.kinds}: node {node} alone has the address; {self.lab.owners()} have it\n" +
                 "\n".join(f"--- node {n.number} ({n.kind})\n{n.log()[-3000:]}" for n in self.nodes))
        [line] = self.lab.r[node - 1].holds(VIP)
        assert INET.match(line.split(None, 1)[1]), line

    def steady(self, node, adverts=2):
        """For some adverts: only this node sends, the other neither complains nor moves."""
        before = [len(n.complaints()) for n in self.nodes]
        start = time.time()
        wait_for(lambda: len(self.sniffer.sent(node, start)) >= adverts, (adverts + 1) * INTERVAL + 1, "adverts")
        assert self.lab.owners() == [node]
        assert self.sniffer.sent(3 - node, start) == [], "two masters speak"
        complaints = [n.complaints()[seen:] for n, seen in zip(self.nodes, before)]
        assert complaints == [[], []], f"{self.kinds}: in steady state: {complaints}"

    def scenario(self):
        self.sniffer = Sniffer(self.lab)
        self.owners = [Owner(self.lab, 1), Owner(self.lab, 2)]
        self.nodes = [KINDS[kind](self.lab, i + 1) for i, kind in enumerate(self.kinds)]
        for node in self.nodes:
            node.use_seed()
            node.start()
        one, two = self.nodes

        # First life: node 1 wins.
        self.alone(1, DOWN[1] + 3)
        self.steady(1)
        # Stopped: the other has it after Skew_Time, and node 1 takes it back when it is started again.
        start = time.time()
        one.stop()
        wait_for(lambda: self.owners[1].own, SKEW + 1.5, f"{self.kinds}: node 2 takes over after a stop")
        assert self.lab.owners() == [2]
        assert self.owners[1].first(True, start) - start < SKEW + 1
        one.start()
        self.alone(1, DOWN[1] + 3)
        self.done.append("stopped and started")
        # Killed: the other has it within Master_Down_Interval. The dead node keeps the address, and cleans up when it
        # is started again.
        one.kill()
        wait_for(lambda: self.owners[1].own, DOWN[2] + 1, f"{self.kinds}: node 2 takes over after a crash")
        one.start()
        self.alone(1, 2 * DOWN[1] + 3)
        self.steady(1)
        self.done.append("killed and started")
        # The standby comes and goes, and nobody notices.
        two.stop()
        two.start()
        two.kill()
        two.start()
        self.steady(1, adverts=4)  # longer than its patience
        self.done.append("standby restarted")
        for node in self.nodes:
            assert node.running()


@pytest.fixture(scope="module")
def outcomes():
    pairings = [Pairing(kinds) for kinds in PAIRINGS]
    with concurrent.futures.ThreadPoolExecutor(len(pairings)) as pool:
        futures = {pairing.kinds: pool.submit(pairing.scenario) for pairing in pairings}
        try:
            concurrent.futures.wait(futures.values())
            yield futures
        finally:
            for pairing in pairings:
                pairing.close()


@pytest.mark.parametrize("kinds", PAIRINGS, ids="/".join)
def test_pairing(outcomes, kinds):
    outcomes[kinds].result()
