# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus with thousands of instances: how long do answers take, idle and beside clients that read everything all the time?

One vrrpd is master of all instances, most at an interval of 1 s, one at 10 ms with a second router behind it, and one at 10 ms
whose cable is pulled and plugged. The bus is the real one with the system's limits, the clients are other users. Keepalived
afterwards with as many instances; its interface has no call for all objects, so its clients read one object's properties.
"""
import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time

from bus_load import OBJECTS, Load
from lab import Lab, Namespace, wait_for
from nodes import Keepalived, Vrrpd, real_time_source
from observe import Sniffer
from private_bus import INSTANCE, MANAGER, NAME, PrivateSystem, SystemDaemon, path_of
from wire import BUS, PROPERTIES, REPLY, SIGNAL, Wire, changed_properties, values

ALICE, BOB = 2001, 2002
PER_LINK = 250
FAST = 0.01
CLIENTS = 4

OBJECTS_LIMIT_MS = 100
READ_LIMIT_MS = 1
SIGNAL_LIMIT_MS = 5
DUMPS_LIMIT = 2
GAP_LIMIT_MS = 15
GROWTH_LIMIT_MIB = 32


class Report:
    """Prints each figure with its limit; remembers what was missed."""

    def __init__(self):
        self.missed = []
        print("| figure | measured | limit |\n|---|---:|---:|", flush=True)

    def line(self, what, value, unit, limit=None):
        shown = "" if limit is None else f"{limit:g} {unit}"
        if limit is not None and value > limit:
            self.missed.append(f"{what}: {value:.3f} {unit} where {limit:g} was wanted")
            shown += " MISSED"
        print(f"| {what} | {value:.3f} {unit} | {shown} |", flush=True)


def timed(call, count):
    """How long each call took, in ms."""
    took = []
    for _ in range(count):
        start = time.monotonic()
        reply = call()
        took.append((time.monotonic() - start) * 1e3)
        assert reply.kind == REPLY, values(reply)
    return took


def gaps(sniffer, start, end):
    """The distances between node 1's adverts of the fast instance, in ms."""
    times = [a.t for a in sniffer.sent(1, start) if a.vrid == 10 and a.t < end]
    assert len(times) > 10, "adverts are missing"
    return [(b - a) * 1e3 for a, b in zip(times, times[1:])]


