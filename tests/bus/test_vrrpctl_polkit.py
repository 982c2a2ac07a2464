# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl with the real polkit: who is refused and what is said, who is asked for a password, who is allowed."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import wait_master
from ctl import Terminal
from nodes import binary
from private_bus import as_user

RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.operate" && action.lookup("instance") == "failover_test" && subject.user == "bob")
        return polkit.Result.YES;
});
"""
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}


@pytest.fixture(scope="module", name="vrrpctl")
def fixture_vrrpctl(daemon):
    """Where every user may execute it, wherever the build folder is."""
    return shutil.copy(binary("vrrpctl"), daemon.directory)


def on_terminal(vrrpctl, user, *arguments, status=0):
    return Terminal(as_user(user, [vrrpctl, *arguments]), ENVIRONMENT, status)


def ctl(vrrpctl, user, *arguments, status=0):
    done = subprocess.run(as_user(user, [vrrpctl, *arguments]), capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    assert done.returncode == status, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


@pytest.fixture
def rule_for_bob(system):
    system.write_rule("10-bob", RULE)
    system.stop_polkit()
    system.start_polkit()
    yield
    system.remove_rule("10-bob")
    system.stop_polkit()
    system.start_polkit()


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_without_rights(system, daemon, vrrpctl, user):
    before = system.properties("root", "failover_test")["Transitions"]
    out, err = ctl(vrrpctl, user, "failover", "failover_test", status=1)
    assert out == ""
    assert re.match("Failed to fail over failover_test: ", err)
    assert "Hint: this needs the polkit action org.vrrpd1.operate. Run it as root, or have a rule allow it" in err
    out, err = ctl(vrrpctl, user, "--no-ask-password", "failover", "failover_test", status=1)
    assert "org.vrrpd1.operate" in err and "without --no-ask-password, polkit asks for the password" in err
    out, err = ctl(vrrpctl, user, "--no-ask-password", "reload", status=1)
    assert err.startswith("Failed to reload the settings: ") and "org.vrrpd1.configure" in err
    assert system.properties("root", "failover_test")["Transitions"] == before


def test_everybody_may_look(daemon, vrrpctl):
    assert "failover_test" in ctl(vrrpctl, "bob", "list")[0]
    assert "State: master" in ctl(vrrpctl, "bob", "status", "other")[0]


def test_a_rule_for_one_instance(system, daemon, vrrpctl, rule_for_bob):
    out, err = ctl(vrrpctl, "bob", "failover", "--hold=1s", "failover_test")
    assert re.fullmatch(r"failover_test: 192\.168\.120\.2 is master now \(priority 100\)\.\n", out) and err == ""
    wait_master(system, "failover_test")
    _, err = ctl(vrrpctl, "bob", "failover", "other", status=1)
    assert "org.vrrpd1.operate" in err
    assert system.properties("root", "other")["State"] == "master"


def test_the_password_of_an_administrator(system, daemon, vrrpctl):
    """alice is one; bob runs vrrpctl and types her password."""
    screen = on_terminal(vrrpctl, "bob", "failover", "--hold=1s", "failover_test")
    screen.wait_text("assword:")
    assert "org.vrrpd1.operate" in screen.text
    screen.type_secret("sesame")
    out = screen.finish()
    assert "failover_test: 192.168.120.2 is master now (priority 100).\n" in out
    wait_master(system, "failover_test")


def test_a_wrong_password(system, daemon, vrrpctl):
    screen = on_terminal(vrrpctl, "bob", "failover", "failover_test", status=1)
    screen.wait_text("assword:")
    screen.type_secret("wrong")
    out = screen.finish()
    assert "Failed to fail over failover_test: " in out and "org.vrrpd1.operate" in out
    assert system.properties("root", "failover_test")["State"] == "master"


def test_nobody_is_asked_when_told(system, daemon, vrrpctl):
    out = on_terminal(vrrpctl, "bob", "--no-ask-password", "failover", "failover_test", status=1).finish()
    assert "assword:" not in out.replace("without --no-ask-password, polkit asks for the password", "")
    assert "Failed to fail over failover_test: " in out


def test_a_hold_with_the_password_of_an_administrator(system, daemon, vrrpctl):
    """It is asked for before the command runs, and the agent has gone when it does: the terminal is the command's."""
    script = "ps -A -o comm= | grep -c pkttyagent; echo runs; read line; echo got $line; exit 5"
    screen = on_terminal(vrrpctl, "bob", "hold", "other", "--", "sh", "-c", script, status=5)
    screen.wait_text("assword:")
    screen.type_secret("sesame")
    screen.wait_text("0\nruns\n")
    assert system.properties("root", "other")["State"] == "backup"
    os.write(screen.master, b"words\n")
    assert "got words" in screen.finish()
    wait_master(system, "other")


def test_settings_with_the_password_of_an_administrator(system, daemon, vrrpctl):
    screen = on_terminal(vrrpctl, "bob", "set", "other", "--runtime", "MissedAdverts=4")
    screen.wait_text("assword:")
    assert "org.vrrpd1.configure" in screen.text
    screen.type_secret("sesame")
    assert "other was changed until vrrpd restarts.\n" in screen.finish()
