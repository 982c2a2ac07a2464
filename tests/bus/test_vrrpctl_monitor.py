# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl monitor: what a reader of its lines may rely on."""
import json
import re
import signal
import subprocess

import pytest
from gi.repository import Gio, GLib

from ctl import Background, command, environment, solo_node, terminal
from lab import Lab, wait_for
from nodes import Bus, Vrrpd, encode_path

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} "
SINCE = r"since \w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC "


@pytest.fixture(scope="module", name="solo")
def fixture_solo():
    with Lab(routers=1, clients=0) as lab:
        yield lab, solo_node(lab)


@pytest.fixture(name="node")
def fixture_node(solo):
    lab, node = solo
    lab.plug(1)
    node.wait_state("master", 10, "lan-v4")
    return node


def matches(line, pattern):
    match = re.fullmatch(TIME + pattern, line)
    assert match, line
    return match


def test_lines(solo, node):
    lab, _ = solo
    before = node.properties("lan-v4")["Transitions"]
    with Background(node, "monitor") as monitor:
        matches(monitor.line(), rf"lan-gone is initialize {SINCE}\(none\) #0")
        matches(monitor.line(), rf"lan-v4 is master {SINCE}\(no-response\) #{before}")
        matches(monitor.line(), rf"off is initialize {SINCE}\(none\) #0")
        lab.unplug(1)
        matches(monitor.line(), rf"lan-v4 master -> initialize \(interface-down\) #{before + 1}")
        lab.plug(1)
        matches(monitor.line(), rf"lan-v4 initialize -> backup \(startup\) #{before + 2}")
        matches(monitor.line(), rf"lan-v4 backup -> master \(no-response\) #{before + 3}")


def test_patterns(solo, node):
    lab, _ = solo
    with Background(node, "monitor", "*-v4", "later") as monitor:
        matches(monitor.line(), r"lan-v4 is master .*")
        lab.unplug(1)
        matches(monitor.line(), r"lan-v4 master -> initialize .*")
    with Background(node, "monitor", "off") as monitor:
        matches(monitor.line(), r"off is initialize .*")
        lab.plug(1)
        node.wait_state("master", 10, "lan-v4")
        assert monitor.lines.empty()


def test_json(solo, node):
    lab, _ = solo
    before = node.properties("lan-v4")["Transitions"]
    with Background(node, "monitor", "--json=short", "lan-v4") as monitor:
        current = json.loads(monitor.line())
        properties = node.properties("lan-v4")
        assert current.pop("Time") >= properties["StateSince"] > 1e15
        assert current == {"Event": "CurrentState", "Name": "lan-v4", "State": "master", "Reason": "no-response",
                           "StateSince": properties["StateSince"], "Transition": before}
        lab.unplug(1)
        changed = json.loads(monitor.line())
        changed.pop("Time")
        assert changed == {"Event": "StateChanged", "Name": "lan-v4", "State": "initialize", "OldState": "master",
                           "Reason": "interface-down", "Transition": before + 1, "Missed": 0}


def test_instances_come_and_go(node):
    with Background(node, "monitor", "new", "--json=short") as monitor:
        # The states are read: the answer to this comes after that.
        wait_for(lambda: node.ctl("list"), 10)
        node.write("new", Interface="eth9", VirtualRouterId=99, VirtualAddresses="192.168.120.99")
        try:
            node.ctl("reload")
            assert json.loads(monitor.line())["Event"] == "InstanceAdded"
        finally:
            node.remove("new")
            node.ctl("reload")
        assert json.loads(monitor.line_with("InstanceRemoved"))["Name"] == "new"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_daemon_restarts(node, how):
    with Background(node, "monitor", "lan-v4") as monitor:
        matches(monitor.line(), r"lan-v4 is master .*")
        getattr(node, how)()
        if how == "stop":
            matches(monitor.line(), r"lan-v4 master -> initialize \(shutdown\) #\d+")
        matches(monitor.line(), "vrrpd has gone")
        node.start()
        matches(monitor.line(), "vrrpd is there")
        matches(monitor.line(), r"lan-v4 is (initialize|backup) .*")
        monitor.line_with("lan-v4 backup -> master (no-response)")


def test_the_bus_restarts(node):
    with Background(node, "monitor", "lan-v4") as monitor:
        matches(monitor.line(), r"lan-v4 is master .*")
        node.bus.stop()
        matches(monitor.line(), "the system bus has gone; waiting for it")
        node.bus.start()
        wait_for(node.on_bus, 20, "vrrpd back on the bus")
        monitor.line_with("vrrpd is there")
        matches(monitor.line(), r"lan-v4 is master .*")
        assert monitor.process.poll() is None


