# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of vrrpctl(1) run as they stand, one after the other, and print what the page shows."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import wait_master
from ctl import Terminal
from examples import fits
from lab import wait_for
from nodes import SEED, SOURCE, binary
from private_bus import SystemDaemon

with open(os.path.join(SOURCE, "man/vrrpctl.1.rst"), encoding="utf-8") as page:
    EXAMPLES = page.read().split("\nEXAMPLES\n")[1].split("\nSEE ALSO\n")[0]


def transcripts():
    """[(command, output)] in the order of the page."""
    found = []
    for block in re.findall(r"^::\n\n((?:    .*\n|\n)+)", EXAMPLES, re.M):
        for line in block.rstrip("\n").split("\n"):
            line = line[4:]
            if line.startswith(("$ ", "# ")):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return [(command, "\n".join(output).strip("\n")) for command, output in found]


ALL = transcripts()
# The programs of others, which are not what is tried here: they only write down that they were called.
OTHERS = ["systemctl", "tar", "apt-get", "logger"]


def find(word):
    """The one example that has the word."""
    found = [example for example in ALL if word in example[0]]
    assert len(found) == 1, (word, found)
    return found[0]


@pytest.fixture(scope="module", name="node")
def fixture_node(system, lab, peer):
    """Node 1, master of failover_test, alone with it."""
    node = SystemDaemon(lab, 1)
    node.write("failover_test", Interface="eno1", VirtualRouterId=10, Priority=110, AdvertisementInterval="100ms",
               VirtualAddresses="192.168.120.3/21")
    os.chmod(node.instances, 0o2770)
    node.start()
    system.wait_name()
    wait_master(system, "failover_test")
    return node


@pytest.fixture(scope="module", name="place")
def fixture_place(node, tmp_path_factory):
    """A folder for what the examples write, and PATH with vrrpctl and the programs of others."""
    place = tmp_path_factory.mktemp("examples")
    (place / "bin").mkdir()
    for name in ("instances", "node-exporter", "keepalived"):
        (place / name).mkdir()
    shutil.copy(os.path.join(SEED, "node1.conf"), place / "keepalived/keepalived.conf")
    (place / "bin/vrrpctl").symlink_to(binary("vrrpctl"))
    for name in OTHERS:
        (place / "bin" / name).write_text(f"#!/bin/sh\necho {name} \"$@\" >>{place}/called\n")
    # The other host is this one.
    (place / "bin/ssh").write_text("#!/bin/sh\nfor word; do :; done\nexec \"$word\"\n")
    for path in (place / "bin").iterdir():
        path.chmod(0o755)
    (place / "called").touch()
    return place


def environment(place):
    return {"PATH": f"{place}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb"}


def adapted(command, place):
    """With the files elsewhere."""
    for path, other in (("/etc/keepalived/", "keepalived/"), ("/etc/vrrpd/instances", "instances"), ("/run/vrrp.prom", "vrrp.prom"),
                        ("/var/lib/prometheus/node-exporter/", "node-exporter/"), ("/var/backups/", ""), ("/var/www", "www")):
        command = re.sub(rf"(?<![\w/]){path}", f"{place}/{other}", command)
    return re.sub(r"^vrrpctl check$", f"vrrpctl check {place}/instances", command)


def without_times(text):
    return re.sub(r"(\d+(d|h|min|s) )*\d+(d|h|min|s) ago|just now", "AGO", text)


def compare(shown, printed):
    assert fits(without_times(shown), without_times(printed)), f"the page shows\n{shown}\nand it is\n{printed}"


def run(command, place):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", adapted(command, place)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, env=environment(place),
                          check=False)
    assert done.returncode == 0, f"{command}: exit {done.returncode}: {done.stdout}"
    return done.stdout


def called(place):
    return (place / "called").read_text()


# These have a test of their own.
OWN = ["failover_test --hold=1h", "vrrpctl add", "AuthenticationKey=-", "show lan-v4", "vrrpctl reload", "--exec=", "import --dry-run"]
SIMPLE = [example for example in ALL if not any(word in example[0] for word in OWN)]


def test_all_are_tried():
    assert len(ALL) == len(SIMPLE) + len({find(word) for word in OWN}) and len(SIMPLE) > 8


@pytest.mark.parametrize("command, shown", SIMPLE, ids=[command for command, _ in SIMPLE])
def test_example(system, place, command, shown):
    if command == "vrrpctl check":  # what the example before it has written
        assert os.listdir(place / "instances") == ["failover_test.conf"]
    printed = run(command, place)
    if shown:
        compare(shown, printed)
    wait_master(system, "failover_test")


def test_what_the_simple_ones_did(place):
    """Runs behind them."""
    text = called(place)
    assert "systemctl enable --now vrrpd\n" in text and "systemctl start www\n" in text and "apt-get upgrade -y\n" in text
    assert "tar -czf" not in text  # this is the master
    assert (place / "node-exporter/vrrp.prom").read_text().endswith("\n# EOF\n")


def test_dry_run(place):
    printed = run(find("import --dry-run")[0], place)
    assert "[Instance]" in printed and "AuthenticationKey=(hidden)" in printed


def test_failover(system, place):
    command, shown = find("failover_test --hold=1h")
    compare(shown, run(command, place))
    # The hour is not waited for: an instance that starts anew knows nothing of it.
    run("vrrpctl disable --runtime failover_test; vrrpctl enable --runtime failover_test", place)
    wait_master(system, "failover_test")


def test_add_and_change(node, place):
    try:
        command, shown = find("vrrpctl add")
        compare(shown, run(command, place))
        command, shown = find("AuthenticationKey=-")
        screen = Terminal(["bash", "-c", command], environment(place))
        screen.type_secret("s3cr3t-K")
        compare(shown, screen.finish())
        command, shown = find("show lan-v4")
        compare(shown, run(command, place))
    finally:
        run("vrrpctl remove lan-v4", place)
        wait_for(lambda: "lan-v4" not in run("vrrpctl list --no-legend", place), 20, "lan-v4 is gone")


def test_reload(node, place):
    command, shown = find("vrrpctl reload")
    node.write("lan-v4", Interface="eth9", VirtualRouterId=20, VirtualAddresses="192.168.120.20")
    run("vrrpctl reload", place)
    try:
        node.write("lan-v4", Interface="eth9", VirtualRouterId=20, VirtualAddresses="192.168.120.20", Priority=7)
        node.write("lan-v6", "[Instance]\nVirtualRouterId=21\nIntrface=eth9\nVirtualAddresses=192.168.120.21\n")
        done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                              env=environment(place), check=False)
        assert done.returncode == 1
        compare(shown, done.stdout.replace(node.directory + "/etc", "/etc/vrrpd"))
    finally:
        node.remove("lan-v4")
        node.remove("lan-v6")
        run("vrrpctl reload", place)


def test_monitor(system, place):
    command, _ = find("--exec=")
    (place / "called").write_text("")
    watcher = subprocess.Popen(["bash", "-c", f"exec {command}"], env=environment(place))
    try:
        wait_for(lambda: "logger failover_test is master: priority\n" in called(place), 20, lambda: called(place))
        system.failover("root", "failover_test", 300_000)
        wait_for(lambda: "logger failover_test is backup: failover\n" in called(place), 20, lambda: called(place))
    finally:
        watcher.kill()
        watcher.wait()
    wait_master(system, "failover_test")
