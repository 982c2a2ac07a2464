# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long answers: GetManagedObjects, GetStatistics, Describe. They say what the short ones say, everybody gets his turn, and
nobody's queue makes the daemon grow. The daemon has many instances, all but two disabled: it may be stopped here."""
import json
import re
import signal
import time

import pytest
from gi.repository import Gio, GLib

from bus_load import OBJECTS, Load
from lab import Lab, run, wait_for
from private_bus import INSTANCE, MANAGER, NAME, SOCKET, SystemDaemon, path_of
from wire import BUS, ERROR, PROPERTIES, REPLY, Wire, values

OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
STATISTICS = "org.vrrpd1.Statistics"
LIMIT = "org.freedesktop.DBus.Error.LimitsExceeded"
ALICE, BOB = 2001, 2002
DISABLED = 1500
PER_SENDER, TOTAL = 16, 1024


@pytest.fixture(scope="module", name="node")
def fixture_node(system):
    with Lab(routers=1, clients=0) as lab:
        node = SystemDaemon(lab, 1)
        for i in range(DISABLED):
            node.write(f"off-{i:04}", Interface=f"eth{i // 250}", VirtualRouterId=i % 250 + 1, Enabled="no",
                       VirtualAddresses=f"10.{i // 250}.0.{i % 250 + 1}/16", Description="Switched off")
        node.write("lan", Interface="eno1", VirtualRouterId=10, Priority=200, AdvertisementInterval="100ms",
                   VirtualAddresses=["192.168.120.3/21", "192.168.120.4"], UnicastPeers="192.168.120.2")
        node.write("gone", Interface="eth99", VirtualRouterId=12, VirtualAddresses="192.168.120.5/21")
        node.start()
        system.wait_name()
        wait_for(lambda: system.properties("root", "lan")["State"] == "master", 20, "lan is master")
        wait_for(lambda: len(system.properties("root", "lan")["InstalledAddresses"]) == 2, 20, "the addresses")
        yield node


def busctl(path, interface, method, *arguments):
    """The reply as busctl's JSON shows it: variants with their types."""
    text = run(["busctl", "--system", "--json=short", "call", NAME, path, interface, method, *arguments])
    return json.loads(text)["data"]


# --- What they say


def test_managed_objects_say_what_get_all_says(system, node):
    objects = busctl(*OBJECTS)[0]
    assert len(objects) == DISABLED + 2
    assert set(objects) == {entry[1] for entry in busctl(*MANAGER, "ListInstances")[0]}
    for name in ("lan", "gone", "off-0000", "off-1499"):
        interfaces = objects[path_of(name)]
        expected = busctl(path_of(name), PROPERTIES, "GetAll", "s", INSTANCE)[0]
        assert interfaces[INSTANCE] == expected
        assert len(expected) > 30
        assert interfaces[STATISTICS] == busctl(path_of(name), PROPERTIES, "GetAll", "s", STATISTICS)[0] == {}
    # With their types, as the introspection has them.
    text = busctl(path_of("lan"), "org.freedesktop.DBus.Introspectable", "Introspect")[0]
    block = re.search(rf'<interface name="{INSTANCE}">(.*?)</interface>', text, re.S)[1]
    types = dict(re.findall(r'<property name="(\w+)" type="([^"]+)"', block))
    assert {name: value["type"] for name, value in objects[path_of("lan")][INSTANCE].items()} == types


def children(variant):
    return [variant.get_child_value(i) for i in range(variant.n_children())]


def typed(interfaces):
    """{interface: {property: value as text}} of an a{sa{sv}}."""
    return {interface.get_child_value(0).get_string():
            {prop.get_child_value(0).get_string(): prop.get_child_value(1).print_(True)
             for prop in children(interface.get_child_value(1))} for interface in children(interfaces)}


