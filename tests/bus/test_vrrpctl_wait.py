# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl's verbs that stay: wait, hold, and monitor --exec, also while the daemon or the bus restarts."""
import json
import os
import signal
import subprocess
import time

import pytest
from gi.repository import GLib

from ctl import Background, command, ctl, environment, solo_node, terminal
from lab import Lab, VIP, wait_for
from nodes import Vrrpd


@pytest.fixture(scope="module", name="solo")
def fixture_solo():
    with Lab(routers=1, clients=0) as lab:
        yield lab, solo_node(lab)


@pytest.fixture(name="node")
def fixture_node(solo):
    """lan-v4 is master; another router is not there."""
    lab, node = solo
    lab.plug(1)
    node.wait_state("master", 10, "lan-v4")
    return node


@pytest.fixture(scope="module", name="routers")
def fixture_routers():
    """Two routers with one instance."""
    with Lab(routers=2, clients=0) as lab:
        nodes = [Vrrpd(lab, 1), Vrrpd(lab, 2)]
        for node, priority in zip(nodes, (200, 100)):
            node.write("lan", Interface="eno1", VirtualRouterId=10, Priority=priority, AdvertisementInterval="100ms",
                       VirtualAddresses=f"{VIP}/21")
            node.start()
            wait_for(node.on_bus, 10, "the bus name")
        yield nodes


@pytest.fixture(name="pair")
def fixture_pair(routers):
    """Node 1 is master."""
    routers[0].wait_state("master", 10, "lan")
    routers[1].wait_state("backup", 10, "lan")
    wait_for(lambda: not routers[1].properties("lan")["Releasing"], 10, "the end of a handover")
    return routers


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ends(background, status, timeout=20):
    assert background.process.wait(timeout) == status, list(background.lines.queue)


# -- wait

def test_wait_for_what_is(node):
    started = time.monotonic()
    assert ctl(node, "wait", "lan-v4", "master") == ("", "")
    assert ctl(node, "wait", "off", "initialize", "--timeout=20s") == ("", "")
    assert time.monotonic() - started < 10


def test_wait_for_what_comes(solo, node):
    lab, _ = solo
    lab.unplug(1)
    node.wait_state("initialize", 10, "lan-v4")
    with Background(node, "wait", "lan-v4", "backup") as brief, Background(node, "wait", "lan-v4", "master") as last:
        wait_for(lambda: listeners(node) == 2, 10, "both listen")
        lab.plug(1)
        ends(brief, 0)
        ends(last, 0)
        assert brief.lines.empty() and last.lines.empty()


def listeners(node):
    """How many clients of the bus listen to signals of vrrpd as wait does: with four match rules."""
    def call(interface, method, parameters=None):
        return node.bus.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", interface, method, parameters,
                                             None, 0, 5000, None).unpack()[0]

    count = 0
    for name in call("org.freedesktop.DBus", "ListNames"):
        try:
            stats = call("org.freedesktop.DBus.Debug.Stats", "GetConnectionStats", GLib.Variant("(s)", (name,)))
        except GLib.Error as error:  # it left meanwhile, or it is the bus itself
            assert "NameHasNoOwner" in error.message or name == "org.freedesktop.DBus", error.message
            continue
        count += name.startswith(":") and stats["MatchRules"] == 4
    return count


def test_wait_times_out(node):
    started = time.monotonic()
    out, err = ctl(node, "wait", "lan-v4", "backup", "--timeout=300ms", status=3)
    assert out == "" and err == "Failed to wait: after 300ms lan-v4 is master, and was not backup.\n"
    assert 0.3 <= time.monotonic() - started < 5


def test_wait_costs_nothing(node):
    with Background(node, "wait", "lan-v4", "backup", "--timeout=1s") as waiting:
        os.waitid(os.P_PID, waiting.process.pid, os.WEXITED | os.WNOWAIT)
        assert processor_seconds(waiting.process.pid) <= 0.4  # its start; asking again and again takes it all
        ends(waiting, 3)


def test_wait_times_out_while_the_daemon_hangs(node):
    node.signal(signal.SIGSTOP)
    try:
        _, err = ctl(node, "wait", "lan-v4", "master", "--timeout=300ms", status=3)
        assert err == "Failed to wait: after 300ms vrrpd still does not say what lan-v4 is.\n"
    finally:
        node.signal(signal.SIGCONT)


