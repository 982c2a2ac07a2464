# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator finds in the journal, a real one, and what `journalctl -x` says about it. The last tests look at what
all others have left there."""
import os
import re
import subprocess

import pytest

from conftest import KEY, wait_master, write_routers
from journal import Journal, JournalDaemon
from lab import wait_for
from nodes import SOURCE
from packets import MULTICAST, ipv4, send, vrrp3
from private_bus import INSTANCE, MANAGER, PrivateSystem, path_of

NEIGHBOUR = "192.168.120.2"
ROUTER = ["VRRP_INSTANCE=failover_test", "VRRP_INTERFACE=eno1", "VRRP_VRID=10", "VRRP_FAMILY=ipv4"]
# How Update waits for a confirmation that nobody gives: begun early, looked for late.
UNCONFIRMED_SEC = 30
FORMER_KEY = "f1rst-K"


def message_ids():
    with open(os.path.join(SOURCE, "src/core/vrrp-journal.h"), encoding="utf-8") as file:
        return dict(re.findall(r'#define JOURNAL_(\w+)\s+"([0-9a-f]{32})"', file.read()))


IDS = message_ids()


def of(kind):
    return f"MESSAGE_ID={IDS[kind]}"


@pytest.fixture(scope="module")
def journal():
    started = Journal()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def daemon(system, journal, lab, peer):
    """Node 1 of conftest, with the journal."""
    node = JournalDaemon(lab, 1)
    os.chmod(node.instances, 0o2770)
    write_routers(node, 110)
    node.write("keyed", Interface="eno1", VirtualRouterId=12, Version=2, VirtualAddresses="192.168.120.5/21",
               UnicastPeers=NEIGHBOUR, AuthenticationType="ah", AuthenticationKey=FORMER_KEY)
    node.write("unconfirmed", Interface="eno1", VirtualRouterId=13, VirtualAddresses="192.168.120.6/21", Enabled="no")
    node.start()
    system.wait_name()
    wait_master(system, "failover_test")
    update(system, "unconfirmed", "{'Description': <'will be undone'>}", 4)
    return node


def update(system, name, settings, flags=0):
    return system.call("root", path_of(name), INSTANCE, "Update", settings, str(flags))


def add(system, name, **settings):
    values = ", ".join(f"'{key}': <'{value}'>" for key, value in settings.items())
    return system.call("root", *MANAGER, "AddInstance", f"'{name}'", f"{{{values}}}", "0")


def remove(system, name):
    system.call("root", path_of(name), INSTANCE, "Remove", "0")


def advert(lab, **more):
    """From the neighbour, for failover_test, with a lower priority."""
    keys = dict(vrid=10, priority=50, addresses=["192.168.120.3"], source=NEIGHBOUR, centiseconds=10)
    send(lab.r[1], ipv4(NEIGHBOUR, MULTICAST, vrrp3(**dict(keys, **more))))


def test_start(journal, daemon):
    entry = journal.wait(of("STARTED"))
    assert re.fullmatch(r"vrrpd [\d.]+ runs with 4 instances(, in real time)?\.", entry["MESSAGE"])
    assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]) == ("5", "vrrpd")
    assert bool(journal.entries(of("NO_REAL_TIME"))) == ("real time" not in entry["MESSAGE"])
    journal.wait(of("NAME_OWNED"))
    # What was there at the start was not added: those are lines that nobody reads.
    assert journal.entries(of("INSTANCE_ADDED")) == journal.entries(of("RELOADED")) == []


def test_transition(system, journal, daemon):
    system.failover("root", "failover_test", 300_000)
    wait_master(system, "failover_test")
    values = system.properties("root", "failover_test")
    entries = journal.entries(of("TRANSITION"), *ROUTER)
    assert [(e["VRRP_OLD_STATE"], e["VRRP_STATE"], e["VRRP_REASON"]) for e in entries] == [
        ("initialize", "backup", "startup"), ("backup", "master", "priority"), ("master", "backup", "failover"),
        ("backup", "master", "priority")]
    assert len(entries) == values["Transitions"]
    assert entries[2]["MESSAGE"] == "master -> backup (failover)"
    # One instance is found by its name, whatever happened to it.
    other = journal.entries("VRRP_INSTANCE=other")
    assert other and {e["VRRP_VRID"] for e in other} == {"11"}


def test_packets(system, lab, journal, daemon):
    advert(lab, wrong_checksum=True)
    entry = journal.wait(of("PACKETS_REJECTED"), *ROUTER, f"VRRP_PEER={NEIGHBOUR}", "VRRP_REJECT=checksum")
    assert entry["PRIORITY"] == "4" and "192.168.120.2 on eno1 (VRID 10) are dropped: checksum" in entry["MESSAGE"]
    advert(lab)
    journal.wait(of("SECOND_MASTER"), *ROUTER, f"VRRP_PEER={NEIGHBOUR}")
    advert(lab, addresses=["192.168.120.99"])
    journal.wait(of("ADDRESS_LIST"), *ROUTER, f"VRRP_PEER={NEIGHBOUR}")


def test_settings(system, journal, daemon):
    add(system, "brief", Interface="eno1", VirtualRouterId=14, VirtualAddresses="192.168.120.7/21", Enabled="no")
    journal.wait(of("INSTANCE_ADDED"), "VRRP_INSTANCE=brief", "VRRP_VRID=14")
    update(system, "brief", "{'Priority': <byte 120>, 'Description': <'short'>}")
    entry = journal.wait(of("INSTANCE_CHANGED"), "VRRP_INSTANCE=brief", "VRRP_SETTINGS=Description Priority")
    assert "Priority (100 -> 120)" in entry["MESSAGE"]
    remove(system, "brief")
    journal.wait(of("INSTANCE_REMOVED"), "VRRP_INSTANCE=brief")


def test_secret(system, journal, daemon):
    update(system, "keyed", f"{{'AuthenticationKey': <'{KEY}'>}}")
    entry = journal.wait(of("INSTANCE_CHANGED"), "VRRP_INSTANCE=keyed", "VRRP_SETTINGS=AuthenticationKey")
    assert entry["MESSAGE"] == "Settings changed: AuthenticationKey."
    everything = journal.show("-o", "json", "--all")
    assert KEY not in everything and FORMER_KEY not in everything


def test_error_in_a_file(system, journal, daemon):
    path = daemon.write("broken", "[Instance]\nInterface=eno1\nVirtualRouterId=0\n")
    system.reload("root")
    entry = journal.wait(of("CONFIG_ERROR"), f"CONFIG_FILE={path}", "CONFIG_LINE=3")
    assert entry["MESSAGE"].startswith(f"{path}:3: ") and "1 to 255" in entry["MESSAGE"]
    journal.wait(of("RELOADED"), "MESSAGE=Reloaded: 0 added, 0 changed, 0 removed, 1 errors, 0 warnings.")
    daemon.remove("broken")
    system.reload("root")
    journal.wait(of("RELOADED"), "MESSAGE=Reloaded: 0 added, 0 changed, 0 removed, 0 errors, 0 warnings.")


def test_faults(system, journal, daemon):
    """A fault that keeps an instance from starting makes no transition: it has to be told all the same."""
    add(system, "waiting", Interface="gone0", VirtualRouterId=15, VirtualAddresses="192.168.120.10/21")
    journal.wait(of("FAULTS"), "VRRP_INSTANCE=waiting", "VRRP_FAULTS=interface-missing")
    remove(system, "waiting")
    add(system, "astray", Interface="eno1", VirtualRouterId=16, AdvertisementInterval="100ms",
        VirtualAddresses="192.168.120.11/21 dev gone0")
    journal.wait(of("ADDRESS_ERROR"), "VRRP_INSTANCE=astray")
    journal.wait(of("FAULTS"), "VRRP_INSTANCE=astray", "VRRP_FAULTS=address")
    update(system, "astray", "{'VirtualAddresses': <['192.168.120.11/21']>}")
    journal.wait(of("RECOVERED"), "VRRP_INSTANCE=astray")
    remove(system, "astray")


def test_operators(system, journal, daemon):
    holder = subprocess.Popen(["busctl", "--json=short", "call", "org.vrrpd1", path_of("other"), INSTANCE, "Hold", "su",
                               "a test", "0"], stdout=subprocess.DEVNULL)
    assert holder.wait(30) == 0
    begun = journal.wait(of("HOLD_BEGUN"), "VRRP_INSTANCE=other", "VRRP_HOLD=a test")
    assert re.fullmatch(r":1\.\d+", begun["VRRP_SENDER"])
    journal.wait(of("HOLD_ENDED"), "VRRP_INSTANCE=other", "VRRP_HOLD=a test", f"VRRP_SENDER={begun['VRRP_SENDER']}")
    for priority in (105, 0):
        system.call("root", path_of("other"), INSTANCE, "SetPriority", str(priority), "0")
        journal.wait(of("PRIORITY_SET"), "VRRP_INSTANCE=other", f"VRRP_PRIORITY={priority}")


def test_who_called(system, journal, daemon):
    system.write_rule("alice", POLKIT_RULE)
    try:
        wait_for(lambda: system.refused("alice", lambda user: system.call(user, path_of("other"), INSTANCE, "Announce", "0"))
                 is None, 20, "polkit reads the rule")
    finally:
        system.remove_rule("alice")
    entry = journal.wait(of("CALLED"), "VRRP_METHOD=Announce", "VRRP_INSTANCE=other", "VRRP_SENDER_UID=2001")
    assert re.fullmatch(r"Announce was called by user 2001, process \d+ \(:1\.\d+\)\.", entry["MESSAGE"])
    assert f"process {entry['VRRP_SENDER_PID']} ({entry['VRRP_SENDER']})" in entry["MESSAGE"]
    # Who may not is not written down: everybody could fill the journal.
    assert system.refused("bob", lambda user: system.call(user, path_of("other"), INSTANCE, "Announce", "0"))
    journal.wait(of("CALLED"), "VRRP_METHOD=Reload", "VRRP_SENDER_UID=0")
    assert {e["VRRP_SENDER_UID"] for e in journal.entries(of("CALLED"))} == {"0", "2001"}


POLKIT_RULE = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.operate" && action.lookup("instance") == "other" && subject.user == "alice")
        return polkit.Result.YES;
});
"""