class Links:
    """Interfaces that lead nowhere, with many instances each, and one whose other end can be pulled."""

    def __init__(self, lab, count):
        self.far = Namespace(f"{lab.lan.name}far")
        lab.defer(self.far.delete)
        self.router = lab.r[0]
        self.names = [f"l{i}" for i in range(-(-count // PER_LINK))]
        for i, name in enumerate([*self.names, "pull"]):
            self.router.ip(f"link add {name} type veth peer name {name} netns {self.far.name}")
            self.router.ip(f"addr add 10.{i + 1}.0.1/16 dev {name}")
            self.router.ip(f"link set {name} up")
            self.far.ip(f"link set {name} up")
        self.count = count

    def instances(self):
        """(name, interface, vrid, address) of the slow ones."""
        for n in range(self.count):
            link, vrid = divmod(n, PER_LINK)
            yield f"slow-{n:04}", self.names[link], vrid + 1, f"10.{link + 1}.1.{vrid + 1}/16"

    def pull_address(self):
        return f"10.{len(self.names) + 1}.1.1/16"

    def pull(self):
        self.far.ip("link set pull down")

    def plug(self):
        self.far.ip("link set pull up")


class Vrrpds:
    """The daemon under measurement on node 1; on node 2 the other router of the fast instance, on a bus of its own."""

    def __init__(self, system, lab, links):
        self.system, self.lab, self.links = system, lab, links
        self.backup = Vrrpd(lab, 2)
        self.node = SystemDaemon(lab, 1)
        for node, priority in ((self.node, 200), (self.backup, 100)):
            node.write("fast", Interface="eno1", VirtualRouterId=10, Priority=priority, AdvertisementInterval="10ms",
                       VirtualAddresses="192.168.120.3/21")
        self.node.write("pull", Interface="pull", VirtualRouterId=20, AdvertisementInterval="10ms",
                        VirtualAddresses=links.pull_address())
        for name, interface, vrid, address in links.instances():
            self.node.write(name, Interface=interface, VirtualRouterId=vrid, Priority=200, AdvertisementInterval="1s",
                            VirtualAddresses=address)
        self.total = links.count + 2

    def start(self):
        self.node.start()
        self.backup.start()
        self.system.wait_name()
        self.wire = Wire(ALICE)
        self.wait_settled()

    def manager(self, name):
        return values(self.wire.get(*MANAGER, name))[0]

    def wait_settled(self):
        wait_for(lambda: self.manager("MasterCount") == self.total, 60, "everything is master")
        self.backup.wait_state("backup", 20, "fast")
        # What follows a start, announcements above all, is over when its thread is at rest.
        wait_for(self._at_rest, 60, "the start is over", interval=0)

    def _at_rest(self):
        def sent():
            return sum(self.statistics(name)["AnnouncementsSent"] for name in ("slow-0000", f"slow-{self.links.count - 1:04}"))
        before = sent()
        time.sleep(6)
        return sent() == before

    def statistics(self, name):
        return self.system.call("bob", path_of(name), "org.vrrpd1.Statistics", "Get")[0]

    def transitions(self):
        return (values(self.wire.get(path_of("fast"), INSTANCE, "Transitions"))[0],
                self.backup.properties("fast")["Transitions"])

    def read(self):
        return self.wire.get(path_of("slow-0007"), INSTANCE, "State")

    def signal_delays(self, rounds):
        """From each transition, as the engine stamped it, to the subscriber, in ms."""
        path = path_of("pull")
        delays, stamp = [], None
        with Wire(BOB) as wire:
            wire.add_match(f"type='signal',sender='{NAME}',path='{path}'")
            for _ in range(rounds):
                for act, state in ((self.links.pull, "initialize"), (self.links.plug, "master")):
                    act()
                    while True:
                        message = wire.receive()
                        if message.kind != SIGNAL:
                            continue
                        if message.member == "PropertiesChanged":
                            stamp = changed_properties(message).get("StateSinceMonotonic", stamp)
                        elif message.member == "StateChanged":
                            delays.append((message.t - stamp * 1e-6) * 1e3)
                            if values(message)[0] == state:
                                break
        return delays


def measure_idle(daemons, sniffer, report):
    wire = daemons.wire
    base = timed(lambda: wire.call(*BUS, "GetId", destination=BUS[1]), 500)
    report.line("reference: a call to the bus itself, median", statistics.median(base), "ms")
    took = timed(lambda: wire.call(*OBJECTS), 20)
    size = len(wire.call(*OBJECTS).body) / 2**20
    report.line("GetManagedObjects: size", size, "MiB")
    report.line("GetManagedObjects, idle: median", statistics.median(took), "ms", OBJECTS_LIMIT_MS)
    report.line("GetManagedObjects, idle: worst of 20", max(took), "ms")
    for method in ("GetStatistics", "Describe", "ListInstances"):
        took = timed(lambda: wire.call(*MANAGER, method), 10)
        report.line(f"{method}, idle: median", statistics.median(took), "ms")
    took = timed(daemons.read, 2000)
    report.line("property read, idle: median", statistics.median(took), "ms", READ_LIMIT_MS)
    report.line("property read, idle: worst of 2000", max(took), "ms")
    delays = daemons.signal_delays(20)
    report.line("StateChanged, idle: median after the transition", statistics.median(delays), "ms")
    report.line(f"StateChanged, idle: worst of {len(delays)}", max(delays), "ms", SIGNAL_LIMIT_MS)
    start = time.time()
    time.sleep(5)
    report.line("advert gap at 10 ms, idle: longest", max(gaps(sniffer, start, time.time())), "ms", GAP_LIMIT_MS)


def measure_loaded(daemons, sniffer, report, directory, seconds):
    before = daemons.node.resident()
    loads = [Load("dump", BOB, directory) for _ in range(CLIENTS)]
    try:
        wait_for(lambda: all(len(load.numbers()) > 1 for load in loads), 60, "all clients have had an answer")
        transitions = daemons.transitions()
        counts = [len(load.numbers()) for load in loads]
        start, start_monotonic = time.time(), time.monotonic()
        took, reads = [], []
        while time.monotonic() < start_monotonic + seconds:
            begun = time.monotonic()
            took += timed(daemons.read, 1)
            reads.append((begun, time.monotonic()))
            time.sleep(0.003)  # at another phase of the answers each time
        end, elapsed = time.time(), time.monotonic() - start_monotonic
        done = sum(len(load.numbers()) - count for load, count in zip(loads, counts))
        longest = max(gaps(sniffer, start, end))
        changed = [b - a for a, b in zip(transitions, daemons.transitions())]
        delays = daemons.signal_delays(5)
    finally:
        each = [load.stop() for load in loads]
    came = [at for load in loads for at in load.numbers(1)]
    before_it = [sum(begun < at <= done_at for at in came) for begun, done_at in reads]
    one = elapsed / done * 1e3
    report.line(f"{CLIENTS} clients: one GetManagedObjects after the other", one, "ms")
    waits = [took * 1e3 for client in each for took in client]
    report.line(f"{CLIENTS} clients: a client waits for its own, median", statistics.median(waits), "ms")
    report.line("property read beside them: median", statistics.median(took), "ms")
    report.line(f"property read beside them: worst of {len(took)}", max(took), "ms")
    report.line("property read beside them: median, in times of an answer", statistics.median(took) / one, "answers")
    report.line("property read beside them: worst, in times of an answer", max(took) / one, "answers")
    report.line("answers that came to the others meanwhile: mean", statistics.mean(before_it), "answers")
    report.line("answers that came to the others meanwhile: most", max(before_it), "answers", DUMPS_LIMIT)
    report.line("StateChanged beside them: worst", max(delays), "ms")
    report.line("transitions of the 10 ms instance, both routers", sum(changed), "times", 0)
    report.line("advert gap at 10 ms beside them: longest", longest, "ms", GAP_LIMIT_MS)
    report.line("memory: before", before, "MiB")
    report.line("memory: growth", daemons.node.resident() - before, "MiB", GROWTH_LIMIT_MIB)


def vrrpd(system, lab, links, report, options, directory):
    sniffer = Sniffer(lab)
    daemons = Vrrpds(system, lab, links)
    daemons.start()
    measure_idle(daemons, sniffer, report)
    measure_loaded(daemons, sniffer, report, directory, options.seconds)
    sniffer.stop()
    daemons.node.stop()
    daemons.backup.stop()


# --- keepalived

KEEPALIVED = "org.keepalived.Vrrp1"
KEEPALIVED_POLICY = f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root"><allow own="{KEEPALIVED}"/></policy>
  <policy context="default"><allow send_destination="{KEEPALIVED}"/><allow receive_sender="{KEEPALIVED}"/></policy>
</busconfig>
"""


def keepalived(system, lab, links, report, options, directory):
    def block(name, interface, vrid, address, interval):
        return (f"vrrp_instance {name} {{\nstate BACKUP\ninterface {interface}\nvirtual_router_id {vrid}\npriority 200\n"
                f"advert_int {interval:g}\nversion 3\nvirtual_ipaddress {{\n{address}\n}}\n}}\n")
    node = Keepalived(lab, 1)
    with open(node.config, "w", encoding="ascii") as file:
        file.write("global_defs {\nenable_dbus\n}\n" + block("fast", "eno1", 10, "192.168.120.3/21", FAST))
        for name, interface, vrid, address in links.instances():
            file.write(block(name, interface, vrid, address, 1))
    sniffer = Sniffer(lab)
    node.start()
    system.wait_name(KEEPALIVED)
    path = f"/org/keepalived/Vrrp1/Instance/{links.names[0]}/8/IPv4"
    with Wire(ALICE) as wire:
        def call(member, *arguments):
            return wire.call(path, PROPERTIES, member, *arguments, destination=KEEPALIVED)

        def read():
            return call("Get", "ss", f"{KEEPALIVED}.Instance", "State")
        wait_for(lambda: read().kind == REPLY and b"Master" in read().body, 60, lambda: f"master:\n{node.log()[-2000:]}")
        time.sleep(6)
        took = timed(read, 2000)
        report.line("keepalived: property read, idle: median", statistics.median(took), "ms")
        start = time.time()
        time.sleep(5)
        report.line("keepalived: advert gap at 10 ms, idle: longest", max(gaps(sniffer, start, time.time())), "ms")
        loads = [Load("getall", BOB, directory, path) for _ in range(CLIENTS)]
        try:
            wait_for(lambda: all(load.numbers() for load in loads), 60, "the clients")
            start, end = time.time(), time.monotonic() + options.seconds
            took = []
            while time.monotonic() < end:
                took += timed(read, 1)
                time.sleep(0.003)
            report.line(f"keepalived, {CLIENTS} clients that loop over GetAll of one object: property read, worst",
                        max(took), "ms")
            report.line("keepalived beside them: advert gap at 10 ms, longest", max(gaps(sniffer, start, time.time())), "ms")
        finally:
            for load in loads:
                load.stop()
    node.stop()


def main():
    parser = argparse.ArgumentParser(prog="tools/bench api", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--instances", type=int, default=4000, help="how many (4000)")
    parser.add_argument("-s", "--seconds", type=float, default=10, help="how long under load (10)")
    parser.add_argument("--no-keepalived", action="store_true", help="only vrrpd")
    options = parser.parse_args()
    with open("/usr/share/dbus-1/system.d/keepalived.conf", "w", encoding="ascii") as file:
        file.write(KEEPALIVED_POLICY)  # this /usr/share is the private system's own
    system = PrivateSystem()
    with contextlib.ExitStack() as stack:
        stack.callback(system.stop)
        system.start_bus()
        system.start_polkit()
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        lab = stack.enter_context(Lab(routers=2, clients=0))
        links = Links(lab, options.instances)
        report = Report()
        vrrpd(system, lab, links, report, options, directory)
        if not options.no_keepalived:
            keepalived(system, lab, links, report, options, directory)
    print(f"\n{options.instances} instances; {os.cpu_count()} cores for everything; {real_time_source()}.")
    for line in report.missed:
        print(f"MISSED: {line}")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