def test_it_waits_for_an_answer(node):
    node.signal(signal.SIGSTOP)
    try:
        with Background(node, "monitor", "off", "--timeout=100ms") as monitor:
            assert monitor.line().startswith("Failed to read the states: ")
            monitor.line_with("Failed to read the states: ")
            node.signal(signal.SIGCONT)
            monitor.line_with("off is initialize")
    finally:
        node.signal(signal.SIGCONT)


def test_it_waits_for_the_daemon():
    with Lab(routers=1, clients=0) as lab:
        node = Vrrpd(lab, 1)
        node.write("lan", Interface="eth9", VirtualRouterId=1, VirtualAddresses="192.168.120.7")
        with Background(node, "monitor", "--json=short") as monitor:
            assert json.loads(monitor.line())["Event"] == "DaemonGone"
            node.start()
            assert json.loads(monitor.line())["Event"] == "DaemonAppeared"
            assert json.loads(monitor.line_with("lan"))["Name"] == "lan"


def test_it_ends_when_nobody_reads(node):
    process = subprocess.Popen(command(node, "monitor", "off"), stdout=subprocess.PIPE, env=environment(node))
    try:
        assert b"off is initialize" in process.stdout.readline()
        process.stdout.close()
        process.wait(10)
    finally:
        process.kill()
        process.wait()


def test_on_a_terminal(node):
    screen = terminal(node, "monitor", "lan-v4", status=-15)
    screen.wait_text("lan-v4 is \033[0;1;32mmaster\033[0m since")
    screen.process.terminate()
    screen.finish()


class GapMaker:
    """Says on the bus what the real daemon says only when a reader is far behind: numbers with a gap."""

    XML = """<node><interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>
             <arg type='a{oa{sa{sv}}}' direction='out'/></method></interface></node>"""

    def __init__(self, bus):
        self.context = GLib.MainContext.new()
        self.context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.connection = wait_for(lambda: self._connect(bus.address, flags), 10, "the bus listens")
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.asked = 0
        self.connection.register_object("/org/vrrpd1", interface, self._answer, None, None)
        self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                                  GLib.Variant("(su)", ("org.vrrpd1", 0)), None, 0, 5000, None)

    @staticmethod
    def _connect(address, flags):
        try:
            return Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        except GLib.Error:
            return None

    def _answer(self, connection, sender, path, interface, method, parameters, invocation):
        values = {"Name": GLib.Variant("s", "lan"), "State": GLib.Variant("s", "backup"),
                  "Transitions": GLib.Variant("t", 4)}
        objects = {"/org/vrrpd1/instance/lan": {"org.vrrpd1.Instance": values}}
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (objects,)))
        self.asked += 1

    def serve(self):
        while self.context.iteration(False):
            pass
        return self.asked

    def emit(self, new, old, number):
        self.connection.emit_signal(None, "/org/vrrpd1/instance/" + encode_path("lan"), "org.vrrpd1.Instance",
                                    "StateChanged", GLib.Variant("(ssst)", (new, old, "priority", number)))
        self.connection.flush_sync(None)


class BusOnly:
    """As much of a node as vrrpctl needs."""

    def __init__(self, directory):
        self.bus = Bus(str(directory))


@pytest.mark.parametrize("mode", ["off", "short"])
def test_a_gap_is_told(tmp_path, mode):
    node = BusOnly(tmp_path)
    node.bus.start()
    maker = GapMaker(node.bus)
    try:
        with Background(node, "monitor", f"--json={mode}") as monitor:
            wait_for(maker.serve, 10, "the question for the states")
            assert "lan" in monitor.line()
            for number in (4, 5, 8):  # 4 is in the states already
                maker.emit("master", "backup", number)
            lines = [monitor.line(), monitor.line()]
            if mode == "short":
                assert [(e["Transition"], e["Missed"]) for e in map(json.loads, lines)] == [(5, 0), (8, 2)]
            else:
                matches(lines[0], r"lan backup -> master \(priority\) #5")
                matches(lines[1], "lan 2 transitions were missed")
                matches(monitor.line(), r"lan backup -> master \(priority\) #8")
    finally:
        maker.context.pop_thread_default()
        node.bus.stop()