def test_unconfirmed_change(system, journal, daemon):
    journal.wait(of("CHANGE_UNDONE"), "VRRP_INSTANCE=unconfirmed", timeout=UNCONFIRMED_SEC + 15)
    assert system.properties("root", "unconfirmed")["Description"] == ""


def test_bus(system, journal, daemon):
    system.stop_polkit()
    system.kill_bus()
    journal.wait(of("BUS_ABSENT"))
    system.start_bus()
    journal.wait(of("BUS_PRESENT"))
    system.start_polkit()
    system.wait_name()


def test_name(journal, system, daemon):
    """Somebody of the daemon's own user takes the name while the bus is restarted."""
    system.stop_polkit()
    system.kill_bus()
    daemon.signal(19)  # SIGSTOP
    try:
        system.start_bus()
        thief = subprocess.Popen(["setpriv", f"--reuid={daemon.user}", f"--regid={daemon.user}", "--clear-groups",
                                  "/usr/bin/python3", "-c", THIEF], stdin=subprocess.PIPE)
        system.wait_name()
    finally:
        daemon.signal(18)  # SIGCONT
    entry = journal.wait(of("NAME_MISSED"))
    assert "another process has it" in entry["MESSAGE"]
    owned = len(journal.entries(of("NAME_OWNED")))
    thief.communicate()
    wait_for(lambda: len(journal.entries(of("NAME_OWNED"))) > owned, 20, "the name is ours again")
    system.start_polkit()


