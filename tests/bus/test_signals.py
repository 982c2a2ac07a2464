# SPDX-License-Identifier: LGPL-2.1-or-later
"""What another user's `gdbus monitor` shows of each transition."""
import re
import subprocess

import pytest

from conftest import wait_master
from lab import wait_for
from private_bus import INSTANCE, NAME, as_user, path_of

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