def test_wait_for_nothing(node):
    _, err = ctl(node, "wait", "nothing", "master", status=1)
    assert err == "Failed to wait for nothing: there is no such instance; vrrpctl list names them all\n"


def test_wait_for_what_is_removed(node):
    node.write("new", Interface="eth9", VirtualRouterId=99, VirtualAddresses="192.168.120.99")
    try:
        ctl(node, "reload")
        with Background(node, "wait", "new", "master") as waiting:
            wait_for(lambda: listeners(node) == 1, 10, "it listens")
            node.remove("new")
            ctl(node, "reload")
            assert waiting.line() == "Failed to wait: instance new was removed."
            ends(waiting, 1)
    finally:
        if os.path.exists(f"{node.instances}/new.conf"):
            node.remove("new")
            ctl(node, "reload")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_wait_while_the_daemon_restarts(solo, node, how):
    lab, _ = solo
    lab.unplug(1)
    node.wait_state("initialize", 10, "lan-v4")
    with Background(node, "wait", "lan-v4", "master") as waiting:
        wait_for(lambda: listeners(node) == 1, 10, "it listens")
        getattr(node, how)()
        assert waiting.line() == "vrrpd has gone; waiting for it."
        lab.plug(1)
        node.start()
        ends(waiting, 0)


def test_wait_while_the_bus_restarts(solo, node):
    lab, _ = solo
    lab.unplug(1)
    node.wait_state("initialize", 10, "lan-v4")
    with Background(node, "wait", "lan-v4", "master") as waiting, Background(node, "wait", "lan-v4", "backup", "-q",
                                                                             "--timeout=2s") as limited:
        wait_for(lambda: listeners(node) == 2, 10, "they listen")
        node.bus.stop()
        assert waiting.line() == "The system bus has gone; waiting for it."
        assert limited.line() == "Failed to wait: after 2s vrrpd still does not say what lan-v4 is."
        ends(limited, 3)
        node.bus.start()
        wait_for(node.on_bus, 20, "vrrpd back on the bus")
        lab.plug(1)
        ends(waiting, 0)


def test_wait_for_the_daemon():
    with Lab(routers=1, clients=0) as lab:
        node = Vrrpd(lab, 1)
        node.write("lan", Interface="eth9", VirtualRouterId=1, VirtualAddresses="192.168.120.7")
        with Background(node, "wait", "lan", "initialize") as waiting:
            assert waiting.line() == "vrrpd is not running; waiting for it."
            node.start()
            ends(waiting, 0)


# -- hold

def holders(node, name="lan"):
    return [(reason, bus_name) for reason, bus_name, _ in node.properties(name)["Holders"]]


def held(node, name="lan"):
    return [reason for reason, _ in holders(node, name)]


class Holding:
    """vrrpctl hold with a command that says that it runs, and ends when stdin does."""

    def __init__(self, node, *command_words, options=(), name="lan"):
        words = command_words or ("sh", "-c", "echo runs $$; read line; exit 7")
        self.node = node
        self.process = subprocess.Popen(command(node, "hold", *options, name, "--", *words), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(node))

    def started(self):
        """The pid of the command."""
        line = self.process.stdout.readline()
        assert line.startswith("runs "), self.process.stderr.read()
        return int(line.split()[1])

    def end(self, status):
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == status, (out, err)
        return out, err

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def test_hold(pair):
    first, second = pair
    with Holding(first, options=["--why=an upgrade"]) as holding:
        pid = holding.started()
        assert first.state("lan") == "backup" and second.state("lan") == "master"
        assert first.properties("lan")["LastReason"] == "hold"
        assert held(first) == ["an upgrade"]
        out, _ = ctl(first, "status", "lan")
        assert "Held: an upgrade (" in out
        assert [h["Reason"] for h in json.loads(ctl(first, "show", "lan", "-j")[0])["Holders"]] == ["an upgrade"]
        # Nothing of ours is open in the command.
        assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            assert "SigBlk:\t0000000000000000" in file.read()
        assert holding.end(7) == ("", "")
    wait_for(lambda: not held(first), 5, "the end of the hold")
    first.wait_state("master", 10, "lan")


def test_hold_by_several(pair):
    first, _ = pair
    with Holding(first) as one, Holding(first, options=["--why=two"]) as two:
        one.started(), two.started()
        assert sorted(held(first)) == ["two", "vrrpctl hold: sh"]
        one.end(7)
        wait_for(lambda: held(first) == ["two"], 5, "the end of one")
        assert first.state("lan") == "backup"
        two.end(7)
    wait_for(lambda: not held(first), 5, "the end of both")