THIEF = """
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
              GLib.Variant("(su)", ("org.vrrpd1", 4)), None, 0, -1, None)
open(0).read()  # until the test closes it
"""


def test_stop(system, journal, daemon):
    assert daemon.stop() == 0
    journal.wait(of("STOPPING"))
    journal.wait(of("STOPPED"))
    entries = journal.entries(of("TRANSITION"), "VRRP_INSTANCE=failover_test", "VRRP_REASON=shutdown")
    assert [(e["VRRP_OLD_STATE"], e["VRRP_STATE"]) for e in entries] == [("master", "initialize")]


def test_start_failed(system, journal, daemon):
    """Without its capabilities."""
    argv = ["systemd-cat", "setpriv", f"--reuid={daemon.user}", f"--regid={daemon.user}", "--clear-groups",
            daemon.binary, f"--config-dir={daemon.directory}/etc"]
    assert subprocess.run(argv, check=False, timeout=30).returncode == 1
    entry = journal.wait(of("START_FAILED"))
    assert entry["PRIORITY"] == "3" and "CAP_NET_RAW" in entry["MESSAGE"]


def test_every_line_has_an_id(journal, daemon):
    entries = journal.entries()
    assert len(entries) > 40
    known = set(IDS.values())
    assert [e["MESSAGE"] for e in entries if e.get("MESSAGE_ID") not in known] == []


def test_explanations(journal, daemon):
    """journalctl -x knows each of them, and finds every field that the explanation speaks of."""
    seen = {entry["MESSAGE_ID"] for entry in journal.entries()}
    assert len(seen) > 20
    for name in sorted(seen):
        text = journal.show("-x", "-n", "1", "-o", "short", f"MESSAGE_ID={name}")
        subject = re.search(r"Subject: (.+)", text)
        assert subject and "Defined-By: vrrpd" in text, text
        assert not re.search(r"@\w*@|\b(VRRP|CONFIG)_[A-Z_]+\b(?!=)", text), text
