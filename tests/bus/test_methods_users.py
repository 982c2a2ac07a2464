# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may call what changes something or tells a secret: nobody by himself, whom a rule grants one instance that one, and all of
it is asked of the real polkit with the name of the instance in the question."""
import os
import shutil
import xml.etree.ElementTree as ElementTree

import pytest
from gi.repository import GLib

from conftest import KEY, wait_master
from ctl import Terminal
from lab import wait_for
from methods import (ACTIONS, CONFIRM, ERROR, RUNTIME, STATISTICS, Bus, Holder, call_as, file_text, interface_file, refusal_as,
                     settings)
from nodes import binary
from private_bus import DENIED, INSTANCE, INTERACTIVE, MANAGER, NAME, BusError, as_user, daemon_user, path_of

OPERATE, CONFIGURE, SECRETS = "org.vrrpd1.operate", "org.vrrpd1.configure", "org.vrrpd1.read-secrets"
NEW = settings(Interface="eno1", VirtualRouterId=30, VirtualAddresses="192.168.120.30", Enabled=False)
# (interface, method) -> (action, verb, arguments that would do)
METHODS = {
    (MANAGER[1], "AddInstance"): (CONFIGURE, "add", ("new", NEW, RUNTIME)),
    (MANAGER[1], "Reload"): (CONFIGURE, "reload", (2,)),
    (MANAGER[1], "Confirm"): (CONFIGURE, "confirm", (GLib.Variant("t", 12345),)),
    (INSTANCE, "Update"): (CONFIGURE, "update", (settings(Description="by another"), RUNTIME)),
    (INSTANCE, "Enable"): (CONFIGURE, "enable", (RUNTIME,)),
    (INSTANCE, "Disable"): (CONFIGURE, "disable", (RUNTIME,)),
    (INSTANCE, "Remove"): (CONFIGURE, "remove", (RUNTIME,)),
    (INSTANCE, "GetSecrets"): (SECRETS, "get-secrets", ()),
    (INSTANCE, "Failover"): (OPERATE, "failover", (GLib.Variant("t", 300_000), 0)),
    (INSTANCE, "Hold"): (OPERATE, "hold", ("by another", 0)),
    (INSTANCE, "SetPriority"): (OPERATE, "set-priority", (GLib.Variant("y", 200), 0)),
    (INSTANCE, "Announce"): (OPERATE, "announce", (0,)),
    (STATISTICS, "Reset"): (OPERATE, "reset", (0,)),
}
GRANT = """polkit.addRule(function(action, subject) {
    if (/^org\\.vrrpd1\\./.test(action.id) && action.lookup("instance") == "failover_test" &&
        action.lookup("interface") == "eno1" && action.lookup("vrid") == "10" && action.lookup("family") == "ipv4" &&
        subject.user == "alice")
        return polkit.Result.YES;
});
"""
# Every question about "new", by verb, and the general ones.
SAY_YES_TO_NEW = """polkit.addRule(function(action, subject) {
    if (/^org\\.vrrpd1\\./.test(action.id) && action.lookup("instance") == "new" && action.lookup("vrid") == "30" &&
        subject.user == "alice")
        return polkit.Result.YES;
});
"""
GENERAL = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.operate" && subject.user == "bob")
        return polkit.Result.YES;
    if (action.id == "org.vrrpd1.configure" && subject.user == "bob")
        return polkit.Result.NO;
});
"""


@pytest.fixture(scope="module")
def bus(system, daemon, peer):
    os.chmod(daemon.instances, 0o2770)
    return Bus()


def target(interface, name):
    return MANAGER[0] if interface == MANAGER[1] else path_of(name)


def everything(bus):
    """What none of the calls may have changed."""
    keys = ("State", "Transitions", "Description", "Enabled", "EffectivePriority", "Holders", "Unsaved")
    return bus.names(), {name: [bus.properties(name)[key] for key in keys] for name in ("failover_test", "other")}


def test_the_table_is_complete():
    """Every method whose text says that it needs an action is tried here, with that action."""
    needs = {}
    for interface in (MANAGER[1], INSTANCE, STATISTICS):
        for method in ElementTree.parse(interface_file(interface)).getroot().iter("method"):
            text = method.find("annotation").get("value")
            for action in ACTIONS:
                if f"Needs {action}." in text:
                    needs[interface, method.get("name")] = action
    assert needs == {key: value[0] for key, value in METHODS.items()}