@pytest.mark.parametrize("words, status", [(["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -TERM $$"], 143),
                                           (["sh", "-c", "kill -KILL $$"], 137)])
def test_the_exit_status_is_the_commands(node, words, status):
    assert ctl(node, "hold", "off", *words, status=status) == ("", "")


def test_hold_without_another_router(node):
    out, err = ctl(node, "hold", "lan-v4", "--", "echo", "never", status=1)
    assert out == "" and err.startswith("Failed to hold lan-v4: ") and "Hint: is vrrpd running on the other router" in err
    assert not held(node, "lan-v4")
    node.wait_state("master", 10, "lan-v4")
    _, err = ctl(node, "hold", "nothing", "--", "true", status=1)
    assert err.startswith("Failed to hold nothing: there is no such instance")


@pytest.mark.parametrize("text, status, why", [("#!/nonexistent\n", 127, "No such file or directory"),
                                               ("#!/dev/null\n", 126, "Permission denied")])
def test_a_command_that_cannot_be_executed(node, tmp_path, text, status, why):
    path = tmp_path / "program"
    path.write_text(text)
    path.chmod(0o755)
    _, err = ctl(node, "hold", "off", "--", path, status=status)
    assert err == f"Failed to run {path}: {why}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(node, number):
    script = f"trap 'echo got; exit 9' {number.name[3:]}; echo runs $$; while :; do sleep 0.05; done"
    # A shell cannot catch what was ignored when it started, as SIGHUP is below nohup.
    with Holding(node, "env", "--default-signal", "sh", "-c", script, name="off") as holding:
        holding.started()
        holding.process.send_signal(number)
        assert holding.end(9) == ("got\n", "")
    wait_for(lambda: not held(node, "off"), 5, "the end of the hold")


def test_an_interrupt_of_the_terminal_comes_once(node):
    """vrrpctl gets it too, later here, and must not pass it on: the signal behind it says when it has been looked at."""
    script = "count=0; trap 'count=$((count+1)); echo got $count' INT; trap 'echo then' USR1; echo runs; read line; echo end $line"
    screen = terminal(node, "hold", "off", "--", "bash", "-c", script)
    screen.wait_text("runs")
    screen.process.send_signal(signal.SIGSTOP)
    os.write(screen.master, b"\x03")
    screen.wait_text("got 1")
    screen.process.send_signal(signal.SIGUSR1)
    screen.process.send_signal(signal.SIGCONT)
    screen.wait_text("then")
    os.write(screen.master, b"word\n")
    text = screen.finish()
    assert "end word" in text and "got 2" not in text


def test_the_command_ends_with_vrrpctl(node):
    with Holding(node, name="off") as holding:
        pid = holding.started()
        holding.process.kill()
        wait_for(lambda: not os.path.exists(f"/proc/{pid}") or state_of(pid) == "Z", 10, "the end of the command")
    wait_for(lambda: not held(node, "off"), 5, "the end of the hold")


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def test_what_the_command_leaves_behind_does_not_hold(node):
    """A child that lives on has no copy of the descriptor."""
    with Holding(node, "sh", "-c", "sleep 60 >&- 2>&- <&- & echo runs $!", name="off") as holding:
        pid = holding.started()
        try:
            holding.end(0)
            wait_for(lambda: not held(node, "off"), 5, "the end of the hold")
            assert state_of(pid) in "RSD"
        finally:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_hold_while_the_daemon_restarts(node, how):
    with Holding(node, name="off") as holding:
        holding.started()
        getattr(node, how)()
        assert holding.process.stderr.readline() == "vrrpd has gone: off is not held until it is back.\n"
        node.start()
        assert holding.process.stderr.readline() == "vrrpd is back: off is held.\n"
        assert held(node, "off") == ["vrrpctl hold: sh"]
        assert holding.end(7) == ("", "")
    wait_for(lambda: not held(node, "off"), 5, "the end of the hold")


# -- monitor --exec

def environment_words(path):
    """What the command was told, one dictionary for each run."""
    if not path.exists():
        return []
    return [dict(word.split("=", 1) for word in line.split()) for line in path.read_text().splitlines()]


WRITE = "env | grep ^VRRP_ | sort | tr '\\n' ' ' >>{0}; echo >>{0}"


