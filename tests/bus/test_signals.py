# SPDX-License-Identifier: LGPL-2.1-or-later
"""What another user's `gdbus monitor` shows of each transition."""
import os
import re
import subprocess

import pytest
from gi.repository import GLib

from conftest import wait_master
from lab import wait_for
from packets import MULTICAST, ipv4, send, vrrp3
from private_bus import INSTANCE, MANAGER, NAME, as_user, path_of

NEIGHBOUR = "192.168.120.2"

LINE = re.compile(r"^(/\S+): ([\w.]+)\.(\w+) \((.*)\)$")


class Monitor:
    """gdbus monitor as a user; lines are (path, interface, member, arguments)."""

    def __init__(self, user, tmp_path):
        self.path = tmp_path / "monitor"
        self.file = open(self.path, "w", encoding="utf-8")
        self.process = subprocess.Popen(as_user(user, ["stdbuf", "-oL", "gdbus", "monitor", "--system", "--dest", NAME]),
                                        stdout=self.file, stderr=subprocess.STDOUT)
        wait_for(lambda: "is owned by" in self.path.read_text(), 20, "the monitor knows the owner")

    def lines(self):
        return [match.groups() for match in map(LINE.match, self.path.read_text().splitlines()) if match]

    def wait(self, condition, what):
        return wait_for(lambda: next(filter(condition, self.lines()), None), 20,
                        lambda: f"{what}; seen:\n{self.path.read_text()}")

    def changes(self, path):
        """Every PropertiesChanged of an object: the names and new values of each."""
        found = []
        for where, _, member, arguments in self.lines():
            if (where, member) == (path, "PropertiesChanged"):
                interface, values, invalidated = GLib.Variant.parse(None, f"({arguments})", None, None).unpack()
                assert interface.startswith("org.vrrpd1.") and invalidated == []
                found.append(values)
        return found

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.file.close()


@pytest.fixture
def monitor(system, daemon, tmp_path):
    watcher = Monitor("bob", tmp_path)
    yield watcher
    watcher.stop()


def transition(arguments):
    new, old, reason, number = re.match(r"'(\w+)', '(\w+)', '([\w-]+)', (?:uint64 )?(\d+)", arguments).groups()
    return new, old, reason, int(number)


def test_properties_come_right_before_each_transition(system, daemon, peer, monitor):
    path = path_of("failover_test")
    system.failover("root", "failover_test", 300_000)
    wait_master(system, "failover_test")
    number = system.properties("root", "failover_test")["Transitions"]
    monitor.wait(lambda line: line[0] == path and line[2] == "StateChanged" and transition(line[3])[3] == number,
                 "the last transition")
    mine = [line for line in monitor.lines() if line[0] == path]
    seen = []
    for i, (_, interface, member, arguments) in enumerate(mine):
        if member != "StateChanged":
            continue
        new, old, reason, count = transition(arguments)
        before = mine[i - 1]
        assert before[2] == "PropertiesChanged" and interface == INSTANCE
        assert f"'State': <'{new}'>" in before[3]
        assert f"'LastReason': <'{reason}'>" in before[3]
        assert f"'Transitions': <uint64 {count}>" in before[3]
        for stamp in ("StateSince", "StateSinceMonotonic"):
            assert f"'{stamp}': <uint64 " in before[3]
        seen.append((new, old, reason, count))
    assert [s[:3] for s in seen] == [("backup", "master", "failover"), ("master", "backup", "priority")]
    assert [s[3] for s in seen] == [number - 1, number]
    # Every other change of this object is a PropertiesChanged of our interface.
    assert {line[2] for line in mine} == {"PropertiesChanged", "StateChanged"}


def test_quiet_where_nothing_changes(system, daemon, monitor):
    """Adverts that are heard and sent are no news."""
    sent = system.call("root", path_of("other"), "org.vrrpd1.Statistics", "Get")[0]["AdvertisementsSent"]
    wait_for(lambda: system.call("root", path_of("other"), "org.vrrpd1.Statistics", "Get")[0]["AdvertisementsSent"]
             >= sent + 20, 20, "adverts go on")
    assert [line for line in monitor.lines() if line[0] == path_of("other")] == []


def test_objects_come_and_go(system, daemon, monitor):
    daemon.write("brief", Interface="eno1", VirtualRouterId=14, VirtualAddresses="192.168.120.7/21", Enabled="no")
    system.reload("root")
    daemon.remove("brief")
    system.reload("root")
    monitor.wait(lambda line: line[2] == "InstanceRemoved", "InstanceRemoved")
    members = [(line[0], line[2], line[3]) for line in monitor.lines() if line[2].startswith(("Inst", "Interf", "Config"))]
    assert [m[1] for m in members] == ["InterfacesAdded", "InstanceAdded", "ConfigReloaded", "InterfacesRemoved",
                                       "InstanceRemoved"] or \
           [m[1] for m in members] == ["InterfacesAdded", "InstanceAdded", "ConfigReloaded", "InterfacesRemoved",
                                       "InstanceRemoved", "ConfigReloaded"]
    assert all(m[0] == "/org/vrrpd1" for m in members)
    added, removed = members[0][2], members[3][2]
    assert path_of("brief") in added and f"'{INSTANCE}': {{'Name': <'brief'>" in added
    for interface in (INSTANCE, "org.vrrpd1.Statistics"):
        assert f"'{interface}'" in removed


def update(system, name, settings, flags=0):
    return system.call("root", path_of(name), INSTANCE, "Update", settings, str(flags))


@pytest.fixture
def writable(daemon):
    """The daemon may write files, as an installed one."""
    os.chmod(daemon.instances, 0o2770)


