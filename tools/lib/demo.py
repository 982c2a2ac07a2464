# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration that tools/demo runs: two nodes, one address, and a client that never stops asking.

Runs inside tests/lib/sandbox, so whatever it starts ends with it. Exits with 1 as soon as something did not happen.
"""
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))

from lab import INTERFACE, VIP, Lab, Timeout, wait_for  # noqa: E402
from observe import Probe, start_echo  # noqa: E402

BUILD = pathlib.Path(os.environ["VRRPD_BUILD"])
NAME = "failover_test"
OBJECT = "/org/vrrpd1/instance/failover_5ftest"
KEEPALIVED = "/etc/keepalived/keepalived.conf"
PROBE_INTERVAL = 0.001
# A probe that left just before its answer could come back is not lost.
SETTLE = 0.5
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def step(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def note(text):
    print(f"  => {text}", flush=True)


class Broken(Exception):
    """Something that should have happened did not."""


class Node:
    """A router with a system of its own (tools/lib/node-system)."""

    def __init__(self, lab, number):
        self.lab, self.number = lab, number
        self.log = open(f"/run/netns/node{number}.log", "w+", encoding="utf-8")
        self.system = lab.r[number - 1].popen([ROOT / "tools/lib/node-system", BUILD / "root"], stdout=self.log,
                                              stderr=self.log, stdin=subprocess.DEVNULL)
        self.daemon = None
        wait_for(self.ready, 30, lambda: f"node {number}: bus and polkit:\n{self.text()}")

    def ready(self):
        if self.system.poll() is not None:
            raise Broken(f"node {self.number}: its bus or polkit did not start:\n{self.text()}")
        return os.path.exists(f"/proc/{self.system.pid}/root/run/ready")

    def text(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(encoding="utf-8", errors="replace")[-4000:]

    def enter(self, argv):
        return ["nsenter", f"--target={self.system.pid}", "--mount", "--net", "--root", "--wd", "--", *argv]

    def run(self, *argv, rights=True, expected=0):
        """Runs a command on the node, as root or as nobody. Returns its output."""
        done = subprocess.run(self.enter(argv if rights else NOBODY + argv), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60)
        if done.returncode != expected:
            raise Broken(f"node {self.number}: {shlex.join(argv)}: exit {done.returncode}: {done.stdout}")
        return done.stdout

    def show(self, *argv, **options):
        """The same, shown as on a terminal."""
        print(f"  node{self.number} {'#' if options.get('rights', True) else '$'} {shlex.join(argv)}", flush=True)
        output = self.run(*argv, **options)
        for line in output.rstrip().splitlines():
            print(f"    {line}", flush=True)
        return output

    def start(self):
        """As vrrpd.service does it: an unprivileged user with two capabilities."""
        capabilities = "-all,+net_admin,+net_raw"
        self.daemon = subprocess.Popen(self.enter(
            ["setpriv", "--reuid=vrrpd", "--regid=vrrpd", "--init-groups", "--no-new-privs", f"--inh-caps={capabilities}",
             f"--ambient-caps={capabilities}", f"--bounding-set={capabilities}", "vrrpd"]),
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.run("gdbus", "wait", "--system", "--timeout", "10", "org.vrrpd1")

    def state(self):
        return self.run("busctl", "get-property", "org.vrrpd1", OBJECT, "org.vrrpd1.Instance", "State").split('"')[1]

    def wait_master(self, timeout):
        started = time.time()
        wait_for(lambda: self.state() == "master", timeout,
                 lambda: f"node {self.number} master; it is {self.state()}; it said:\n{self.text()}", interval=0.05)
        return time.time() - started

    def stop(self):
        self.daemon.terminate()
        if self.daemon.wait(20) != 0:
            raise Broken(f"node {self.number}: vrrpd ended with {self.daemon.returncode}:\n{self.text()}")


class Monitor:
    """What a program without any rights hears on node 2's bus."""

    def __init__(self, node):
        self.process = subprocess.Popen(node.enter(
            [*NOBODY, "stdbuf", "-oL", "gdbus", "monitor", "--system", "--dest", "org.vrrpd1", "--object-path", OBJECT]),
            stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        output, _ = self.process.communicate(timeout=10)
        return [line for line in output.splitlines() if "StateChanged" in line]


class Client:
    """Probes the address a thousand times a second and counts."""

    def __init__(self, lab):
        start_echo(lab)
        self.probe = Probe(lab.client, interval=PROBE_INTERVAL)
        self.windows = []
        self.started = time.time()

    def window(self, text, start, allowed):
        """@allowed: the loss that the protocol's own timers explain, in seconds."""
        time.sleep(SETTLE)
        self.windows.append((text, start, time.time() - SETTLE / 2, allowed))

    def finish(self):
        result = self.probe.stop()
        print(f"  {'while':44} {'probes':>8} {'lost':>8}")
        good = True
        for text, start, end, allowed in self.windows:
            lost = self.probe.lost(start, end)
            print(f"  {text:44} {(end - start) / PROBE_INTERVAL:8.0f} {lost:8}")
            good = good and lost * PROBE_INTERVAL <= allowed
        return good, result


def holders(lab, expected):
    wait_for(lambda: lab.owners() == expected, 5, lambda: f"the address on {expected}; it is on {lab.owners()}")


def begin(lab, nodes):
    step("1. Each node imports its keepalived.conf, unchanged, and starts vrrpd as an unprivileged user.")
    for node in nodes:
        node.run("install", "-D", str(ROOT / f"tests/data/seed/node{node.number}.conf"), KEEPALIVED)
        node.show("vrrpctl", "import", "--output=/etc/vrrpd/instances", KEEPALIVED)
        node.start()
    step("2. Node 1 has the higher priority. It waits whether another master is there (3 x 4 s + 0.6 s), then takes the address.")
    nodes[0].wait_master(20)
    holders(lab, [1])
    for node in nodes:
        node.show("vrrpctl", "list")
    nodes[0].show("ip", "-4", "address", "show", "dev", INTERFACE)
    nodes[0].show("busctl", "get-property", "org.vrrpd1", OBJECT, "org.vrrpd1.Instance", "State", "LastReason", "Priority",
                  "VirtualAddresses", "InstalledAddresses")


def move(lab, nodes, client):
    first, second = nodes
    step("3. A client probes the address a thousand times a second. Node 1's link goes down: node 2 takes over.")
    start = time.time()
    lab.unplug(1)
    seconds = second.wait_master(20)
    holders(lab, [2])
    note(f"node 2 is master after {seconds:.1f} s: it waits 3 x 4 s + 0.6 s from the last advertisement that it heard")
    first.show("vrrpctl", "list")
    second.show("vrrpctl", "list")
    client.window("node 1's link went down", start, 14.0)

    step("4. The link returns: node 1 takes the address back, and node 2 answers until node 1 does.")
    start = time.time()
    lab.plug(1)
    seconds = first.wait_master(30)
    holders(lab, [1])
    note(f"node 1 is master again after {seconds:.1f} s")
    client.window("node 1 took it back", start, 0.0)

    step("5. Somebody without rights asks for a failover: polkit refuses.")
    refusal = first.show("vrrpctl", "--no-ask-password", "failover", NAME, rights=False, expected=1)
    if first.state() != "master" or "org.vrrpd1.operate" not in refusal:
        raise Broken(f"a failover without rights was not refused: {refusal}")

    step("6. The administrator asks: node 2 takes over, planned.")
    start = time.time()
    first.show("vrrpctl", "failover", NAME)
    second.wait_master(5)
    holders(lab, [2])
    second.show("vrrpctl", "status", NAME)
    client.window("vrrpctl failover", start, 0.0)


def finish(lab, nodes, client, monitor):
    step("7. Both daemons stop: the address is gone.")
    for node in nodes:
        node.stop()
    holders(lab, [])
    step("What an unprivileged program heard on node 2's bus (new state, old state, reason, number):")
    signals = monitor.stop()
    for line in signals:
        print(f"    {line}")
    if sum("('master', 'backup'" in line for line in signals) < 2:
        raise Broken("the bus did not tell of both times that node 2 became master")
    step("What the client lost:")
    good, _ = client.finish()
    if not good:
        raise Broken("the client lost more than it should")


def main():
    with Lab() as lab:
        step("Two routers, 192.168.120.1 and .2, and a client, .9, on one switch; the address that moves is " + VIP + ".")
        try:
            nodes = [Node(lab, 1), Node(lab, 2)]
            begin(lab, nodes)
            monitor = Monitor(nodes[1])
            client = Client(lab)
            move(lab, nodes, client)
            finish(lab, nodes, client, monitor)
        except (Broken, Timeout, subprocess.TimeoutExpired) as error:
            print(f"\ntools/demo: {error}", file=sys.stderr)
            return 1
    step("Done: the address moved and came back.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