def exec_of(script):
    return "--exec=sh -c \"" + script.replace("\\", "\\\\").replace("$", "\\$").replace('"', '\\"') + "\""


def test_exec(solo, node, tmp_path):
    lab, _ = solo
    log = tmp_path / "log"
    before = node.properties("lan-v4")["Transitions"]
    with Background(node, "monitor", "-q", "lan-v4", exec_of(WRITE.format(log))) as monitor:
        wait_for(lambda: len(environment_words(log)) == 1, 10, "the first state")
        lab.unplug(1)
        wait_for(lambda: len(environment_words(log)) == 2, 10, "the transition")
        assert monitor.lines.empty()
    told = environment_words(log)
    assert told[0] == {"VRRP_INSTANCE": "lan-v4", "VRRP_STATE": "master", "VRRP_OLD_STATE": "", "VRRP_REASON": "no-response",
                       "VRRP_TRANSITION": str(before), "VRRP_MISSED": "0"}
    assert told[1] == {"VRRP_INSTANCE": "lan-v4", "VRRP_STATE": "initialize", "VRRP_OLD_STATE": "master",
                       "VRRP_REASON": "interface-down", "VRRP_TRANSITION": str(before + 1), "VRRP_MISSED": "0"}


def test_exec_of_a_slow_command(solo, node, tmp_path):
    """One at a time; the latest state wins; what was left out is counted."""
    lab, _ = solo
    log, gate = tmp_path / "log", tmp_path / "gate"
    os.mkfifo(gate)
    script = f"{WRITE.format(log)}; read line <{gate}"
    with Background(node, "monitor", "-q", "lan-v4", exec_of(script)):
        wait_for(lambda: len(environment_words(log)) == 1, 10, "the first state")
        lab.unplug(1)
        node.wait_state("initialize", 10, "lan-v4")
        lab.plug(1)
        node.wait_state("master", 10, "lan-v4")
        with Background(node, "monitor", "lan-v4") as second:
            second.line()  # its states came behind all of these transitions
        assert len(environment_words(log)) == 1
        gate.write_text("\n")
        wait_for(lambda: len(environment_words(log)) == 2, 10, "the last state")
        told = environment_words(log)[1]
        assert (told["VRRP_STATE"], told["VRRP_OLD_STATE"], told["VRRP_MISSED"]) == ("master", "backup", "2")
        gate.write_text("\n")


def test_exec_after_a_restart(node, tmp_path):
    """The command is not told again what it knows."""
    log = tmp_path / "log"
    with Background(node, "monitor", "off", "lan-v4", exec_of(WRITE.format(log))) as monitor:
        wait_for(lambda: len(environment_words(log)) == 2, 10, "the first states")
        node.kill()
        monitor.line_with("vrrpd has gone")
        node.start()
        monitor.line_with("backup -> master")
        wait_for(lambda: environment_words(log)[-1]["VRRP_STATE"] == "master" and len(environment_words(log)) > 2, 10, "master")
    told = environment_words(log)
    assert sum(t["VRRP_INSTANCE"] == "off" for t in told) == 1


def test_exec_tells_what_fails(node):
    with Background(node, "monitor", "-q", "off", "--exec=sh -c 'exit 3'") as monitor:
        assert monitor.line() == "off: sh failed with exit status 3."
    with Background(node, "monitor", "-q", "off", "--exec=sh -c 'kill -9 $$'") as monitor:
        assert monitor.line() == "off: sh was ended by signal 9 (Killed)."


def test_exec_gets_nothing_of_ours(node, tmp_path):
    log = tmp_path / "log"
    with Background(node, "monitor", "-q", "off", f"--exec=sh -c 'readlink /proc/$$/fd/0 >{log}; ls /proc/$$/fd | tr \"\\n\" \" \" >>{log}'"):
        wait_for(lambda: log.exists() and log.read_text().count("\n") and log.read_text().endswith(" "), 10, "the list")
    assert log.read_text().startswith("/dev/null\n")
    assert {"0", "1", "2"} == set(log.read_text().split()[1:]) & {"0", "1", "2"}
    assert len(log.read_text().split()[1:]) <= 4


def test_exec_without_a_shell(node, tmp_path):
    """Nothing in a word is a command."""
    with Background(node, "monitor", "-q", "off", f"--exec=echo $VRRP_STATE ; touch {tmp_path}/made") as monitor:
        assert monitor.line() == f"$VRRP_STATE ; touch {tmp_path}/made"
    assert not (tmp_path / "made").exists()
