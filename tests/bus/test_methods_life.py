# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes in a bad hour: a thousand questions are before polkit, the caller leaves, the bus is killed in the middle of updates.
VRRP goes on, files are whole, and what nobody waits for is not done. More of it: test_life.py, test_polkit_life.py."""
import os
import re
import signal
import time

import pytest

from conftest import wait_master
from methods import RUNTIME, Bus, file_text, settings
from private_bus import INSTANCE, path_of
from wire import ERROR as WIRE_ERROR
from wire import REPLY, Wire, values

PATH = path_of("other")
LIMITS = "org.freedesktop.DBus.Error.LimitsExceeded"
PER_SENDER, TOTAL = 16, 1024


@pytest.fixture
def bus(system, daemon, peer):
    os.chmod(daemon.instances, 0o2770)
    wait_master(system, "other")
    return Bus()


class Frozen:
    """polkit thinks, and does not answer, for as long as this is open."""

    def __init__(self, system):
        self.process = system.polkit

    def __enter__(self):
        self.process.send_signal(signal.SIGSTOP)

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGCONT)


def send_update(caller, **change):
    """Does not wait. What is sent after it on the same connection is read after it."""
    return caller.send(PATH, INSTANCE, "Update", "a{sv}u", change, RUNTIME)


def arrived(caller):
    assert caller.get(PATH, INSTANCE, "State").kind == REPLY


def test_the_caller_leaves(bus, daemon, system):
    """Root's call would be allowed, but nobody is there any more."""
    with Frozen(system):
        with Wire() as caller:
            send_update(caller, Description="nobody wants it")
            arrived(caller)
    # An update of another key is asked about and done after it.
    bus.instance("other", "Update", settings(Preempt=True), RUNTIME)
    assert bus.properties("other")["Description"] == ""


def test_a_thousand_questions(bus, daemon, system):
    """Bounded for one caller and in all; whoever is above learns it at once, all others are answered when polkit has the time."""
    callers = [Wire() for _ in range(TOTAL // PER_SENDER + 2)]
    asked, refused = [], []
    with Frozen(system):
        for caller in callers:
            serials = [send_update(caller, Description="crowd") for _ in range(PER_SENDER + 1)]
            arrived_at = caller.send(PATH, "org.freedesktop.DBus.Properties", "Get", "ss", INSTANCE, "State")
            while (message := caller.receive()).reply_to != arrived_at:
                if message.kind == WIRE_ERROR:
                    assert message.error == LIMITS, message
                    refused.append(message.reply_to)
                    serials.remove(message.reply_to)
            asked.append((caller, serials))
        assert sum(len(serials) for _, serials in asked) == TOTAL
        assert len(refused) == len(callers) * (PER_SENDER + 1) - TOTAL
        assert bus.properties("other")["State"] == "master"
    for caller, serials in asked:
        for serial in serials:
            reply = caller.wait_reply(serial)
            assert reply.kind == REPLY, (reply, values(reply))
        caller.close()
    assert bus.instance("other", "Update", settings(Description=""), RUNTIME) == (0,)


def test_the_bus_is_killed_in_the_middle_of_updates(bus, daemon, system, peer):
    """Again and again: the file is always one of those that were asked for, from the first line to the last."""
    transitions = bus.properties("other")["Transitions"]
    for round_ in range(6):
        caller = Wire()
        serials = [caller.send(PATH, INSTANCE, "Update", "a{sv}u", {"Description": f"{round_}-{i}-" + "x" * 300}, 0)
                   for i in range(12)]
        caller.wait_reply(serials[round_])
        system.kill_bus()
        caller.close()
        assert daemon.running()
        text = file_text(daemon, "other")
        assert re.fullmatch(rf"\[Instance\]\n(\w+=[^\n]+\n)*Description={round_}-\d+-x{{300}}\n(\w+=[^\n]+\n)*", text), text
        assert "VirtualRouterId=11\n" in text and "VirtualAddresses=192.168.120.4/21\n" in text
        assert restart(system) < 1, "the name is back within a second"
        assert [name for name in os.listdir(daemon.instances) if not name.endswith(".conf")] == []
    again = Bus()
    assert again.properties("other")["Transitions"] == transitions
    # What runs is what the file says.
    assert again.manager("Reload", 0)[:3] == ([], [], [])
    assert again.instance("other", "Update", settings(Description=""), 0) == (0,)


def restart(system):
    """A new bus, and with it a new polkit. Returns how long after the bus the daemon's name was there."""
    system.polkit.kill()
    system.polkit.wait()
    system.start_bus()
    start = time.monotonic()
    system.wait_name()
    took = time.monotonic() - start
    system.start_polkit()
    return took