def test_an_update_is_one_signal(system, daemon, monitor, writable):
    """What belongs together is told together, and a running master stays one."""
    path = path_of("other")
    assert update(system, "other", "{'Priority': <byte 120>, 'Description': <'shop'>}") == (0,)
    monitor.wait(lambda line: line[0] == path and "'EffectivePriority': <byte 0x78>" in line[3], "the new priority")
    first = monitor.changes(path)[0]
    assert (first["Priority"], first["Description"]) == (120, "shop")
    assert "Unsaved" not in first
    update(system, "other", "{'Priority': <byte 110>, 'Description': <''>}")
    monitor.wait(lambda line: line[0] == path and "'EffectivePriority': <byte 0x6e>" in line[3], "the former priority")
    assert not any(line[2] == "StateChanged" for line in monitor.lines() if line[0] == path)
    # The same again is no news.
    seen = len(monitor.changes(path))
    update(system, "other", "{'Priority': <byte 110>, 'Description': <''>}")
    system.call("root", path, INSTANCE, "SetPriority", "0", "0")
    system.reload("root")
    monitor.wait(lambda line: line[2] == "ConfigReloaded", "the reload, after them")
    assert len(monitor.changes(path)) == seen


def test_unsaved(system, daemon, monitor, writable):
    path = path_of("other")
    update(system, "other", "{'Description': <'for now'>}", 1)
    update(system, "other", "{'Description': <'for good'>}")
    monitor.wait(lambda line: line[0] == path and "'Unsaved': <false>" in line[3], "it is saved")
    assert [change.get("Unsaved") for change in monitor.changes(path)] == [True, False]
    update(system, "other", "{'Description': <''>}")


def test_instances_come_and_go_over_the_bus(system, daemon, monitor, writable):
    path = path_of("guest")
    assert system.call("root", *MANAGER, "AddInstance", "'guest'",
                       "{'Interface': <'eno1'>, 'VirtualRouterId': <byte 15>, 'VirtualAddresses': <['192.168.120.8/21']>,"
                       " 'Enabled': <false>}", "0") == (path,)
    system.call("root", path, INSTANCE, "Remove", "0")
    monitor.wait(lambda line: line[2] == "InstanceRemoved", "InstanceRemoved")
    told = [line for line in monitor.lines() if line[0] == MANAGER[0] and line[2] != "PropertiesChanged"]
    assert [line[2] for line in told] == ["InterfacesAdded", "InstanceAdded", "InterfacesRemoved", "InstanceRemoved"]
    values = GLib.Variant.parse(None, f"({told[0][3]})", None, None).unpack()[1][INSTANCE]
    assert (values["Name"], values["Enabled"], values["VirtualAddresses"]) == ("guest", False, ["192.168.120.8/21"])
    assert [change["InstanceCount"] for change in monitor.changes(MANAGER[0])] == [4, 3]


def test_holders(system, daemon, peer, monitor):
    """The hold of a program that has ended is over, and both are told."""
    path = path_of("other")
    assert subprocess.run(["busctl", "call", NAME, path, INSTANCE, "Hold", "su", "a test", "0"], check=True, timeout=30,
                          stdout=subprocess.DEVNULL).returncode == 0
    monitor.wait(lambda line: line[0] == path and "'Holders': <@a(sst) []>" in line[3], "no holder any more")
    holders = [change["Holders"] for change in monitor.changes(path) if "Holders" in change]
    assert len(holders) == 2 and holders[1] == []
    reason, sender, since = holders[0][0]
    assert reason == "a test" and re.fullmatch(r":1\.\d+", sender) and since > 1_700_000_000_000_000
    wait_master(system, "other")


def test_conflict(system, daemon, lab, monitor):
    """A second master that has to yield, and one to which this one does."""
    path = path_of("failover_test")

    def advert(priority):
        send(lab.r[1], ipv4(NEIGHBOUR, MULTICAST, vrrp3(10, priority, ["192.168.120.3"], NEIGHBOUR, centiseconds=10)))

    for priority, action in ((50, "kept"), (200, "yielded")):
        advert(priority)
        monitor.wait(lambda line: line[0] == path and line[2:] == ("PeerConflict", f"'{NEIGHBOUR}', '{action}'"), action)
    wait_master(system, "failover_test")


def test_who_listens_knows_everything(system, daemon, peer, monitor, writable):
    """The properties at the start, and all changes since, are the properties at the end."""
    def read():
        return {path: interfaces[INSTANCE] for path, interfaces in
                system.call("bob", MANAGER[0], "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0].items()}
    known = read()
    path = path_of("failover_test")
    update(system, "failover_test", "{'VirtualAddresses': <['192.168.120.3/21', '192.168.120.9/21']>}", 1)
    system.call("root", path_of("other"), INSTANCE, "SetPriority", "111", "0")
    system.failover("root", "failover_test", 300_000)
    wait_master(system, "failover_test")
    system.call("root", path_of("keyed"), INSTANCE, "Disable", "1")
    system.call("root", path_of("keyed"), INSTANCE, "Enable", "1")
    update(system, "failover_test", "{'VirtualAddresses': <['192.168.120.3/21']>}")
    system.call("root", path_of("other"), INSTANCE, "SetPriority", "0", "0")
    # What changed last has been told once nothing differs; what was never told always will.
    def listened():
        told = {name: dict(values) for name, values in known.items()}
        for name in told:
            for change in monitor.changes(name):
                told[name].update(change)
        return told

    def differences():
        now, told = read(), listened()
        return {(name, key): (told[name][key], value) for name, values in now.items() for key, value in values.items()
                if key != "Peers" and told[name][key] != value}
    wait_for(lambda: not differences(), 20, lambda: f"told and true: {differences()}")
    assert known[path]["Transitions"] + 2 == listened()[path]["Transitions"]
