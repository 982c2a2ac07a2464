# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of org.vrrpd1(5) run as they stand, and print what the page shows."""
import os
import shlex
import subprocess

import pytest

from conftest import wait_master
from examples import blocks, fits
from lab import wait_for
from nodes import SOURCE
from private_bus import DENIED, INTERACTIVE, as_user, path_of

with open(os.path.join(SOURCE, "man/org.vrrpd1.5.rst"), encoding="utf-8") as page:
    PAGE = page.read()
EXAMPLES, OUTPUTS = blocks(PAGE, "example"), blocks(PAGE, "output")
# These go on until they are stopped: a transition happens meanwhile.
# They are ready when they say so:
WATCHERS = {"monitor-busctl.sh": "Monitoring bus message stream", "monitor-gdbus.sh": "is owned by",
            "watch.py": path_of("failover_test"), "watch.c": "Waiting"}
# These have a test of their own.
OTHERS = {"failover.sh", "hold.py", "50-vrrp-operators.rules", "log-level.sh"}
SIMPLE = [name for name in EXAMPLES if name not in {*WATCHERS, *OTHERS}]
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", TERM="dumb")


def test_every_output_belongs_to_an_example():
    assert len(SIMPLE) > 10 and {*WATCHERS, *OTHERS} <= set(EXAMPLES)
    assert set(OUTPUTS) == set(EXAMPLES) - {"50-vrrp-operators.rules", "log-level.sh"}


@pytest.mark.parametrize("expected, actual, good", [
    ("a 12\n", "a    7\n", True),
    ('"Tue 2026-11-24" :1.7\n', '"Wed 2027-01-01 12:00" :1.12\n', True),
    ("a\n[...]\nd\n", "a\nb\nc\nd\n", True),
    ("[...]\nb\nc\n[...]\n", "a\nb\nb\nc\nd\n", True),
    ("[...]\nb\nc\n", "a\nb\nc\n", True),
    ("a 12\n", "b 12\n", False),
    ("a\n", "a\nb\n", False),
    ("a\n[...]\nd\n", "a\nb\nc\n", False),
    ("[...]\nb\nc\n[...]\n", "a\nb\nx\nc\n", False),
    ("eno1 192.168.120.3/21\n", "eno2 192.168.120.3/21\n", False),
])
def test_the_comparison_itself(expected, actual, good):
    assert fits(expected, actual) == good


