# SPDX-License-Identifier: LGPL-2.1-or-later
"""polkit as it is in life: a rule that takes ten seconds, a polkitd that dies over it, a person who is asked for a password and
walks away. Whoever does not ask polkit does not notice, and VRRP least of all."""
import os
import shutil
import signal
import time

import pytest

from conftest import ROUTERS, wait_master
from ctl import Terminal
from lab import always, wait_for
from nodes import binary
from observe import Sniffer
from private_bus import DENIED, INSTANCE, as_user, path_of
from wire import BUS, CALL, ERROR, INTERACTIVE, REPLY, Wire, values

ALICE, BOB = 2001, 2002
PATH = path_of("other")
SLOW = """polkit.addRule(function(action, subject) {
    if (action.id == "org.vrrpd1.operate" && subject.user == "bob") {
        try {
            polkit.spawn(["/bin/sleep", "10"]);
        } catch (error) {
            polkit.log("slept too long: " + error);
        }
        return polkit.Result.YES;
    }
});
"""
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
GAP_LIMIT = 0.1 + 20 * 0.005


@pytest.fixture
def slow_rule(system):
    system.write_rule("10-slow", SLOW)
    system.stop_polkit()
    system.start_polkit()
    yield
    system.remove_rule("10-slow")
    system.stop_polkit()
    system.start_polkit()


@pytest.fixture(scope="module")
def sniffer(lab):
    return Sniffer(lab)


def transitions(system):
    return {name: system.properties("root", name)["Transitions"] for name in ROUTERS}


def check_adverts(sniffer, start):
    end = time.time()
    for vrid, _ in ROUTERS.values():
        times = [a.t for a in sniffer.sent(1, start) if a.vrid == vrid and a.t < end]
        gap = max(b - a for a, b in zip(times, times[1:]))
        print(f"VRID {vrid}: longest gap of {len(times)} adverts: {gap * 1e3:.1f} ms")
        assert gap < GAP_LIMIT
    assert not sniffer.sent(2, start)


def test_a_rule_that_takes_ten_seconds(system, daemon, sniffer, slow_rule):
    """SetPriority: allowed in the end. Reads, and questions that polkit need not think about, go on being answered."""
    before, start = transitions(system), time.time()
    with Wire(BOB) as caller, Wire(ALICE) as reader:
        asked = time.monotonic()
        serial = caller.send(PATH, INSTANCE, "SetPriority", "yu", 120, 0)

        def quick():
            begin = time.monotonic()
            reply = reader.get(PATH, INSTANCE, "EffectivePriority")
            return values(reply) == [110] and time.monotonic() - begin < 1
        always(quick, 8, "reads are answered, and nothing is done yet")
        assert caller.wait_reply(serial, 30).kind == REPLY
        took = time.monotonic() - asked
        print(f"the answer came after {took:.1f} s")
        assert took > 9
        wait_for(lambda: values(reader.get(PATH, INSTANCE, "EffectivePriority")) == [120], 20, "the priority is set")
    check_adverts(sniffer, start)
    assert transitions(system) == before
    assert system.call("root", PATH, INSTANCE, "SetPriority", "0", "0") == ()


def test_polkitd_dies_over_a_slow_rule(system, daemon, sniffer, slow_rule):
    before, start = transitions(system), time.time()
    with Wire(BOB) as caller, Wire(ALICE) as reader:
        serial = caller.send(PATH, INSTANCE, "SetPriority", "yu", 120, 0)
        always(lambda: reader.get(PATH, INSTANCE, "State").kind == REPLY, 1, "reads are answered")
        system.stop_polkit()
        reply = caller.wait_reply(serial)
        assert reply.kind == ERROR and reply.error == DENIED
        assert "polkit" in values(reply)[0]
        assert values(reader.get(PATH, INSTANCE, "EffectivePriority")) == [110]
    system.start_polkit()
    check_adverts(sniffer, start)
    assert transitions(system) == before


class Questions:
    """What is asked of polkit, from the bus's own view."""

    def __init__(self):
        self.wire = Wire()
        reply = self.wire.call(BUS[0], "org.freedesktop.DBus.Monitoring", "BecomeMonitor", "asu",
                               ["type='method_call',interface='org.freedesktop.PolicyKit1.Authority'"], 0, destination=BUS[1])
        assert reply.kind == REPLY

    def wait(self, member):
        while (message := self.wire.receive()).kind != CALL or message.member != member:
            pass


def test_a_client_leaves_while_polkit_is_asked(system, daemon):
    """The question is taken back, and nothing is done."""
    questions = Questions()
    system.polkit.send_signal(signal.SIGSTOP)
    try:
        with Wire() as caller:
            caller.send(PATH, INSTANCE, "SetPriority", "yu", 120, 0)
            questions.wait("CheckAuthorization")
        questions.wait("CancelCheckAuthorization")
    finally:
        system.polkit.send_signal(signal.SIGCONT)
        questions.wire.close()
    assert system.call("root", PATH, INSTANCE, "SetPriority", "111", "0") == ()
    assert system.properties("root", "other")["EffectivePriority"] == 111
    assert system.call("root", PATH, INSTANCE, "SetPriority", "0", "0") == ()


@pytest.fixture(scope="module", name="vrrpctl")
def fixture_vrrpctl(daemon):
    """Where every user may execute it, wherever the build folder is."""
    return shutil.copy(binary("vrrpctl"), daemon.directory)


def test_a_person_walks_away_from_the_password(system, daemon, sniffer, vrrpctl):
    """vrrpctl on a terminal, pkttyagent asks, and the terminal is closed: the question goes with it."""
    before, start = transitions(system), time.time()
    questions = Questions()
    screen = Terminal(as_user("bob", [vrrpctl, "failover", "--hold=1s", "other"]), ENVIRONMENT)
    screen.wait_text("assword:")
    questions.wait("CheckAuthorization")
    # Three seconds of thinking: VRRP does not wait for a person.
    always(lambda: system.properties("alice", "other")["State"] == "master", 3, "other is master")
    screen.process.kill()
    screen.process.wait()
    os.close(screen.master)
    questions.wait("CancelCheckAuthorization")
    questions.wire.close()
    check_adverts(sniffer, start)
    assert transitions(system) == before
    # And the next one is asked anew.
    screen = Terminal(as_user("bob", [vrrpctl, "failover", "--hold=1s", "other"]), ENVIRONMENT)
    screen.wait_text("assword:")
    screen.type_secret("sesame")
    assert "other: 192.168.120.2 is master now" in screen.finish()
    wait_master(system, "other")


def test_nobody_is_asked_without_an_agent(system, daemon):
    """The caller allows questions, but nobody is there to put them."""
    with Wire(BOB) as caller:
        reply = caller.call(PATH, INSTANCE, "SetPriority", "yu", 120, 0, flags=INTERACTIVE)
        assert reply.kind == ERROR and reply.error == DENIED, reply
        assert "authentication agent" in values(reply)[0]
