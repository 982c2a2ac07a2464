# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what: the real polkit decides, by rules that name a user, an instance and a verb."""
import os
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import ROUTERS, wait_master
from lab import wait_for
from methods import RUNTIME, call_as, refusal_as, settings
from nodes import SOURCE
from private_bus import DENIED, INSTANCE, INTERACTIVE, MANAGER, NAME, as_user, daemon_user, path_of

OPERATE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.operate" && action.lookup("instance") == "failover_test" &&
        action.lookup("interface") == "eno1" && action.lookup("vrid") == "10" &&
        action.lookup("family") == "ipv4" && action.lookup("verb") == "failover" && subject.user == "alice")
        return polkit.Result.YES;
});
"""
CONFIGURE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.configure" && action.lookup("verb") == "reload" && subject.user == "alice")
        return polkit.Result.YES;
});
"""
FORBID = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.operate" && subject.user == "bob")
        return polkit.Result.NO;
});
"""


def transitions(system):
    return {name: system.properties("root", name)["Transitions"] for name in ROUTERS}


@pytest.mark.parametrize("user", ["alice", "bob", "daemon"])
def test_refused_without_a_rule(system, daemon, user):
    before = transitions(system)
    user = daemon_user() if user == "daemon" else user
    for name in ROUTERS:
        assert system.refused(user, system.failover, name) == INTERACTIVE
    assert system.refused(user, system.reload) == INTERACTIVE
    assert system.refused(user, system.reload, 2) == INTERACTIVE
    assert transitions(system) == before


def test_a_rule_grants_one_instance_to_one_user(system, daemon, peer, rule):
    rule(OPERATE)
    before = transitions(system)
    assert system.refused("alice", system.failover, "other") == INTERACTIVE
    assert system.refused("bob", system.failover, "failover_test") == INTERACTIVE
    assert system.refused("alice", system.reload) == INTERACTIVE
    assert transitions(system) == before
    assert system.failover("alice", "failover_test", 5_000_000) == ()
    values = system.properties("alice", "failover_test")
    assert (values["State"], values["LastReason"]) == ("backup", "failover")
    assert values["MasterAddress"] == "192.168.120.2"
    wait_master(system, "failover_test")
    assert transitions(system)["other"] == before["other"]


def test_failover_tells_what_came_of_it(system, daemon, peer):
    """Not master: nothing to hand over. Nobody to hand over to: this router stays master, and says so."""
    assert system.failover("root", "other", 1_000_000) == ()
    assert system.refused("root", system.failover, "other") == "org.vrrpd1.Error.NotMaster"
    wait_master(system, "other")
    peer.stop()
    try:
        assert system.refused("root", system.failover, "other") == "org.vrrpd1.Error.NoPeer"
        assert system.properties("root", "other")["State"] == "master"
    finally:
        peer.start()
    assert system.properties("root", "other")["State"] == "master"


def test_a_rule_forbids(system, daemon, rule):
    rule(FORBID)
    assert system.refused("bob", system.failover, "other") == DENIED
    assert system.refused("alice", system.failover, "other") == INTERACTIVE


def test_reload_needs_configure(system, daemon, rule):
    rule(CONFIGURE)
    assert system.refused("bob", system.reload) == INTERACTIVE
    assert system.refused("alice", system.failover, "other") == INTERACTIVE
    assert system.reload("alice") == ([], [], [], [])
    daemon.write("later", Interface="eno1", VirtualRouterId=13, VirtualAddresses="192.168.120.6/21", Enabled="no")
    daemon.write("broken", "[Instance]\nInterface=eno1\nVirtualRouterId=300\n")
    added, changed, removed, errors = system.reload("alice", 2)
    assert (added, changed, removed) == (["later"], [], [])
    assert errors[0][0].endswith("broken.conf") and errors[0][1] == 3
    assert system.refused("root", system.properties, "later") == "org.freedesktop.DBus.Error.UnknownObject"
    assert system.reload("alice")[0] == ["later"]
    assert system.properties("bob", "later")["State"] == "initialize"
    assert system.properties("bob", "later")["Enabled"] is False
    daemon.remove("later")
    daemon.remove("broken")
    assert system.reload("alice") == ([], [], ["later"], [])


def test_bad_arguments_are_refused_before_the_question(system, daemon):
    assert system.refused("bob", lambda user: system.call(user, path_of("other"), INSTANCE, "Failover", "0", "1")) \
        == "org.freedesktop.DBus.Error.InvalidArgs"
    assert system.refused("bob", system.reload, 8) == "org.freedesktop.DBus.Error.InvalidArgs"


def test_nobody_is_there_to_ask(system, daemon):
    """The caller would let itself be asked, but there is no authentication agent (with one: test_vrrpctl_polkit.py)."""
    done = subprocess.run(as_user("alice", ["busctl", "--system", "--allow-interactive-authorization=yes", "call", NAME,
                                            "/org/vrrpd1", "org.vrrpd1.Manager", "Reload", "u", "2"]),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "Access denied" in done.stderr, done.stderr


def test_without_polkit_only_root_may(system, daemon):
    before = transitions(system)
    system.stop_polkit()
    try:
        assert system.refused("alice", system.failover, "other") == DENIED
        assert system.refused(daemon_user(), system.failover, "other") == DENIED
        assert system.refused("alice", system.reload) == DENIED
        assert transitions(system) == before
        assert system.reload("root") == ([], [], [], [])
        assert system.failover("root", "other", 300_000) == ()
    finally:
        system.start_polkit()
    wait_master(system, "other")


def test_polkit_hangs_and_dies_meanwhile(system, daemon, peer):
    """The call waits; VRRP and everybody else's reads do not; the end of polkit is a no."""
    before = transitions(system)
    system.polkit.send_signal(signal.SIGSTOP)
    call = subprocess.Popen(as_user("root", ["gdbus", "call", "--system", "-d", NAME, "-o", path_of("other"), "-m",
                                             f"{INSTANCE}.Failover", "0", "0"]), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    sent = system.call("root", path_of("other"), "org.vrrpd1.Statistics", "Get")[0]["AdvertisementsSent"]
    wait_for(lambda: system.call("bob", path_of("other"), "org.vrrpd1.Statistics", "Get")[0]["AdvertisementsSent"]
             >= sent + 10, 20, "adverts go on")
    assert call.poll() is None
    system.stop_polkit()
    assert call.wait(20) != 0
    assert DENIED in call.stdout.read()
    assert transitions(system) == before
    system.start_polkit()


def test_the_policy_file():
    """Nobody may anything without being asked, keys are asked for each time, and the daemon's user owns the actions."""
    keep = ["auth_admin", "auth_admin", "auth_admin_keep"]
    expected = {"org.vrrpd1.operate": keep, "org.vrrpd1.configure": keep, "org.vrrpd1.read-secrets": ["auth_admin"] * 3}
    found = {}
    for action in ElementTree.parse("/usr/share/polkit-1/actions/org.vrrpd1.policy").getroot().iter("action"):
        found[action.get("id")] = [action.find(f"defaults/allow_{who}").text for who in ("any", "inactive", "active")]
        assert action.find("annotate").get("key") == "org.freedesktop.policykit.owner"
        assert action.find("annotate").text == f"unix-user:{daemon_user()}"
    assert found == expected


def test_the_example_rules(system, daemon, peer, rule):
    """They do what they say: alice may do certain things with failover_test and nothing else."""
    with open(os.path.join(SOURCE, "polkit/examples/50-vrrp-operators.rules"), encoding="utf-8") as file:
        rule(file.read())

    def refusal(name, method, *arguments):
        return (refusal_as("alice", path_of(name), INSTANCE, method, *arguments) or [None])[0]
    change = (settings(Description="by the example"), RUNTIME)
    assert refusal("failover_test", "Update", *change) is None
    assert system.properties("root", "failover_test")["Description"] == "by the example"
    for name, method, arguments in (("other", "Update", change), ("failover_test", "Remove", (RUNTIME,)),
                                    ("failover_test", "GetSecrets", ()), ("failover_test", "Announce", (0,))):
        assert refusal(name, method, *arguments) == INTERACTIVE, method
    assert system.failover("alice", "failover_test", 300_000) == ()
    wait_master(system, "failover_test")
    assert refusal_as("bob", path_of("failover_test"), INSTANCE, "Update", *change)[0] == INTERACTIVE
    assert call_as("root", path_of("failover_test"), INSTANCE, "Update", settings(Description=""), RUNTIME) == (0,)
    assert refusal_as("alice", *MANAGER, "Reload", 0)[0] == INTERACTIVE