@pytest.fixture
def command(tmp_path):
    """From the name of an example to argv; a C program is compiled as its first line says."""
    def make(name):
        path = tmp_path / name
        path.write_text(EXAMPLES[name])
        if name.endswith(".sh"):
            return ["bash", "-euo", "pipefail", str(path)]
        if name.endswith(".py"):
            path.chmod(0o755)
            return [str(path)]
        build = EXAMPLES[name].splitlines()[0].strip("/* ")
        assert build.startswith("cc ") and name in shlex.split(build)
        done = subprocess.run(build.replace("cc ", "cc -Wall -Wextra -Werror -Wno-unused-parameter ", 1), shell=True,
                              cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return [str(path.with_suffix(""))]
    return make


def run(argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, env=ENVIRONMENT,
                          check=False)


def compare(daemon, name, output):
    # The test's files are elsewhere.
    output = output.replace(daemon.directory + "/etc", "/etc/vrrpd")
    assert fits(OUTPUTS[name], output), f"{name}: the page shows\n{OUTPUTS[name]}\nand it is\n{output}"


@pytest.fixture
def as_in_the_manual(system, daemon):
    """Node 1 is master of failover_test with the settings that the page begins with, and may write files."""
    os.chmod(daemon.instances, 0o2770)
    system.call("root", path_of("failover_test"), "org.vrrpd1.Instance", "Update",
                "{'Interface': <'eno1'>, 'VirtualRouterId': <byte 10>, 'Priority': <byte 110>, "
                "'AdvertisementInterval': <'100ms'>, 'VirtualAddresses': <['192.168.120.3/21']>}", "2")
    wait_master(system, "failover_test")


@pytest.mark.parametrize("name", SIMPLE)
def test_example(daemon, as_in_the_manual, command, name):
    done = run(command(name))
    assert done.returncode == 0, done.stdout
    compare(daemon, name, done.stdout)


# What only reads.
READERS = ["tree.sh", "get-instance.sh", "introspect.sh", "get-property.sh", "get-settings.sh", "describe.sh",
           "statistics.sh", "gdbus-get.sh"]


@pytest.mark.parametrize("name", READERS)
def test_reading_is_free(daemon, as_in_the_manual, name):
    """The same for somebody who may do nothing."""
    done = run(as_user("bob", ["bash", "-euo", "pipefail", "-c", EXAMPLES[name]]))
    assert done.returncode == 0, done.stdout
    compare(daemon, name, done.stdout)


def test_failover(system, daemon, as_in_the_manual, command):
    done = run(command("failover.sh"))
    assert done.returncode == 0, done.stdout
    compare(daemon, "failover.sh", done.stdout)
    # The page's ten seconds are not waited for: an instance that starts anew knows nothing of them.
    system.call("root", path_of("failover_test"), "org.vrrpd1.Instance", "Disable", "1")
    system.call("root", path_of("failover_test"), "org.vrrpd1.Instance", "Enable", "1")
    wait_master(system, "failover_test")


def test_hold(system, daemon, as_in_the_manual, command):
    """While the command runs there is a holder, and mastership is elsewhere."""
    show = ["busctl", "get-property", "org.vrrpd1", path_of("failover_test"), "org.vrrpd1.Instance", "State", "Holders"]
    done = run([*command("hold.py"), "failover_test", *show])
    assert done.returncode == 0, done.stdout
    compare(daemon, "hold.py", done.stdout)
    wait_for(lambda: system.properties("root", "failover_test")["Holders"] == [], 20, "the hold ended with the program")
    wait_master(system, "failover_test")


@pytest.mark.parametrize("name", WATCHERS)
def test_watcher(system, as_in_the_manual, peer, command, tmp_path, name):
    """It is started, says that it is there, and shows the handover that follows."""
    path = tmp_path / "output"
    with open(path, "w", encoding="utf-8") as file:
        watcher = subprocess.Popen(["stdbuf", "-oL", *command(name)], stdout=file, stderr=file,
                                   env=ENVIRONMENT)
    try:
        wait_for(lambda: WATCHERS[name] in path.read_text(), 20, lambda: f"{WATCHERS[name]}, in\n{path.read_text()}")
        system.failover("root", "failover_test", 300_000)
        wait_for(lambda: fits(OUTPUTS[name].rstrip("\n") + "\n[...]\n", path.read_text()), 20,
                 lambda: f"what the page shows:\n{OUTPUTS[name]}\nIt is\n{path.read_text()}")
    finally:
        watcher.kill()
        watcher.wait()
    wait_master(system, "failover_test")


def test_python_subscriber_over_a_restart(system, daemon, as_in_the_manual, command, tmp_path):
    """As the page says: it finds the daemon again by itself."""
    path, line = tmp_path / "output", path_of("failover_test") + ": "
    with open(path, "w", encoding="utf-8") as file:
        watcher = subprocess.Popen(command("watch.py"), stdout=file, stderr=file, env=ENVIRONMENT)
    try:
        wait_for(lambda: line + "master\n" in path.read_text(), 20, "the first state")
        assert daemon.stop() == 0
        daemon.start()
        system.wait_name()
        wait_master(system, "failover_test")
        wait_for(lambda: line + "backup -> master (priority)\n" in path.read_text(), 20, path.read_text)
        text = path.read_text()
    finally:
        watcher.kill()
        watcher.wait()
    assert line + "master -> initialize (shutdown)\n" in text and text.count(line + "backup -> master (priority)") == 1
    assert "signals were lost" not in text, text


def test_log_level(system, as_in_the_manual, command):
    def level():
        return run(["busctl", "get-property", "org.vrrpd1", "/org/freedesktop/LogControl1",
                    "org.freedesktop.LogControl1", "LogLevel"]).stdout.strip()
    done = run(command("log-level.sh"))
    assert done.returncode == 0 and not done.stdout, done.stdout
    assert level() == 's "debug"'
    done = run(["bash", "-c", EXAMPLES["log-level.sh"].replace(" debug", " info")])
    assert done.returncode == 0 and level() == 's "info"'


def test_rule(system, as_in_the_manual):
    """Alice may hand over this instance and no other, and nobody else may."""
    assert system.refused("alice", system.failover, "failover_test") == INTERACTIVE
    system.write_rule("50-vrrp-operators", EXAMPLES["50-vrrp-operators.rules"])
    try:
        wait_for(lambda: system.refused("alice", system.failover, "failover_test", 300_000) not in (INTERACTIVE, DENIED), 20,
                 "polkit reads the rule")
        assert system.refused("alice", system.failover, "other") == INTERACTIVE
        assert system.refused("bob", system.failover, "failover_test") in (INTERACTIVE, DENIED)
    finally:
        system.remove_rule("50-vrrp-operators")
    wait_master(system, "failover_test")
