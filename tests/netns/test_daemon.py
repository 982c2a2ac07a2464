# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon is as a process: its rights, its signals, its files, its bus."""
import os
import re
import signal
import time

import pytest

from lab import VIP, always, wait_for
from nodes import SEED_NAME, USER, Vrrpd
from observe import Owner, Sniffer

NET_ADMIN, NET_RAW = 12, 13


def plain(priority=100, **more):
    """A version 3 instance with a tenth of a second."""
    keys = dict(Interface="eno1", VirtualRouterId=10, Priority=priority, AdvertisementInterval="100ms",
                VirtualAddresses=f"{VIP}/21")
    return dict(keys, **more)


def master(lab, **more):
    node = Vrrpd(lab, 1)
    node.write("one", **plain(**more))
    node.start()
    node.wait_state("master", 10, "one")
    return node


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_runs_unprivileged(lab):
    """Every thread: a user without rights, CAP_NET_ADMIN and CAP_NET_RAW, and nothing else to be had."""
    node = master(lab)
    wanted = 1 << NET_ADMIN | 1 << NET_RAW
    tasks = os.listdir(f"/proc/{node.process.pid}/task")
    assert len(tasks) >= 3, "control, engine, netlink"
    for task in tasks:
        status = status_of(f"{node.process.pid}/task/{task}")
        assert status["Uid"].split() == [str(USER)] * 4
        assert status["Gid"].split() == [str(USER)] * 4
        assert status["Groups"].strip() == ""
        for which in ("CapPrm", "CapEff", "CapBnd"):
            assert int(status[which], 16) == wanted, which
        assert status["NoNewPrivs"] == "1"


def test_key_is_nowhere(lab):
    """A secret is not in the log, the properties, the dump, or the command line."""
    secret = "Xy7secrt"
    node = master(lab, Version=2, AdvertisementInterval="1s", AuthenticationType="ah", AuthenticationKey=secret)
    shown = node.log() + str(node.properties("one")) + node.ctl("status") + node.ctl("--json=pretty", "status", "one")
    with open(f"/proc/{node.process.pid}/cmdline", encoding="utf-8") as file:
        shown += file.read()
    assert "one" in shown
    assert secret not in shown
    assert secret.encode().hex() not in shown.lower()


def test_broken_file_changes_nothing_else(lab):
    """A reload with one broken file: its instance and the others go on as they were; the client names the place and fails."""
    node = Vrrpd(lab, 1)
    node.write("one", **plain())
    node.write("two", **plain(VirtualRouterId=20, VirtualAddresses="192.168.120.4/21"))
    node.start()
    node.wait_state("master", 10, "one")
    node.wait_state("master", 10, "two")
    before = {name: node.properties(name)["Transitions"] for name in ("one", "two")}
    path = node.write("one", text="[Instance]\nInterface=eno1\nVirtualRouterId=300\nVirtualAddresses=192.168.120.3/21\n")
    node.write("three", **plain(VirtualRouterId=30, VirtualAddresses="192.168.120.5/21"))
    output = node.ctl("reload", status=1)
    assert f"{path}:3" in output and "VirtualRouterId" in output, output
    node.wait_state("master", 10, "three")
    assert {name: node.properties(name)["Transitions"] for name in ("one", "two")} == before
    assert node.properties("one")["VirtualRouterId"] == 10
    assert lab.r[0].holds(VIP) and lab.r[0].holds("192.168.120.4")
    # The check alone says the same and needs no daemon.
    assert f"{path}:3" in node.ctl("check", node.instances, status=1)


@pytest.mark.parametrize("how", ["signal", "client"])
def test_reload_touches_only_what_changed(lab, how):
    sniffer = Sniffer(lab)
    node = Vrrpd(lab, 1)
    node.write("one", **plain())
    node.write("two", **plain(VirtualRouterId=20, VirtualAddresses="192.168.120.4/21"))
    node.start()
    node.wait_state("master", 10, "one")
    node.wait_state("master", 10, "two")
    before = node.properties("one")["Transitions"]
    node.write("two", **plain(VirtualRouterId=20, VirtualAddresses="192.168.120.4/21;192.168.120.6/21"))
    node.write("three", **plain(VirtualRouterId=30, VirtualAddresses="192.168.120.5/21"))
    start = time.time()
    if how == "signal":
        node.signal(signal.SIGHUP)
    else:
        node.ctl("reload")
    wait_for(lambda: lab.r[0].holds("192.168.120.6") and node.state("three") == "master", 5, "the new settings")
    node.remove("three")
    node.ctl("reload")
    wait_for(lambda: node.state("three") is None and not lab.r[0].holds("192.168.120.5"), 5, "three has gone")
    end = time.time()
    assert node.properties("one")["Transitions"] == before
    assert not [a for a in sniffer.sent(1, start) if a.vrid != 30 and a.priority == 0]
    times = [a.t for a in sniffer.sent(1) if a.vrid == 10 and start - 0.3 < a.t < end]
    assert max(b - a for a, b in zip(times, times[1:])) < 0.25, "adverts of an untouched instance were late"


def test_no_bus_at_start(lab):
    """The protocol needs no bus; the name is there soon after the bus is, and again after the bus was restarted."""
    owner = Owner(lab, 1)
    node = Vrrpd(lab, 1, bus=False)
    node.write("one", **plain())
    node.start()
    wait_for(lambda: owner.own, 10, "master without a bus")
    node.bus.start()
    wait_for(node.on_bus, 10, "the name after the bus came")
    assert node.properties("one")["State"] == "master"
    transitions = node.properties("one")["Transitions"]
    node.bus.stop()
    always(lambda: owner.own and node.running(), 0.5, "master while the bus is away")
    node.bus.start()
    wait_for(node.on_bus, 10, "the name after the bus came back")
    assert node.properties("one")["Transitions"] == transitions


def test_interface_that_comes_later(lab):
    node = Vrrpd(lab, 1)
    node.write("one", **plain(Interface="later", VirtualAddresses="10.9.0.3/24"))
    node.start()
    node.wait_faults(["interface-missing"], 10, "one")
    assert node.state("one") == "initialize"
    lab.lan.ip(f"link add later type veth peer name later netns {lab.r[0].name}")
    lab.lan.ip("link set later up")
    lab.r[0].ip("link set later up")
    node.wait_faults(["no-source-address"], 10, "one")
    lab.r[0].ip("addr add 10.9.0.1/24 dev later")
    node.wait_state("master", 10, "one")
    lab.lan.ip("link del later")
    node.wait_faults(["interface-missing"], 10, "one")
    # The kernel takes it down before it goes.
    assert node.properties("one")["LastReason"] == "interface-down"


def test_list_and_status(lab):
    node = master(lab)
    assert re.search(r"^one\s+master\s+100\s+eno1\s+10\s", node.ctl("list"), re.M)
    assert VIP in node.ctl("status", "one")
    assert "no instance" in node.ctl("status", "nobody", status=1).lower()
    assert SEED_NAME not in node.ctl("list")
