# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemons: vrrpd, and keepalived for comparison. Each runs in a router's namespace with files of its own."""
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from gi.repository import Gio, GLib

from lab import BROADCAST, INTERFACE, PREFIX, VIP, run, wait_for

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEED = os.path.join(SOURCE, "tests/data/seed")
SEED_NAME = "failover_test"
SEED_ADDRESS = f"{VIP}/{PREFIX} brd {BROADCAST} dev {INTERFACE} label {INTERFACE}:vip"
# The daemon's user in these tests. It exists everywhere, has no rights, and the message bus knows it.
USER = GROUP = 65534

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""


def binary(name):
    return os.path.join(os.environ["VRRPD_BUILD"], {"vrrpd": "src/daemon", "vrrpctl": "src/ctl"}[name], name)


def seed_file(number, interval=4, directory=None):
    """The seed's file for a node: itself, or with another interval a copy in `directory`."""
    path = os.path.join(SEED, f"node{number}.conf")
    if interval == 4:
        return path
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text.count("advert_int 4\n") == 1
    path = os.path.join(directory, f"node{number}.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("advert_int 4\n", f"advert_int {interval}\n"))
    return path


class Bus:
    """A private system bus for one node. There is no polkit on it, so that uid 0 may do everything."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "bus")
        self.address = "unix:path=" + self.path
        self.config = os.path.join(directory, "bus.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(BUS_CONFIG.format(path=self.path))
        self.process = self.connection = None

    def start(self):
        self.process = subprocess.Popen(["dbus-daemon", "--config-file=" + self.config, "--nofork", "--nopidfile",
                                         "--nosyslog"], stderr=subprocess.DEVNULL)
        wait_for(self.listens, 10, "the bus")

    def listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path) == 0

    def stop(self):
        self.connection = None
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if os.path.exists(self.path):
            os.unlink(self.path)

    def call(self, path, interface, method, parameters=None, timeout=5000):
        """Calls a method of org.vrrpd1; returns the unpacked reply."""
        if not self.connection:
            flags = Gio.DBusConnectionFlags
            self.connection = Gio.DBusConnection.new_for_address_sync(
                self.address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        reply = self.connection.call_sync("org.vrrpd1", path, interface, method, parameters, None,
                                          Gio.DBusCallFlags.NO_AUTO_START, timeout, None)
        return reply.unpack()


def encode_path(name):
    """As sd_bus_path_encode() does."""
    return "".join(c if c.isalnum() and c.isascii() and not (i == 0 and c.isdigit()) else f"_{ord(c):02x}"
                   for i, c in enumerate(name))


@functools.cache
def real_time_limit():
    """The unit's LimitRTPRIO=, as a command's prefix; nothing where root itself may not raise it: in a container."""
    prefix = ["prlimit", "--rtprio=10:10"]
    return prefix if subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL, check=False).returncode == 0 else []


# What the daemon asks for by itself (src/engine/engine.c, src/netlink/netlink.c).
REAL_TIME_PRIORITIES = {"vrrp-engine": 5, "vrrp-netlink": 4}


def real_time_source():
    """Said with every figure that depends on it."""
    if real_time_limit():
        return "vrrpd takes real time itself, within RLIMIT_RTPRIO"
    return "RLIMIT_RTPRIO cannot be raised here: real time is given to vrrpd's two threads from outside, where that is allowed"


class Node:
    """Common to all daemons: a directory, a process, a log."""

    def __init__(self, lab, number):
        self.lab, self.number = lab, number
        self.namespace = lab.r[number - 1]
        self.directory = tempfile.mkdtemp(prefix=f"vrrpd-test-{number}-")
        os.chmod(self.directory, 0o755)
        self.log_path = os.path.join(self.directory, "log")
        self.process = None
        lab.nodes.append(self)
        lab.defer(self.close)

    def spawn(self, argv, **options):
        with open(self.log_path, "ab") as log:
            self.process = self.namespace.popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **options)

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout=30):
        """SIGTERM, and wait until it has gone. Returns the exit status."""
        self.process.terminate()
        status = self.process.wait(timeout)
        self.process = None
        return status

    def kill(self):
        """A crash: no goodbye, and the addresses stay."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def remove_leftovers(self):
        """What rebooting a crashed machine would do: the addresses go."""
        for line in self.namespace.addresses():
            word = line.split()
            if word[0] == INTERFACE and word[2].split("/")[0] != self.lab.address(self.number):
                self.namespace.ip(f"addr del {word[2]} dev {INTERFACE}", check=False)

    def use_seed(self, interval=4):
        """Gives the node the seed's file of its number."""
        return self.import_keepalived(seed_file(self.number, interval, self.directory))

    def close(self):
        if self.running():
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class ServiceManager(threading.Thread):
    """Listens to sd_notify() as systemd does; ready once READY=1 came. Never leaves a message lying: the sender would wait."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.path = os.path.join(directory, "notify")
        self.ready = False
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.start()

    def run(self):
        while message := self.socket.recv(4096):
            if b"READY=1" in message:
                self.ready = True

    def stop(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self.path)
        self.join()
        self.socket.close()


class Vrrpd(Node):
    """vrrpd as its unit starts it: an unprivileged user with CAP_NET_ADMIN and CAP_NET_RAW, real time where allowed."""

    kind = "vrrpd"

    def __init__(self, lab, number, bus=True):
        super().__init__(lab, number)
        self.instances = os.path.join(self.directory, "etc/instances")
        for name, owner in (("etc", 0), ("etc/instances", 0), ("run", USER), ("lib", USER)):
            path = os.path.join(self.directory, name)
            os.mkdir(path)
            os.chown(path, owner, GROUP)
            os.chmod(path, 0o750)
        self.bus = Bus(self.directory)
        self.notify = ServiceManager(self.directory)
        self.binary = self._reachable(binary("vrrpd"))
        if bus:
            self.bus.start()

    def _reachable(self, path):
        """The daemon's user must be able to execute it, wherever the build folder is."""
        try:
            run(["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups", "test", "-x", path])
            return path
        except AssertionError:
            return shutil.copy(path, self.directory)

    # -- configuration

    def write(self, name, text=None, **keys):
        """Writes NAME.conf from keys (lists are joined), or from text."""
        if text is None:
            lines = [f"{key}={';'.join(map(str, value)) if isinstance(value, list) else value}"
                     for key, value in keys.items()]
            text = "[Instance]\n" + "\n".join(lines) + "\n"
        path = os.path.join(self.instances, name + ".conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chown(path, 0, GROUP)
        os.chmod(path, 0o640)
        return path

    def remove(self, name):
        os.unlink(os.path.join(self.instances, name + ".conf"))

    def import_keepalived(self, path):
        """`vrrpctl import`, as an administrator moves from keepalived.conf. Returns what it printed."""
        output = self.ctl("import", f"--output={self.instances}", path)
        for name in os.listdir(self.instances):
            os.chown(os.path.join(self.instances, name), 0, GROUP)
        return output

    # -- life

    def start(self, wait=True, log_level="info"):
        argv = real_time_limit() + ["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups",
                                    "--no-new-privs"]
        for which in ("inh-caps", "ambient-caps", "bounding-set"):
            argv.append(f"--{which}=-all,+net_admin,+net_raw")
        directory = self.directory
        argv += [self.binary, f"--config-dir={directory}/etc", f"--runtime-dir={directory}/run",
                 f"--state-dir={directory}/lib", f"--log-level={log_level}"]
        self.notify.ready = False
        self.spawn(argv, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address,
                                  NOTIFY_SOCKET=self.notify.path))
        if wait:
            self.wait_ready()
            if not real_time_limit():
                self._grant_real_time()

    def _grant_real_time(self):
        """Does from outside what the daemon would have done within its limit: its two threads run in real time."""
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/comm", encoding="ascii") as file:
                priority = REAL_TIME_PRIORITIES.get(file.read().strip())
            if priority is None:
                continue
            try:
                os.sched_setscheduler(int(task), os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
            except PermissionError:
                print("real time is refused here: times and losses are those of ordinary scheduling")
                return

    def wait_ready(self, timeout=20):
        def ready():
            assert self.running(), f"vrrpd ended:\n{self.log()}"
            return self.notify.ready
        wait_for(ready, timeout, lambda: f"vrrpd ready; its log:\n{self.log()}")

    def signal(self, number):
        os.kill(self.process.pid, number)

    def ctl(self, *arguments, check=True, status=None):
        """vrrpctl as root on this node's bus. With status, that exit status is expected."""
        done = subprocess.run([binary("vrrpctl"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address))
        expected = 0 if status is None else status
        assert not check or done.returncode == expected, \
            f"vrrpctl {' '.join(arguments)}: exit {done.returncode}: {done.stdout}"
        return done.stdout

    # -- what it tells

    def properties(self, name=SEED_NAME):
        return self.bus.call("/org/vrrpd1/instance/" + encode_path(name), "org.freedesktop.DBus.Properties", "GetAll",
                             GLib.Variant("(s)", ("org.vrrpd1.Instance",)))[0]

    def statistics(self, name=SEED_NAME):
        return self.bus.call("/org/vrrpd1/instance/" + encode_path(name), "org.vrrpd1.Statistics", "Get")[0]

    def stray_statistics(self):
        """The counters of packets that belong to no instance."""
        return json.loads(self.bus.call("/org/vrrpd1", "org.vrrpd1.Manager", "Describe")[0])["Statistics"]

    def on_bus(self):
        try:
            self.bus.call("/org/vrrpd1", "org.freedesktop.DBus.Peer", "Ping")
            return True
        except GLib.Error:
            return False

    def state(self, name=SEED_NAME):
        """The state, or None while the object is not there."""
        try:
            return self.properties(name)["State"]
        except GLib.Error:
            return None

    def wait_state(self, state, timeout, name=SEED_NAME):
        wait_for(lambda: self.state(name) == state, timeout,
                 lambda: f"node {self.number} {state}; it is {self.state(name)}; its log:\n{self.log()}")

    def wait_faults(self, faults, timeout, name=SEED_NAME):
        def read():
            try:
                return self.properties(name)["Faults"]
            except GLib.Error:
                return None
        wait_for(lambda: read() == faults, timeout,
                 lambda: f"node {self.number} with faults {faults}; they are {read()}; its log:\n{self.log()}")

    def complaints(self):
        """Lines of the log that are about dropped packets, authentication, replay or failed calls. The name of the instance
        that a line begins with is no complaint."""
        return [line for line in self.log().splitlines()
                if re.search(r"dropp|discard|replay|authenticat|refus|fail|error", re.sub(r"^vrrpd: [\w.-]+: ", "", line), re.I)]

    def close(self):
        self.notify.stop()
        super().close()
        self.bus.stop()


class Keepalived(Node):
    """keepalived 2 without its other parts, logging to the node's log."""

    kind = "keepalived"

    def __init__(self, lab, number):
        super().__init__(lab, number)
        self.config = os.path.join(self.directory, "keepalived.conf")

    def write(self, name="failover_test", *, vrid=10, priority=100, interval=1, version=2, addresses=(SEED_ADDRESS,),
              peers=(), auth=None, key="", global_defs=""):
        lines = [f"global_defs {{\n{global_defs}\n}}", f"vrrp_instance {name} {{", "state BACKUP", f"interface {INTERFACE}", f"virtual_router_id {vrid}",
                 f"priority {priority}", f"advert_int {interval:g}", f"version {version}"]
        if auth:
            lines.append(f"authentication {{\n auth_type {auth}\n auth_pass {key}\n}}")
        if peers:
            lines.append("unicast_peer {\n" + "\n".join(peers) + "\n}")
        lines.append("virtual_ipaddress {\n" + "\n".join(addresses) + "\n}\n}")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def import_keepalived(self, path):
        """It is keepalived's own: used as it is."""
        self.config = path

    def start(self):
        directory = self.directory
        self.spawn(["keepalived", "-n", "-l", "-D", "-P", "-f", self.config, "-p", directory + "/pid",
                    "-r", directory + "/vrrp.pid"])
        wait_for(lambda: not self.running() or self._children(), 30,
                 lambda: f"a child of keepalived; its log:\n{self.log()[-3000:]}")
        assert self.running(), f"keepalived ended:\n{self.log()}"

    def _children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def kill(self):
        # The parent would tell its child to stop, or start it again: it is frozen first.
        os.kill(self.process.pid, signal.SIGSTOP)
        for child in self._children():
            os.kill(child, signal.SIGKILL)
        super().kill()
        for name in ("pid", "vrrp.pid"):
            path = os.path.join(self.directory, name)
            if os.path.exists(path):
                os.unlink(path)

    def complaints(self):
        """Lines of the log that are about dropped packets, authentication or replay. An advert of lower priority that it
        discards is how it preempts."""
        return [line for line in self.log().splitlines()
                if re.search(r"IPSEC|invalid|sequence number|bogus|dropp|discard|mismatch|incorrect|already", line, re.I)
                and not re.search(r"lower priority \(\d+\) advert from \S+ - discarding", line)]