@pytest.mark.parametrize("user", ["alice", "bob", "daemon"])
def test_nobody_may_by_himself(bus, user):
    before = everything(bus)
    sent = bus.statistics("other")["AdvertisementsSent"]
    for (interface, method), (_, _, arguments) in METHODS.items():
        refusal = refusal_as(daemon_user() if user == "daemon" else user, target(interface, "other"), interface, method, *arguments)
        assert refusal and refusal[0] == INTERACTIVE, f"{method}: {refusal}"
        assert KEY not in refusal[1]
    assert everything(bus) == before
    assert bus.statistics("other")["AdvertisementsSent"] >= sent


def test_without_polkit_only_root_may(system, bus):
    before = everything(bus)
    system.stop_polkit()
    try:
        for (interface, method), (_, _, arguments) in METHODS.items():
            refusal = refusal_as("alice", target(interface, "other"), interface, method, *arguments)
            assert refusal and refusal[0] == DENIED, f"{method}: {refusal}"
        assert everything(bus) == before
        assert call_as("alice", *MANAGER, "GetPermissions") == (dict.fromkeys(ACTIONS, "no"),)
        assert bus.manager("GetPermissions") == (dict.fromkeys(ACTIONS, "yes"),)
        assert bus.instance("other", "SetPriority", GLib.Variant("y", 110), 0) == ()
        assert bus.instance("other", "SetPriority", GLib.Variant("y", 0), 0) == ()
        assert bus.instance("keyed", "GetSecrets") == ({"AuthenticationKey": KEY},)
    finally:
        system.start_polkit()


def test_one_instance_is_granted(system, daemon, bus, rule):
    """alice may do everything with one instance, and nothing with the others; bob nothing with any."""
    rule(GRANT)
    before = everything(bus)
    for (interface, method), (_, _, arguments) in METHODS.items():
        for user, name in (("alice", "other"), ("bob", "failover_test")):
            refusal = refusal_as(user, target(interface, name), interface, method, *arguments)
            assert refusal and refusal[0] == INTERACTIVE, f"{user}, {name}, {method}: {refusal}"
    assert everything(bus) == before

    def alice(method, *arguments, interface=INSTANCE):
        return call_as("alice", path_of("failover_test"), interface, method, *arguments)
    assert alice("GetSecrets") == ({},)
    assert alice("Update", settings(Description="by alice"), RUNTIME) == (0,)
    assert bus.properties("failover_test")["Description"] == "by alice"
    token = alice("Update", settings(Description=""), RUNTIME | CONFIRM)[0]
    assert refusal_as("bob", *MANAGER, "Confirm", GLib.Variant("t", token))[0] == INTERACTIVE
    assert call_as("alice", *MANAGER, "Confirm", GLib.Variant("t", token)) == ()
    assert alice("SetPriority", GLib.Variant("y", 111), 0) == ()
    wait_for(lambda: bus.properties("failover_test")["EffectivePriority"] == 111, 20, "the priority")
    assert alice("SetPriority", GLib.Variant("y", 0), 0) == ()
    assert alice("Announce", 0) == ()
    assert alice("Reset", 0, interface=STATISTICS) == ()
    holder = Holder("alice", "failover_test", "alice was here")
    assert holder.said == "held"
    assert bus.properties("failover_test")["Holders"][0][0] == "alice was here"
    holder.kill()
    wait_master(system, "failover_test")
    assert Holder("alice", "other", "not mine").said == INTERACTIVE
    assert alice("Failover", GLib.Variant("t", 300_000), 0) == ()
    wait_master(system, "failover_test")
    assert alice("Disable", RUNTIME) == ()
    wait_for(lambda: bus.properties("failover_test")["Enabled"] is False, 20, "it is disabled")
    assert alice("Enable", RUNTIME) == ()
    wait_master(system, "failover_test")
    # That she may add does not let her replace it.
    details = settings(Interface="eno1", VirtualRouterId=10, VirtualAddresses="192.168.120.30")
    assert refusal_as("alice", *MANAGER, "AddInstance", "failover_test", details, RUNTIME)[0] == ERROR + "InstanceExists"
    assert alice("Remove", RUNTIME) == ()
    wait_for(lambda: "failover_test" not in bus.names(), 20, "it is gone")
    assert bus.manager("Reload", 0)[0] == ["failover_test"]
    wait_master(system, "failover_test")
    assert bus.properties("other")["Transitions"] == before[1]["other"][1]


def test_what_a_rule_sees_of_a_new_one(bus, rule, daemon):
    """However a value is spelled, the rule sees what the instance will have."""
    rule(SAY_YES_TO_NEW)
    spelled = settings(Interface=" eno1 ", VirtualRouterId=" 30", VirtualAddresses="192.168.120.30", Enabled=False)
    assert call_as("alice", *MANAGER, "AddInstance", "new", spelled, RUNTIME) == (path_of("new"),)
    try:
        other = settings(Interface="eno1", VirtualRouterId=" 31", VirtualAddresses="192.168.120.30", Enabled=False)
        assert refusal_as("alice", *MANAGER, "AddInstance", "new", other, RUNTIME)[0] == INTERACTIVE
    finally:
        assert call_as("alice", path_of("new"), INSTANCE, "Remove", RUNTIME) == ()
    wait_for(lambda: "new" not in bus.names(), 20, "it is gone")
    assert file_text(daemon, "new") is None


