# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.freedesktop.LogControl1: what `systemctl service-log-level vrrpd.service debug` asks for."""
import os
import re
import signal
import subprocess

import pytest

from nodes import SOURCE
from private_bus import INTERACTIVE, NAME, PROPERTIES
from wire import ERROR, REPLY, SIGNAL, Wire, changed_properties, values

PATH, INTERFACE = "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1"
ALICE = 2001
INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.configure" && action.lookup("verb") == "log-level" && subject.user == "alice")
        return polkit.Result.YES;
});
"""


def get(system, name):
    return system.call("bob", PATH, PROPERTIES, "Get", INTERFACE, name)[0]


def set_property(system, user, name, word, signature="s"):
    value = f"<'{word}'>" if signature == "s" else f"<{signature} {word}>"
    return system.call(user, PATH, PROPERTIES, "Set", INTERFACE, name, value)


@pytest.fixture(name="restored")
def fixture_restored(system, daemon):
    yield
    set_property(system, "root", "LogLevel", "info")
    set_property(system, "root", "LogTarget", "auto")


def test_what_it_says(system, daemon):
    assert [get(system, name) for name in ("LogLevel", "LogTarget", "SyslogIdentifier")] == ["info", "auto", "vrrpd"]
    text = system.call("bob", PATH, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
    found = re.findall(r'<property name="(\w+)" type="(\w+)" access="(\w+)"', text)
    assert sorted(found) == [("LogLevel", "s", "readwrite"), ("LogTarget", "s", "readwrite"), ("SyslogIdentifier", "s", "read")]


def reload_is_logged(system, daemon):
    """Whether a message of level notice comes out."""
    before = daemon.log()
    system.reload("root")
    return "Reloaded" in daemon.log()[len(before):]


@pytest.mark.parametrize("level,shown", [("debug", True), ("info", True), ("notice", True), ("warning", False), ("err", False),
                                         ("crit", False), ("alert", False), ("emerg", False)])
def test_levels(system, daemon, restored, level, shown):
    assert set_property(system, "root", "LogLevel", level) == ()
    assert get(system, "LogLevel") == level
    assert reload_is_logged(system, daemon) == shown


@pytest.mark.parametrize("target,shown", [("auto", True), ("console", True), ("null", False), ("journal", True)])
def test_targets(system, daemon, restored, target, shown):
    """The journal is not there: then the lines go to stderr all the same."""
    assert set_property(system, "root", "LogTarget", target) == ()
    assert get(system, "LogTarget") == target
    assert reload_is_logged(system, daemon) == shown


def test_changes_are_announced_once(system, daemon, restored):
    with Wire(ALICE) as wire:
        wire.add_match(f"type='signal',sender='{NAME}',path='{PATH}'")
        for level in ("notice", "notice", "debug"):
            set_property(system, "root", "LogLevel", level)
        seen = []
        while {"LogLevel": "debug"} not in seen:
            message = wire.receive()
            if message.kind == SIGNAL and message.member == "PropertiesChanged":
                seen.append(changed_properties(message))
        assert seen == [{"LogLevel": "notice"}, {"LogLevel": "debug"}]


@pytest.mark.parametrize("name,word,text", [
    ("LogLevel", "loud", "LogLevel='loud': valid are emerg, alert, crit, err, warning, notice, info, debug."),
    ("LogLevel", "", "LogLevel='': valid are"),
    ("LogTarget", "kmsg", "LogTarget='kmsg': valid are auto, journal, console, null."),
])
def test_words_that_are_not_valid(system, daemon, name, word, text):
    """Said before anybody is asked: bob may not set it anyway."""
    with Wire(ALICE) as wire:
        reply = wire.call(PATH, PROPERTIES, "Set", "ssv", INTERFACE, name, word)
        assert reply.kind == ERROR and reply.error == INVALID_ARGS
        assert text in values(reply)[0]


def refused(system, user, *arguments):
    return system.refused(user, lambda who: set_property(system, who, *arguments))


def test_what_cannot_be_set(system, daemon):
    assert refused(system, "root", "LogLevel", "7", "int32") == INVALID_ARGS
    assert refused(system, "root", "SyslogIdentifier", "other") == "org.freedesktop.DBus.Error.PropertyReadOnly"
    assert refused(system, "root", "LogColour", "red") == "org.freedesktop.DBus.Error.UnknownProperty"
    with Wire(ALICE) as wire:
        reply = wire.call(PATH, PROPERTIES, "Set", "ss", INTERFACE, "LogLevel")
        assert reply.kind == ERROR
    assert get(system, "LogLevel") == "info"


def test_who_may(system, daemon, restored):
    for user in ("alice", "bob"):
        assert refused(system, user, "LogLevel", "debug") == INTERACTIVE
        assert refused(system, user, "LogTarget", "null") == INTERACTIVE
    system.write_rule("10-log", RULE)
    system.stop_polkit()
    system.start_polkit()
    try:
        assert refused(system, "alice", "LogLevel", "debug") is None
        assert refused(system, "alice", "LogTarget", "null") == INTERACTIVE
        assert refused(system, "bob", "LogLevel", "err") == INTERACTIVE
    finally:
        system.remove_rule("10-log")
        system.stop_polkit()
        system.start_polkit()
    assert get(system, "LogLevel") == "debug"


def test_nobody_waits_while_polkit_thinks(system, daemon, restored):
    with Wire() as setter, Wire(ALICE) as reader:
        system.polkit.send_signal(signal.SIGSTOP)
        serial = setter.send(PATH, PROPERTIES, "Set", "ssv", INTERFACE, "LogLevel", "err")
        for _ in range(100):
            assert values(reader.get(PATH, INTERFACE, "LogLevel", timeout=5)) == ["info"]
        system.polkit.send_signal(signal.SIGCONT)
        assert setter.wait_reply(serial).kind == REPLY
        assert values(reader.get(PATH, INTERFACE, "LogLevel")) == ["err"]


def test_the_command_line_knows_the_same_levels(daemon):
    for level, status in (("crit", 0), ("loud", 2)):
        done = subprocess.run([daemon.binary, f"--log-level={level}", "--version"], capture_output=True, text=True, check=False)
        assert done.returncode == status
    assert "use emerg, alert, crit, err, warning, notice, info or debug" in done.stderr


def test_systemctl_finds_it():
    """It takes the name from the unit."""
    with open(os.path.join(SOURCE, "data/vrrpd.service.in"), encoding="utf-8") as file:
        assert f"\nBusName={NAME}\n" in file.read()
