# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each method does, and each error that it has, as root on the real bus. Who else may: test_methods_users.py; wrong
arguments: test_methods_form.py."""
import os
import signal
import stat
import subprocess

import pytest
from gi.repository import GLib

from conftest import KEY, wait_master
from lab import wait_for
from methods import (CONFIRM, ERROR, INVALID_ARGS, REPLACE, RUNTIME, STATISTICS, Bus, Holder, file_text, settings)
from private_bus import INSTANCE, MANAGER, NAME, BusError, path_of


@pytest.fixture(scope="module")
def bus(system, daemon):
    os.chmod(daemon.instances, 0o2770)  # as tmpfiles.d makes it
    return Bus()


def fresh(**more):
    """Settings of another instance: VRID 20."""
    return settings(**{"Interface": "eno1", "VirtualRouterId": 20, "AdvertisementInterval": "100ms", "Priority": 120,
                       "VirtualAddresses": ["192.168.120.20/21"], **more})


@pytest.fixture
def added(bus, daemon):
    """Adds an instance "fresh", and removes it at the end with everything that belongs to it."""
    def add(flags=0, **more):
        return bus.manager("AddInstance", "fresh", fresh(**more), flags)[0]
    yield add
    if "fresh" in bus.names():
        bus.instance("fresh", "Remove", RUNTIME)
        wait_for(lambda: "fresh" not in bus.names(), 20, "fresh is gone")
    if file_text(daemon, "fresh") is not None:
        daemon.remove("fresh")


def refused(bus, name, method, *values, interface=INSTANCE):
    return bus.refusal(path_of(name), interface, method, *values)


# --- AddInstance, Remove


def test_add_and_remove(bus, daemon, added):
    assert added(Description="new; \\ \"one\"") == path_of("fresh")
    values = bus.properties("fresh")
    assert values["Description"] == "new; \\ \"one\"" and values["VirtualRouterId"] == 20
    assert values["Unsaved"] is False and values["FragmentPath"].endswith("/etc/instances/fresh.conf")
    assert bus.manager("GetInstance", "fresh") == (path_of("fresh"),)
    assert bus.manager("FindInstance", "eno1", GLib.Variant("y", 20), "ipv4") == (path_of("fresh"),)
    about = os.stat(values["FragmentPath"])
    assert stat.S_IMODE(about.st_mode) == 0o640 and about.st_gid == os.stat(daemon.instances).st_gid
    wait_for(lambda: bus.properties("fresh")["State"] == "master", 20, "fresh is master")
    # The file says the same: a reload finds nothing to do.
    assert bus.manager("Reload", 0)[:3] == ([], [], [])
    assert bus.instance("fresh", "Remove", 0) == ()
    assert file_text(daemon, "fresh") is None
    wait_for(lambda: "fresh" not in bus.names(), 20, "fresh is gone")
    assert refused(bus, "fresh", "Remove", 0)[0] == "org.freedesktop.DBus.Error.UnknownObject"
    assert bus.refusal(*MANAGER, "GetInstance", "fresh")[0] == ERROR + "NoSuchInstance"


def test_add_for_the_runtime(bus, daemon, added):
    added(RUNTIME)
    values = bus.properties("fresh")
    assert values["Unsaved"] is True and values["FragmentPath"] == ""
    assert file_text(daemon, "fresh") is None
    assert bus.manager("Reload", 0)[:3] == ([], [], [])
    assert "fresh" in bus.names()


def test_remove_for_the_runtime(bus, daemon, added):
    added(Enabled=False)
    bus.instance("fresh", "Remove", RUNTIME)
    wait_for(lambda: "fresh" not in bus.names(), 20, "fresh is gone")
    assert file_text(daemon, "fresh") is not None
    assert bus.manager("Reload", 0)[0] == ["fresh"]


def test_add_what_is_there(bus, daemon, added):
    name, text = bus.refusal(*MANAGER, "AddInstance", "other", fresh(), 0)
    assert name == ERROR + "InstanceExists" and "other" in text
    # A file that nobody has read yet is not overwritten.
    daemon.write("fresh", Interface="eno1", VirtualRouterId=21, VirtualAddresses="192.168.120.21/21")
    before = file_text(daemon, "fresh")
    name, text = bus.refusal(*MANAGER, "AddInstance", "fresh", fresh(), 0)
    assert name == ERROR + "InstanceExists" and "fresh" in text and "Reload" in text
    assert file_text(daemon, "fresh") == before


def test_add_a_twin(bus, daemon, added):
    name, text = bus.refusal(*MANAGER, "AddInstance", "fresh", fresh(VirtualRouterId=11), 0)
    assert name == ERROR + "Conflict" and "other" in text and "11" in text
    assert "fresh" not in bus.names() and file_text(daemon, "fresh") is None


def test_add_where_nothing_can_be_written(bus, daemon, added):
    os.chmod(daemon.instances, 0o2550)
    try:
        name, text = bus.refusal(*MANAGER, "AddInstance", "fresh", fresh(), 0)
        assert name == ERROR + "WriteFailed" and "fresh.conf" in text
        assert "fresh" not in bus.names()
        for method, arguments in (("Update", (settings(Priority=99), 0)), ("Disable", (0,)), ("Remove", (0,))):
            name, text = refused(bus, "other", method, *arguments)
            assert name == ERROR + "WriteFailed" and "other.conf" in text, method
        values = bus.properties("other")
        assert (values["State"], values["Priority"], values["Unsaved"]) == ("master", 110, False)
    finally:
        os.chmod(daemon.instances, 0o2770)


def test_remove_what_a_lower_folder_has(bus, daemon, added):
    """That file is hidden: a reload does not bring it back. An instance that is added later replaces it."""
    folder, link = os.path.join(daemon.directory, "run/instances"), os.path.join(daemon.instances, "fresh.conf")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "fresh.conf"), "w", encoding="utf-8") as file:
        file.write("[Instance]\nInterface=eno1\nVirtualRouterId=20\nVirtualAddresses=192.168.120.20\nEnabled=no\n")
    try:
        assert bus.manager("Reload", 0)[0] == ["fresh"]
        assert bus.instance("fresh", "Remove", 0) == ()
        wait_for(lambda: "fresh" not in bus.names(), 20, "fresh is gone")
        assert os.readlink(link) == "/dev/null"
        assert bus.manager("Reload", 0)[:3] == ([], [], [])
        added(Enabled=False)
        assert not os.path.islink(link) and "Priority=120\n" in file_text(daemon, "fresh")
    finally:
        os.unlink(os.path.join(folder, "fresh.conf"))


# --- Update, Enable, Disable


def test_update(bus, daemon, added):
    added(Enabled=False)
    assert bus.instance("fresh", "Update", settings(Priority=GLib.Variant("y", 90), Description="changed"), 0) == (0,)
    values = bus.properties("fresh")
    assert (values["Priority"], values["Description"], values["Unsaved"]) == (90, "changed", False)
    text = file_text(daemon, "fresh")
    assert "Priority=90\n" in text and "Description=changed\n" in text and "VirtualRouterId=20\n" in text
    # "" is the default, and the line goes.
    bus.instance("fresh", "Update", settings(Priority=""), 0)
    assert bus.properties("fresh")["Priority"] == 100 and "Priority" not in file_text(daemon, "fresh")
    # Nothing new: nothing is written.
    path = os.path.join(daemon.instances, "fresh.conf")
    before = os.stat(path).st_ino
    assert bus.instance("fresh", "Update", settings(Description="changed"), 0) == (0,)
    assert bus.instance("fresh", "Update", settings(), 0) == (0,)
    assert os.stat(path).st_ino == before


def test_update_replaces(bus, daemon, added):
    added(Enabled=False, Description="old", Preempt=False)
    bus.instance("fresh", "Update", fresh(Enabled=False, Priority=""), REPLACE)
    values = bus.properties("fresh")
    assert (values["Description"], values["Preempt"], values["Priority"]) == ("", True, 100)
    text = file_text(daemon, "fresh")
    assert "Description" not in text and "Preempt" not in text
    name, text = refused(bus, "fresh", "Update", settings(Priority=5), REPLACE)
    assert name == ERROR + "InvalidSetting" and "VirtualRouterId" in text
    assert bus.properties("fresh")["Priority"] == 100


def test_update_for_the_runtime(bus, daemon, added):
    added(Enabled=False)
    before = file_text(daemon, "fresh")
    bus.instance("fresh", "Update", settings(Priority=77), RUNTIME)
    assert bus.properties("fresh")["Priority"] == 77 and bus.properties("fresh")["Unsaved"] is True
    assert file_text(daemon, "fresh") == before
    bus.instance("fresh", "Update", settings(Description="saved"), 0)
    text = file_text(daemon, "fresh")
    assert "Description=saved\n" in text and "Priority=120\n" in text, "what was for the runtime stays that"
    assert bus.properties("fresh")["Priority"] == 77 and bus.properties("fresh")["Unsaved"] is True
    bus.instance("fresh", "Update", settings(Priority=77), 0)
    assert bus.properties("fresh")["Unsaved"] is False


def test_update_does_not_fit(bus, daemon, added):
    added(Enabled=False)
    before, text_before = bus.instance("fresh", "GetSettings"), file_text(daemon, "fresh")
    for change, key in ((settings(VirtualAddresses=""), "VirtualAddresses"), (settings(Interface=""), "Interface"),
                        (settings(AuthenticationKey="k"), "AuthenticationType"),
                        (settings(AuthenticationType="ah"), "Authentication"),
                        (settings(AdvertisementInterval="15ms"), "AdvertisementInterval"),
                        (settings(Version=2), "AdvertisementInterval")):
        name, text = refused(bus, "fresh", "Update", change, 0)
        assert name == ERROR + "InvalidSetting" and key in text, text
    name, text = refused(bus, "fresh", "Update", settings(VirtualRouterId=11, Enabled=True), 0)
    assert name == ERROR + "Conflict" and "other" in text
    assert bus.instance("fresh", "GetSettings") == before and file_text(daemon, "fresh") == text_before


def test_update_of_what_a_drop_in_says(bus, daemon, added):
    added(Enabled=False)
    folder = os.path.join(daemon.instances, "fresh.conf.d")
    os.mkdir(folder)
    drop_in = os.path.join(folder, "10-priority.conf")
    with open(drop_in, "w", encoding="utf-8") as file:
        file.write("[Instance]\nPriority=60\n")
    try:
        assert bus.manager("Reload", 0)[1] == ["fresh"]
        name, text = refused(bus, "fresh", "Update", settings(Priority=61), 0)
        assert name == ERROR + "Conflict" and "10-priority.conf" in text
        assert bus.properties("fresh")["Priority"] == 60
        assert bus.instance("fresh", "Update", settings(Description="elsewhere"), 0) == (0,)
    finally:
        os.unlink(drop_in)
        os.rmdir(folder)


def test_enable_and_disable(bus, daemon, added):
    added()
    wait_for(lambda: bus.properties("fresh")["State"] == "master", 20, "fresh is master")
    assert bus.instance("fresh", "Disable", 0) == ()
    assert "Enabled=no\n" in file_text(daemon, "fresh") and bus.instance("fresh", "GetSettings")[0]["Enabled"] is False
    wait_for(lambda: bus.properties("fresh")["Enabled"] is False, 20, "fresh has left")
    assert bus.properties("fresh")["State"] == "initialize"
    assert bus.instance("fresh", "Disable", 0) == (), "it is already"
    assert bus.instance("fresh", "Enable", RUNTIME) == ()
    wait_for(lambda: bus.properties("fresh")["State"] == "master", 20, "fresh is master again")
    assert bus.properties("fresh")["Unsaved"] is True and "Enabled=no\n" in file_text(daemon, "fresh")


def test_enable_a_twin(bus, added):
    added(Enabled=False, VirtualRouterId=11)
    name, text = refused(bus, "fresh", "Enable", 0)
    assert name == ERROR + "Conflict" and "other" in text
    assert bus.properties("fresh")["Enabled"] is False


# --- Confirm


def test_confirm(bus, daemon, added):
    added(Enabled=False)
    token = bus.instance("fresh", "Update", settings(Priority=50), CONFIRM)[0]
    assert token > 0
    assert bus.properties("fresh")["Priority"] == 50 and bus.properties("fresh")["Unsaved"] is True
    assert "Priority=120\n" in file_text(daemon, "fresh")
    for method, arguments in (("Update", (settings(Priority=51), 0)), ("Enable", (0,)), ("Disable", (RUNTIME,))):
        name, text = refused(bus, "fresh", method, *arguments)
        assert name == ERROR + "Busy" and "fresh" in text, method
    assert bus.refusal(*MANAGER, "Confirm", GLib.Variant("t", token ^ 1))[0] == INVALID_ARGS
    assert bus.manager("Confirm", GLib.Variant("t", token)) == ()
    assert "Priority=50\n" in file_text(daemon, "fresh") and bus.properties("fresh")["Unsaved"] is False
    name, text = bus.refusal(*MANAGER, "Confirm", GLib.Variant("t", token))
    assert name == INVALID_ARGS and str(token) in text


def test_confirm_for_the_runtime(bus, daemon, added):
    added(Enabled=False)
    token = bus.instance("fresh", "Update", settings(Priority=50), CONFIRM | RUNTIME)[0]
    assert bus.manager("Confirm", GLib.Variant("t", token)) == ()
    assert bus.properties("fresh")["Priority"] == 50 and bus.properties("fresh")["Unsaved"] is True
    assert "Priority=120\n" in file_text(daemon, "fresh")


def test_confirm_where_nothing_can_be_written(bus, daemon, added):
    added(Enabled=False)
    token = bus.instance("fresh", "Update", settings(Priority=50), CONFIRM)[0]
    os.chmod(daemon.instances, 0o2550)
    try:
        assert bus.refusal(*MANAGER, "Confirm", GLib.Variant("t", token))[0] == ERROR + "WriteFailed"
    finally:
        os.chmod(daemon.instances, 0o2770)
    assert bus.manager("Confirm", GLib.Variant("t", token)) == (), "it is not too late"


def test_confirm_of_what_has_gone(bus, added):
    added(Enabled=False)
    token = bus.instance("fresh", "Update", settings(Priority=50), CONFIRM)[0]
    bus.instance("fresh", "Remove", 0)
    wait_for(lambda: "fresh" not in bus.names(), 20, "fresh is gone")
    assert bus.refusal(*MANAGER, "Confirm", GLib.Variant("t", token))[0] == INVALID_ARGS


# --- GetSettings, GetSecrets


def test_settings_go_there_and_back(bus, added):
    added(Enabled=False, Description="x", UnicastPeers=["192.168.120.2"], UnicastMinTtl="auto", Version=2,
          AdvertisementInterval="2s", AuthenticationType="pass", AuthenticationKey="abc")
    values = bus.instance("fresh", "GetSettings")[0]
    assert values["UnicastMinTtl"] == 0 and values["AdvertisementInterval"] == 2_000_000
    assert values["UnicastPeers"] == ["192.168.120.2"] and values["Enabled"] is False
    assert "AuthenticationKey" not in values
    before = bus.properties("fresh")
    assert bus.instance("fresh", "Update", settings(**{key: value for key, value in values.items() if value != []}), 0) == (0,)
    assert bus.properties("fresh") == before


def test_secrets(bus, daemon, added):
    assert bus.instance("keyed", "GetSecrets") == ({"AuthenticationKey": KEY},)
    assert bus.instance("other", "GetSecrets") == ({},)
    added(Enabled=False, Version=2, AdvertisementInterval="1s", AuthenticationType="pass", AuthenticationKey="first;k=")
    assert bus.instance("fresh", "GetSecrets") == ({"AuthenticationKey": "first;k="},)
    bus.instance("fresh", "Update", settings(AuthenticationKey="second"), RUNTIME)
    assert bus.instance("fresh", "GetSecrets") == ({"AuthenticationKey": "second"},)
    assert "first;k=" in file_text(daemon, "fresh")
    bus.instance("fresh", "Update", settings(AuthenticationKey="", AuthenticationType=""), RUNTIME)
    assert bus.instance("fresh", "GetSecrets") == ({},)
    log = daemon.log()
    assert "first;k=" not in log and "second" not in log and KEY not in log


# --- SetPriority, Announce, Reset


def test_set_priority(bus, daemon, peer):
    assert bus.instance("other", "SetPriority", GLib.Variant("y", 254), 0) == ()
    wait_for(lambda: bus.properties("other")["EffectivePriority"] == 254, 20, "the new priority")
    values = bus.properties("other")
    assert (values["Priority"], values["Unsaved"], values["State"]) == (110, False, "master")
    # Below the peer's: that one takes over.
    assert bus.instance("other", "SetPriority", GLib.Variant("y", 1), 1) == ()
    wait_for(lambda: bus.properties("other")["State"] == "backup", 20, "the peer is master")
    assert bus.instance("other", "SetPriority", GLib.Variant("y", 0), 0) == ()
    wait_for(lambda: bus.properties("other")["State"] == "master", 20, "the setting counts again")
    assert bus.properties("other")["EffectivePriority"] == 110


def test_set_priority_of_an_owner(bus, added):
    added(Priority=255)
    name, text = refused(bus, "fresh", "SetPriority", GLib.Variant("y", 10), 0)
    assert name == ERROR + "Conflict" and "priority=10" in text and "255" in text
    assert bus.instance("fresh", "SetPriority", GLib.Variant("y", 0), 0) == ()


def test_announce(system, bus, daemon, added):
    wait_master(system, "other")
    before = bus.statistics("other")["AnnouncementsSent"]
    assert bus.instance("other", "Announce", 0) == ()
    wait_for(lambda: bus.statistics("other")["AnnouncementsSent"] > before, 20, "an announcement")
    added(Enabled=False)
    name, text = refused(bus, "fresh", "Announce", 0)
    assert name == ERROR + "NotMaster" and "fresh" in text


def test_reset(bus, daemon):
    wait_for(lambda: bus.statistics("other")["AdvertisementsSent"] >= 20, 20, "adverts")
    others = bus.statistics("failover_test")["AdvertisementsSent"]
    assert bus.call(path_of("other"), STATISTICS, "Reset", 0) == ()
    assert bus.statistics("other")["AdvertisementsSent"] < 20
    assert bus.statistics("failover_test")["AdvertisementsSent"] >= others
    wait_for(lambda: bus.statistics("other")["AdvertisementsSent"] >= 3, 20, "it counts on")
    every = bus.manager("GetStatistics")[0]
    assert every[path_of("other")]["AdvertisementsSent"] < every[path_of("failover_test")]["AdvertisementsSent"]


# --- Hold


def test_hold_until_the_last_one_lets_go(bus, daemon, peer):
    """Two programs and a descriptor of our own: the instance is back when the last of them has ended, however it did."""
    first = Holder("root", "other", "new disk")
    assert first.said == "held"
    values = bus.properties("other")
    assert (values["State"], values["LastReason"], values["MasterAddress"]) == ("backup", "hold", "192.168.120.2")
    second, own = Holder("root", "other", "new fan"), bus.instance("other", "Hold", "while here", 0)[0]
    assert second.said == "held"
    holders = bus.properties("other")["Holders"]
    assert [holder[0] for holder in holders] == ["new disk", "new fan", "while here"]
    assert holders[2][1] == bus.connection.get_unique_name()
    assert holders[0][2] <= holders[1][2] <= holders[2][2]
    first.kill()
    wait_for(lambda: len(bus.properties("other")["Holders"]) == 2, 20, "one holder less")
    copy = os.dup(own)
    os.close(own)
    second.end()
    wait_for(lambda: [h[0] for h in bus.properties("other")["Holders"]] == ["while here"], 20, "one holder left")
    assert bus.properties("other")["State"] == "backup"
    os.close(copy)
    wait_for(lambda: bus.properties("other")["State"] == "master", 20, "it is master again")
    assert bus.properties("other")["Holders"] == []


def test_hold_without_a_peer(system, bus, daemon, peer):
    wait_master(system, "failover_test")
    peer.stop()
    try:
        name, text = refused(bus, "failover_test", "Hold", "alone", 0)
        assert name == ERROR + "NoPeer" and "failover_test" in text
        values = bus.properties("failover_test")
        assert (values["State"], values["Holders"]) == ("master", [])
    finally:
        peer.start()


def test_hold_of_what_is_not_master(bus, added):
    """It answers at once; enabled, the instance stays a backup, and a hold survives that it goes and comes."""
    added(Enabled=False)
    held = bus.instance("fresh", "Hold", "not yet", 0)[0]
    assert [h[0] for h in bus.properties("fresh")["Holders"]] == ["not yet"]
    bus.instance("fresh", "Enable", RUNTIME)
    wait_for(lambda: bus.properties("fresh")["State"] == "backup", 20, "fresh takes part")
    assert bus.properties("fresh")["State"] == "backup"
    os.close(held)
    wait_for(lambda: bus.properties("fresh")["State"] == "master", 20, "fresh is master")


def test_holders_are_bounded(bus, added):
    added(Enabled=False)
    held, refusal = [], None
    try:
        while len(held) <= 1000 and not refusal:
            try:
                held.append(bus.instance("fresh", "Hold", "again", 0)[0])
            except BusError as error:
                refusal = error
        assert refusal and refusal.name == ERROR + "Busy" and "holders" in refusal.text
        assert len(bus.properties("fresh")["Holders"]) == len(held) < 1000
    finally:
        for fd in held:
            os.close(fd)
    wait_for(lambda: bus.properties("fresh")["Holders"] == [], 20, "nobody holds it")


# --- While it leaves


def frozen(peer, stop):
    peer.signal(signal.SIGSTOP if stop else signal.SIGCONT)


def test_busy_while_it_hands_over(system, bus, daemon, peer):
    """The other router says nothing: what asks for a handover waits, and a second failover is refused."""
    wait_master(system, "other")
    frozen(peer, True)
    try:
        waiting = subprocess.Popen(["gdbus", "call", "--system", "-d", NAME, "-o", path_of("other"), "-m", f"{INSTANCE}.Failover",
                                    "300000", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: bus.properties("other")["Releasing"] is True, 20, "it is handing over")
        name, text = refused(bus, "other", "Failover", GLib.Variant("t", 0), 0)
        assert name == ERROR + "Busy" and "other" in text
    finally:
        frozen(peer, False)
    waiting.wait()
    wait_master(system, "other")


def test_busy_while_it_leaves(system, bus, daemon, peer):
    """A master that is removed stays until the other router was heard; until then it can do nothing else."""
    wait_master(system, "other")
    before = file_text(daemon, "other")
    frozen(peer, True)
    try:
        assert bus.instance("other", "Remove", RUNTIME) == ()
        for method, arguments in (("Remove", (RUNTIME,)), ("Update", (settings(Priority=9), 0)), ("Enable", (0,)),
                                  ("Hold", ("too late", 0))):
            name, text = refused(bus, "other", method, *arguments)
            assert name == ERROR + "Busy" and "other" in text, method
        assert refused(bus, "other", "Failover", GLib.Variant("t", 0), 0)[0] == ERROR + "NotMaster"
    finally:
        frozen(peer, False)
    wait_for(lambda: "other" not in bus.names(), 20, "it is gone")
    assert file_text(daemon, "other") == before
    assert bus.manager("Reload", 0)[0] == ["other"]
    wait_master(system, "other")


# --- FindInstance, GetPermissions


def test_find(bus):
    assert bus.manager("FindInstance", "eno1", GLib.Variant("y", 10), "ipv4") == (path_of("failover_test"),)
    for interface, vrid, family in (("eno1", 99, "ipv4"), ("eno2", 10, "ipv4"), ("eno1", 10, "ipv6")):
        name, text = bus.refusal(*MANAGER, "FindInstance", interface, GLib.Variant("y", vrid), family)
        assert name == ERROR + "NoSuchInstance" and str(vrid) in text and interface in text