@pytest.mark.parametrize("user, granted", [("alice", False), ("alice", True)])
def test_a_guessed_key_is_answered_alike(bus, rule, user, granted):
    """Whether the guess is right or wrong: the same answer, and for whom nothing is granted, before anybody looks."""
    rule(GRANT.replace("failover_test", "keyed").replace('"10"', '"12"') if granted else "// nothing\n")
    answers = []
    for guess in (KEY, KEY[:-1] + "x", "no", KEY):
        try:
            answers.append(call_as(user, path_of("keyed"), INSTANCE, "Update", settings(AuthenticationKey=guess), RUNTIME))
        except BusError as error:
            answers.append((error.name, error.text))
            assert KEY not in error.text
    assert len(set(answers)) == 1, answers
    assert answers[0] == (0,) if granted else INTERACTIVE in answers[0]
    assert bus.instance("keyed", "GetSecrets") == ({"AuthenticationKey": KEY},)


def test_permissions(system, bus, rule):
    rule(GRANT)
    rule(GENERAL)
    assert bus.manager("GetPermissions") == (dict.fromkeys(ACTIONS, "yes"),)
    # What is granted for one instance is not granted in general.
    assert call_as("alice", *MANAGER, "GetPermissions") == (dict.fromkeys(ACTIONS, "auth"),)
    assert call_as("bob", *MANAGER, "GetPermissions") == ({OPERATE: "yes", CONFIGURE: "no", SECRETS: "auth"},)


def test_permissions_ask_nobody(system, bus):
    """Also where the caller would let itself be asked."""
    screen = Terminal(as_user("bob", ["busctl", "--system", "--allow-interactive-authorization=yes", "call", NAME, *MANAGER,
                                      "GetPermissions"]), {"PATH": os.environ["PATH"], "TERM": "xterm"})
    assert '"auth"' in screen.finish()


def test_the_question_names_the_instance(daemon, bus):
    """What a person reads who is asked for a password."""
    vrrpctl = shutil.copy(binary("vrrpctl"), daemon.directory)
    screen = Terminal(as_user("bob", [vrrpctl, "failover", "other"]), {"PATH": os.environ["PATH"], "TERM": "xterm"}, status=1)
    screen.wait_text("assword:", 30)
    assert "Authentication is required to hand over the addresses of the virtual router other." in screen.text
    screen.type_secret("wrong")
    screen.finish()
    assert bus.properties("other")["State"] == "master"


def memory_holds(pid, secret):
    """Whether what a process may write to has these bytes somewhere."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(number, 16) for number in span.split("-"))
            if not rights.startswith("rw") or end - start > 1 << 30:  # that large are only a sanitizer's notes
                continue
            try:
                memory.seek(start)
                if secret in memory.read(end - start):
                    return True
            except OSError:  # reserved, without memory behind it
                continue
    return False


def test_keys_leave_nothing_behind(bus, daemon):
    """Neither a key that was refused, for whatever cause, nor one that was replaced stays in the daemon's memory."""
    long = "-".join("%05d" % (os.getpid() * i % 99991) for i in range(3, 20))
    assert bus.refusal(path_of("keyed"), INSTANCE, "Update", settings(AuthenticationKey=long), RUNTIME)[0] == ERROR + "InvalidSetting"
    # What is freed loses its beginning in any case.
    assert not memory_holds(daemon.process.pid, long[-40:].encode())
    refused, brief = "qZ7-%04d" % (os.getpid() % 10000), "Xk9+%04d" % (os.getpid() % 10000)
    assert refusal_as("bob", path_of("keyed"), INSTANCE, "Update", settings(AuthenticationKey=refused), RUNTIME)[0] == INTERACTIVE
    assert bus.instance("keyed", "Update", settings(AuthenticationKey=brief), RUNTIME) == (0,)
    assert memory_holds(daemon.process.pid, brief.encode()), "it is in use"
    assert bus.instance("keyed", "GetSecrets") == ({"AuthenticationKey": brief},)
    assert bus.instance("keyed", "Update", settings(AuthenticationKey=KEY), RUNTIME) == (0,)
    wait_for(lambda: not memory_holds(daemon.process.pid, brief.encode()), 20, "the replaced key is wiped")
    assert not memory_holds(daemon.process.pid, refused.encode())