def test_managed_objects_say_what_interfaces_added_says(system, node):
    flags = Gio.DBusConnectionFlags
    connection = Gio.DBusConnection.new_for_address_sync(
        "unix:path=" + SOCKET, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
    added = []
    connection.signal_subscribe(NAME, OBJECT_MANAGER, "InterfacesAdded", MANAGER[0], None, 0,
                                lambda *arguments: added.append(arguments[5]))
    connection.call_sync(BUS[1], *BUS, "GetId", None, None, 0, 20000, None)  # the subscription is there
    node.write("late", Interface="eth98", VirtualRouterId=12, VirtualAddresses="192.168.120.7/21", Enabled="no")
    try:
        assert system.reload("root")[0] == ["late"]

        def got():
            GLib.MainContext.default().iteration(False)
            return added
        wait_for(got, 20, "InterfacesAdded")
        path, interfaces = added[0].unpack()
        assert path == path_of("late")
        reply = connection.call_sync(NAME, *OBJECTS, None, None, 0, 20000, None)
        # Text with types, so that these are compared too.
        entry = next(entry for entry in children(reply.get_child_value(0))
                     if entry.get_child_value(0).get_string() == path)
        now, then = typed(entry.get_child_value(1)), typed(added[0].get_child_value(1))
        assert now.keys() == then.keys()
        # Whether a file says the same is known a moment after the instance is there, and announced then.
        now[INSTANCE].pop("Unsaved")
        then[INSTANCE].pop("Unsaved")
        assert now == then
        assert set(interfaces) > {INSTANCE, STATISTICS}
    finally:
        node.remove("late")
        assert system.reload("root")[2] == ["late"]


def test_all_statistics(system, node):
    def get():
        return busctl(path_of("lan"), STATISTICS, "Get")[0]
    before = get()
    everything = busctl(*MANAGER, "GetStatistics")[0]
    after = get()
    assert set(everything) == set(busctl(*OBJECTS)[0])
    counters = everything[path_of("lan")]
    assert set(counters) == set(before) and before["AdvertisementsSent"] > 0
    for name, value in counters.items():
        assert before[name] <= value <= after[name], name
    assert set(everything[path_of("off-0000")]) == set(before)
    assert not any(everything[path_of("off-0000")].values())


def test_describe(system, node):
    described = json.loads(busctl(*MANAGER, "Describe")[0])
    assert [i["Name"] for i in described["Instances"]] == [e[0] for e in busctl(*MANAGER, "ListInstances")[0]]
    one = json.loads(busctl(path_of("gone"), INSTANCE, "Describe")[0])
    assert next(i for i in described["Instances"] if i["Name"] == "gone") == one


def test_arguments_are_refused(system, node):
    with Wire(BOB) as wire:
        reply = wire.call(*OBJECTS, "s", "x")
        assert reply.kind == ERROR and reply.error == "org.freedesktop.DBus.Error.InvalidArgs"
        assert "no arguments" in values(reply)[0]
        # Elsewhere there is no ObjectManager.
        reply = wire.call(path_of("lan"), OBJECT_MANAGER, "GetManagedObjects")
        assert reply.kind == ERROR


# --- Whose turn it is


class Frozen:
    """The daemon is stopped: what is sent to it waits in its socket, in order, until thaw()."""

    def __init__(self, node):
        self.node = node

    def __enter__(self):
        self.node.signal(signal.SIGSTOP)
        return self

    def sent(self, *wires):
        """The bus has taken what these have sent, and handed it on."""
        for wire in wires:
            wire.wait_reply(wire.send(*BUS, "GetId", destination=BUS[1]))

    def thaw(self):
        self.node.signal(signal.SIGCONT)

    def __exit__(self, *exception):
        self.thaw()


class Monitor:
    """What the daemon answers, in its order."""

    def __init__(self):
        self.wire = Wire()
        self.owner = values(self.wire.call(*BUS, "GetNameOwner", "s", NAME, destination=BUS[1]))[0]
        reply = self.wire.call(BUS[0], "org.freedesktop.DBus.Monitoring", "BecomeMonitor", "asu", [], 0, destination=BUS[1])
        assert reply.kind == REPLY, reply

    def answers(self, wanted):
        """To whom the next replies and errors of the daemon go, until all of `wanted` (Wires, as often as they wait)."""
        left = [wire.name for wire in wanted]
        order = []
        while left:
            message = self.wire.receive()
            if message.sender == self.owner and message.kind in (REPLY, ERROR) and message.destination in left:
                left.remove(message.destination)
                order.append(message.destination)
        return order


@pytest.fixture(name="monitor")
def fixture_monitor(node):
    monitor = Monitor()
    yield monitor
    monitor.wire.close()


def test_short_calls_come_first(system, node, monitor):
    """Sixteen long answers are owed to one client; another's property read does not wait for them."""
    with Wire(BOB) as greedy, Wire(ALICE) as modest:
        with Frozen(node) as frozen:
            for _ in range(PER_SENDER):
                greedy.send(*OBJECTS)
            frozen.sent(greedy)
            modest.send(path_of("lan"), PROPERTIES, "Get", "ss", INSTANCE, "State")
            frozen.sent(modest)
        order = monitor.answers([greedy] * PER_SENDER + [modest])
        assert order.index(modest.name) <= 2, order


def test_senders_take_turns(system, node, monitor):
    with Wire(BOB) as greedy, Wire(ALICE) as modest, Wire(ALICE) as third:
        with Frozen(node) as frozen:
            for _ in range(PER_SENDER):
                greedy.send(*OBJECTS)
            frozen.sent(greedy)
            modest.send(*MANAGER, "GetStatistics")
            frozen.sent(modest)
            third.send(*MANAGER, "Describe")
            third.send(*OBJECTS)
            frozen.sent(third)
        order = monitor.answers([greedy] * PER_SENDER + [modest] + [third] * 2)
        first, second, last = greedy.name, modest.name, third.name
        # Nobody is served twice before the others had their turn.
        assert sorted(order[:3]) == sorted([first, second, last]), order
        assert order[3:5] in ([first, last], [last, first]), order
        assert order[5:] == [first] * (PER_SENDER - 2)


def test_a_sender_may_have_so_many_questions(system, node):
    with Wire(BOB) as greedy, Wire(ALICE) as modest:
        with Frozen(node) as frozen:
            serials = [greedy.send(*OBJECTS) for _ in range(100)]
            frozen.sent(greedy)
            modest.send(*OBJECTS)
            frozen.sent(modest)
        replies = [greedy.receive() for _ in serials]
        refused = [reply for reply in replies if reply.kind == ERROR]
        assert {reply.reply_to for reply in replies} == set(serials)
        assert {reply.error for reply in refused} == {LIMIT}
        assert len(refused) == 100 - PER_SENDER
        assert "wait already" in values(refused[0])[0]
        assert modest.receive().kind == REPLY
        # And then again.
        assert greedy.call(*OBJECTS).kind == REPLY


def test_so_many_questions_in_all(system, node):
    wires = [Wire(BOB) for _ in range(TOTAL // PER_SENDER + 2)]
    with Frozen(node) as frozen:
        for wire in wires:
            for _ in range(PER_SENDER):
                wire.send(*MANAGER, "ListInstances")
        frozen.sent(*wires)
    replies = [wire.receive() for wire in wires for _ in range(PER_SENDER)]
    refused = [reply for reply in replies if reply.kind == ERROR]
    # The bus hands them on while the first ones are answered already.
    assert 0 < len(refused) <= 2 * PER_SENDER
    assert {reply.error for reply in refused} == {LIMIT}
    for wire in wires:
        wire.close()


def test_who_leaves_is_not_answered(system, node, monitor):
    with Wire(ALICE) as modest:
        gone = Wire(BOB)
        with Frozen(node) as frozen:
            for _ in range(PER_SENDER):
                gone.send(*OBJECTS)
            frozen.sent(gone)
            gone.close()
            wait_for(lambda: not system.has_owner(gone.name), 20, "it has left")
            modest.send(*OBJECTS)
            frozen.sent(modest)
        monitor.answers([modest])
        modest.send(path_of("lan"), PROPERTIES, "Get", "ss", INSTANCE, "State")
        # None of the sixteen before, none after.
        seen = []
        while modest.name not in seen:
            message = monitor.wire.receive()
            if message.sender == monitor.owner and message.kind == REPLY:
                seen.append(message.destination)
        assert gone.name not in seen


def test_who_wants_no_answer_costs_nothing(system, node, monitor):
    with Wire(BOB) as wire:
        with Frozen(node) as frozen:
            for _ in range(PER_SENDER):
                wire.send(*OBJECTS, flags=1)
            wire.send(*OBJECTS)
            frozen.sent(wire)
        assert wire.receive().kind == REPLY
        with pytest.raises(TimeoutError):
            wire.receive(0.3)


# --- A reader that does not read


def processor_time(node):
    with open(f"/proc/{node.process.pid}/task/{node.process.pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) // 20_000_000  # in steps of 20 ms: it never stands quite still


def test_a_bus_that_does_not_read(system, node):
    """Sixty long answers are asked for, and the bus stops: the daemon writes one and waits."""
    wires = [Wire(BOB) for _ in range(4)]
    size = len(wires[0].call(*OBJECTS).body) / 2**20
    assert size > 1
    before = node.resident()
    with Frozen(node) as frozen:
        for wire in wires:
            for _ in range(15):
                wire.send(*OBJECTS)
        frozen.sent(*wires)
        system.bus.send_signal(signal.SIGSTOP)
    try:
        def at_rest():
            before = processor_time(node)
            time.sleep(0.5)
            return processor_time(node) == before
        wait_for(at_rest, 20, "the daemon waits")
        grown = node.resident() - before
        print(f"an answer is {size:.1f} MiB, the daemon grew by {grown:.1f} MiB")
        # A message under way may take twice its size, and be copied once.
        assert grown < 6 * size or node.sanitized(), "it holds the answers that nobody reads"
    finally:
        system.bus.send_signal(signal.SIGCONT)
    for wire in wires:
        for _ in range(15):
            assert wire.receive().kind == REPLY
        wire.close()


def test_long_answers_beside_floods(system, node, tmp_path):
    """They come last; that they come at all is in test-bus-turns.c."""
    floods = [Load("flood", BOB, tmp_path, path_of("lan")) for _ in range(3)]
    try:
        wait_for(lambda: all(flood.numbers() for flood in floods), 20, "the floods")
        with Wire(ALICE) as wire:
            for _ in range(3):
                start = time.monotonic()
                assert wire.call(*OBJECTS).kind == REPLY
                print(f"a long answer beside three floods came after {time.monotonic() - start:.3f} s")
    finally:
        counts = [flood.stop()[-1] for flood in floods]
    print(f"property reads of the floods: {counts}")
    assert min(counts) > 0
