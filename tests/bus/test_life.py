# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus as it is in life: absent, killed, its name taken, flooded, full of clients that never read, full of match rules. In
each, VRRP goes on: not one transition on either router, and no gap between adverts that a peer would notice."""
import contextlib
import os
import signal
import time

import pytest

from bus_load import Load
from conftest import write_routers
from lab import always, wait_for
from nodes import Vrrpd
from observe import Sniffer
from private_bus import INSTANCE, NAME, SystemDaemon, path_of
from wire import BUS, ERROR, REPLY, SIGNAL, Wire, values

ALICE, BOB = 2001, 2002
DAEMON = 2003  # its user
INTERVAL = 0.1
# The figure is 5 ms; a test on a busy machine allows twenty times that. The peer's patience ends after 361 ms.
GAP_LIMIT = INTERVAL + 20 * 0.005
# The figure is a second.
BACK_LIMIT = 20
PATH = path_of("failover_test")
VRIDS = (10, 11)


@pytest.fixture(scope="module")
def backup(lab):
    """Node 2, which tells on a bus of its own whether it was disturbed."""
    node = Vrrpd(lab, 2)
    write_routers(node, 100)
    node.start()
    wait_for(node.on_bus, 20, "node 2's bus")
    return node


@pytest.fixture(scope="module")
def node(alone, lab, backup):
    """Node 1, master, started without a bus."""
    daemon = SystemDaemon(lab, 1)
    write_routers(daemon, 110)
    daemon.start()
    for name in ("failover_test", "other"):
        backup.wait_state("backup", 20, name)
    wait_for(lambda: lab.owners() == [1], 20, "node 1 is master")
    return daemon


@pytest.fixture(scope="module")
def sniffer(lab):
    return Sniffer(lab)


def transitions(backup):
    return {name: backup.properties(name)["Transitions"] for name in ("failover_test", "other")}


@pytest.fixture
def undisturbed(lab, node, backup, sniffer):
    """A context: within it nothing happens to the routers."""
    @contextlib.contextmanager
    def context(what):
        before, start = transitions(backup), time.time()
        yield
        end = time.time()
        assert node.running() and lab.owners() == [1]
        assert transitions(backup) == before
        assert not sniffer.sent(2, start), "node 2 advertised"
        for vrid in VRIDS:
            times = [a.t for a in sniffer.sent(1, start) if a.vrid == vrid and a.t < end]
            assert len(times) > (end - start) / INTERVAL / 2
            gap = max(b - a for a, b in zip(times, times[1:]))
            print(f"{what}: VRID {vrid}, longest gap of {len(times)} adverts: {gap * 1e3:.1f} ms")
            assert gap < GAP_LIMIT or node.sanitized()
    return context


@pytest.fixture
def served(alone, node):
    """The bus is there, and the daemon on it."""
    if alone.bus is None:
        alone.start_bus()
        alone.start_polkit()
    alone.wait_name()


def own_transitions(alone):
    return alone.properties("bob", "failover_test")["Transitions"]


def name_back(alone, what):
    start = time.monotonic()
    alone.wait_name(timeout=BACK_LIMIT)
    print(f"{what}: the name was there {(time.monotonic() - start) * 1e3:.0f} ms after the bus answered")


# --- The bus comes and goes


def test_no_bus_at_start(alone, lab, node, undisturbed):
    with undisturbed("without a bus"):
        always(lambda: lab.owners() == [1], 2, "node 1 is master")
        alone.start_bus()
        alone.start_polkit()
        name_back(alone, "absent at start")
    assert alone.properties("bob", "failover_test")["State"] == "master"


def test_the_bus_is_killed_and_restarted(alone, lab, node, served, undisturbed):
    before = own_transitions(alone)
    with undisturbed("bus killed"):
        for _ in range(3):
            alone.stop_polkit()
            alone.kill_bus()
            always(lambda: lab.owners() == [1], 1, "node 1 is master")
            alone.start_bus()
            alone.start_polkit()
            name_back(alone, "killed")
            with Wire(BOB) as wire:
                assert values(wire.get(PATH, INSTANCE, "State")) == ["master"]
    assert own_transitions(alone) == before


def test_the_bus_hangs(alone, lab, node, served, undisturbed):
    """It does not die, but does not answer either."""
    before = own_transitions(alone)
    with undisturbed("bus stopped"):
        alone.bus.send_signal(signal.SIGSTOP)
        always(lambda: lab.owners() == [1], 3, "node 1 is master")
        alone.bus.send_signal(signal.SIGCONT)
    assert own_transitions(alone) == before


def test_the_name_is_taken(alone, node, backup, served, undisturbed):
    """By another process of the daemon's user: nobody else may. It is asked for until it is free."""
    alone.stop_polkit()
    alone.kill_bus()
    with undisturbed("name taken"):
        # The daemon tries to connect at most every half second: whoever waits for the bus is there before it, most often.
        for attempt in range(20):
            alone.start_bus()
            thief = Wire(DAEMON)
            result = values(thief.call(*BUS, "RequestName", "su", NAME, 4, destination=BUS[1]))[0]
            if result == 1:
                break
            thief.close()
            alone.kill_bus()
            always(node.running, 0.7, "the daemon waits longer")
        assert result == 1, "the name was never free"
        wait_for(lambda: "another process has it" in node.log(), 20, node.log)
        always(node.running, 2.5, "it does not mind")
        owner = values(thief.call(*BUS, "GetNameOwner", "s", NAME, destination=BUS[1]))[0]
        assert owner == thief.name
        thief.close()
        alone.start_polkit()
        name_back(alone, f"taken by another, at attempt {attempt + 1}")
    assert alone.properties("bob", "failover_test")["State"] == "master"
    # It is no error line a second.
    assert node.log().count("another process has it") <= attempt + 1


