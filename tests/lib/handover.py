# SPDX-License-Identifier: LGPL-2.1-or-later
"""Planned handovers between two vrrpd, and what two clients lose.

"Nothing lost" means: a probe every 50 microseconds, a second client that asks by ARP every 5 ms and believes every answer at
once, the last of all addresses probed, and a second later exactly one node that holds it.
"""
import collections
import random
import time

from lab import Lab, wait_for
from nodes import Vrrpd
from observe import Owner, Probe, start_echo

Result = collections.namedtuple("Result", "kind lost lost_arp_client stale_answers uncorrected gap settled_ms holders")

ADDRESSES = 200
PROBE = 50e-6
ARP_EVERY = 5e-3


def addresses(count):
    """The first is like the seed's; the others follow in the same network."""
    return [f"192.168.121.{1 + i}/21" if i < 250 else f"192.168.122.{i - 249}/21" for i in range(count)]


class Handovers:
    """Two nodes with priorities 110 and 100, probed from the moment node 1 has settled until finish()."""

    def __init__(self, count=1, interval=0.1, unicast_ah=False, seed=1):
        self.lab = Lab(clients=2)
        try:
            self._prepare(count, interval, unicast_ah, seed)
        except BaseException:
            self.lab.close()
            raise

    def _prepare(self, count, interval, unicast_ah, seed):
        self.random = random.Random(seed)
        self.interval = interval
        self.marks = []
        self.results = []
        self.address = addresses(count)[-1].split("/")[0]
        self.nodes = [Vrrpd(self.lab, 1), Vrrpd(self.lab, 2)]
        for i, node in enumerate(self.nodes):
            keys = dict(Interface="eno1", VirtualRouterId=10, Priority=110 - 10 * i, Version=3,
                        AdvertisementInterval=f"{round(interval * 1000)}ms", VirtualAddresses=addresses(count))
            if unicast_ah:
                keys.update(Version=2, UnicastPeers=self.lab.address(2 - i), AuthenticationType="ah",
                            AuthenticationKey="1111")
            node.write("one", **keys)
            node.start()
        self.owners = [Owner(self.lab, 1, self.address), Owner(self.lab, 2, self.address)]
        self.macs = [namespace.mac() for namespace in self.lab.r]
        self._wait_master(1)
        start_echo(self.lab)
        # The second client takes every ARP answer for true at once, not only a second after the last one.
        self.lab.clients[1].sysctl("net/ipv4/neigh/eno1/locktime", 0)
        self.probes = [Probe(self.lab.clients[0], self.address, PROBE),
                       Probe(self.lab.clients[1], self.address, 4 * PROBE, ARP_EVERY)]

    def _wait_master(self, node):
        """Until it alone has the address on its interface."""
        wait_for(lambda: self.owners[node - 1].own and not self.owners[2 - node].own, 4 * self.interval + 20,
                 lambda: f"node {node} alone has {self.address}")

    def _handover(self, kind, to, action):
        time.sleep(self.random.uniform(1, 2) * self.interval)  # the phase within the advert interval
        start = time.time()
        action()
        self._wait_master(to)
        settled = time.time()
        time.sleep(1)
        holders = [i + 1 for i, namespace in enumerate(self.lab.r) if namespace.holds(self.address)]
        self.marks.append((kind, to, start, settled, time.time(), holders))

    def failover(self):
        """`vrrpctl failover` on whichever node is master."""
        master = 1 if self.owners[0].own else 2
        self._handover("failover", 3 - master, lambda: self.nodes[master - 1].ctl("failover", "one"))

    def stop(self):
        self._handover("stop", 2, self.nodes[0].stop)

    def preempt(self):
        """The better node starts again and takes over."""
        self._handover("preemption", 1, self.nodes[0].start)

    def finish(self):
        """Returns a Result for each handover; close() still has to be called."""
        for probe in self.probes:
            probe.stop()
        for kind, to, start, settled, end, holders in self.marks:
            stale = self.probes[1].stale_answers(self.macs[2 - to], self.macs[to - 1], start, end)
            self.results.append(Result(kind, self.probes[0].lost(start, end), self.probes[1].lost(start, end), *stale,
                                       self.probes[0].worst_gap(start, settled), (settled - start) * 1e3,
                                       holders == [to]))
        return self.results

    def lost_in_all(self):
        """All that was lost from first to last, handover or not, by both clients."""
        return sum(probe.result["lost"] for probe in self.probes)

    def close(self):
        self.lab.close()