def test_who_may_not_have_the_name(served):
    for uid in (0, ALICE):
        with Wire(uid) as wire:
            reply = wire.call(*BUS, "RequestName", "su", NAME, 4, destination=BUS[1])
            assert reply.kind == ERROR and reply.error == "org.freedesktop.DBus.Error.AccessDenied"


# --- Clients


@pytest.mark.parametrize("kind", ["flood", "dump", "deaf"])
def test_bad_clients(alone, node, served, undisturbed, tmp_path, kind):
    """Four of them, for three seconds. Others are answered, and the daemon does not grow."""
    before, resident = own_transitions(alone), node.resident()
    loads = [Load(kind, BOB, tmp_path, PATH) for _ in range(4)]
    worst = worst_bus = 0
    try:
        wait_for(lambda: all(load.numbers() for load in loads), 20, "all of them are at work")
        with undisturbed(f"four clients, {kind}"), Wire(ALICE) as wire:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                start = time.monotonic()
                assert values(wire.get(PATH, INSTANCE, "State")) == ["master"]
                between = time.monotonic()
                wire.call(*BUS, "GetId", destination=BUS[1])
                worst, worst_bus = max(worst, between - start), max(worst_bus, time.monotonic() - between)
            grown = node.resident() - resident
    finally:
        numbers = [load.stop() for load in loads]
    calls = sum(len(n) for n in numbers) if kind == "dump" else sum(n[-1] for n in numbers)
    print(f"{kind}: {calls:.0f} calls; a read beside them took at worst {worst * 1e3:.1f} ms, "
          f"a call to the bus itself {worst_bus * 1e3:.1f} ms; the daemon grew by {grown:.1f} MiB")
    assert worst < 10
    assert grown < 8 or node.sanitized()
    assert own_transitions(alone) == before


def test_ten_thousand_match_rules(alone, node, backup, served, undisturbed):
    """As many as the bus allows a connection (512), over twenty of them. Signals still come, each once."""
    wires = [Wire(BOB) for _ in range(20)]
    with undisturbed("10,000 match rules"):
        for wire in wires:
            for i in range(500):
                wire.send(*BUS, "AddMatch", "s", f"type='signal',sender='{NAME}',path='{PATH}',arg{i % 64}='{i}'",
                          destination=BUS[1])
            # One that fits, as the last.
            wire.add_match(f"type='signal',sender='{NAME}',path='{PATH}',member='StateChanged'")
        with Wire(ALICE) as reader:
            for _ in range(200):
                assert reader.get(PATH, INSTANCE, "State").kind == REPLY
    refused = wires[0].call(*BUS, "AddMatch", "s", "type='signal'", destination=BUS[1])
    for i in range(20):
        if refused.kind == ERROR:
            break
        refused = wires[0].call(*BUS, "AddMatch", "s", f"type='signal',arg0='more-{i}'", destination=BUS[1])
    assert refused.error == "org.freedesktop.DBus.Error.LimitsExceeded", "the bus has a limit, and we were near it"
    number = own_transitions(alone)
    assert alone.failover("root", "failover_test", 300_000) == ()
    wait_for(lambda: alone.properties("bob", "failover_test")["State"] == "master", 20, "it is back")
    last = own_transitions(alone)
    assert last >= number + 2
    for wire in wires:
        numbers = []
        while last not in numbers:
            message = wire.receive()
            if message.kind == SIGNAL and message.member == "StateChanged":
                numbers.append(values(message)[3])
        assert numbers == list(range(number + 1, last + 1))
        wire.close()
    backup.wait_state("backup", 20)


def test_connections_come_and_go(alone, node, served, undisturbed):
    """Each asks for everything and leaves at once."""
    resident = node.resident()
    with undisturbed("connections that come and go"):
        for _ in range(300):
            with Wire(BOB) as wire:
                wire.send(PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", INSTANCE)
                wire.send("/org/vrrpd1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    assert values(Wire(ALICE).get(PATH, INSTANCE, "State")) == ["master"]
    assert node.resident() - resident < 8 or node.sanitized()
    # Nothing is kept of them.
    assert len(os.listdir(f"/proc/{node.process.pid}/fd")) < 40
