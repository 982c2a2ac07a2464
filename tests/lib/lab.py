# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network namespaces with routers on one bridge, as two machines on one switch.

Nothing here knows about a particular daemon. Everything runs inside tests/lib/sandbox, so the names are private and all of it
vanishes with the test process; Lab.close() removes it earlier.
"""
import ctypes
import itertools
import os
import socket
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
NETWORK = "192.168.120.{}"
PREFIX = 21
BROADCAST = "192.168.127.255"
VIP = "192.168.120.3"
NETWORK6 = "2001:db8::{}"
LINK_LOCAL = "fe80::{}"
VIP6 = "2001:db8::3"
INTERFACE = "eno1"

_numbers = itertools.count()


class Timeout(AssertionError):
    """A condition did not come true in time."""


def wait_for(condition, timeout, what="condition", interval=0.005):
    """Returns the first true value of condition(). `what` may be a function, called when the time is up."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"after {timeout} s still not: {what() if callable(what) else what}")
        time.sleep(interval)


def always(condition, duration, what="condition", interval=0.02):
    """Asserts that condition() holds during the next `duration` seconds: for showing that something does not happen."""
    end = time.monotonic() + duration
    while time.monotonic() < end:
        assert condition(), f"no longer: {what() if callable(what) else what}"
        time.sleep(interval)


def run(argv, check=True, **options):
    """Runs a command; returns its output (stdout and stderr together)."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}: {done.stdout}")
    return done.stdout


class Namespace:
    """A network namespace."""

    def __init__(self, name, ipv6=False):
        if os.environ.get("VRRPD_SANDBOX") != "inside":
            raise RuntimeError("run this through tests/lib/sandbox (tests/lib/run-pytest does)")
        self.name = name
        self.processes = []
        run(["ip", "netns", "add", name])
        if not ipv6:
            # Keep its neighbour discovery out of the captures.
            self.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        self.sysctl("net/ipv4/ip_forward", 0)
        self.ip("link set lo up")

    def ip(self, arguments, check=True):
        return run(["ip", "-n", self.name] + arguments.split(), check=check)

    def sysctl(self, path, value):
        run(["ip", "netns", "exec", self.name, "sh", "-c", f"echo {value} > /proc/sys/{path}"])

    def popen(self, argv, **options):
        """Starts argv inside; `ip netns exec` execs, so the pid is argv's own."""
        process = subprocess.Popen(["ip", "netns", "exec", self.name] + argv, **options)
        self.processes.append(process)
        return process

    def socket(self, *arguments):
        """A socket that belongs to this namespace. Changes the calling thread only, and back."""
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            if LIBC.setns(inside, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            return socket.socket(*arguments)
        finally:
            LIBC.setns(outside, CLONE_NEWNET)
            os.close(inside)
            os.close(outside)

    def addresses(self):
        """What `ip -o addr` shows, one string a line, without the lifetimes."""
        lines = self.ip("-o addr show").splitlines()
        return [line.split("\\")[0].split(":", 1)[1].strip() for line in lines]

    def holds(self, address, interface=None):
        """The lines that show `address`; on any interface, lo too, unless one is given."""
        return [line for line in self.addresses() if f" {address}/" in line
                and (interface is None or line.split()[0] == interface)]

    def mac(self, interface=INTERFACE):
        text = self.ip(f"-br link show dev {interface}").split()[2]
        return bytes.fromhex(text.replace(":", ""))

    def delete(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        run(["ip", "netns", "del", self.name], check=False)


class Lab:
    """Routers (192.168.120.1/21, .2/21, ...) and clients (.9, .10, ...), each with eno1 on one bridge.

    self.r[0] is node 1. The bridge's port of node 1 is p1 in the namespace self.lan, of node 2 p2; of the first
    client p9. A cable is pulled with unplug(1). With ipv6 they have fe80::1 and 2001:db8::1/64, ... too."""

    def __init__(self, routers=2, clients=1, ipv6=False):
        self.ipv6 = ipv6
        prefix = f"vt{os.getpid()}x{next(_numbers)}"
        self.closers = []
        self.nodes = []
        self.r = []
        self.clients = []
        self.lan = Namespace(prefix + "lan")
        # No snooping: without a querier the bridge would be right to drop, and that is not the daemon's matter here.
        self.lan.ip("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0")
        self.lan.ip("link set br0 up")
        for number in range(1, routers + 1):
            self.r.append(self._host(prefix, number))
        for number in range(9, 9 + clients):
            self.clients.append(self._host(prefix, number))
        self.client = self.clients[0] if clients else None

    def _host(self, prefix, number):
        namespace = Namespace(f"{prefix}h{number}", self.ipv6)
        self.lan.ip(f"link add p{number} type veth peer name {INTERFACE} netns {namespace.name}")
        self.lan.ip(f"link set p{number} master br0 up")
        namespace.ip(f"addr add {NETWORK.format(number)}/{PREFIX} brd + dev {INTERFACE}")
        if self.ipv6:
            # Numbers that a person can read, instead of what the kernel makes.
            namespace.ip(f"link set {INTERFACE} addrgenmode none")
            for address in (LINK_LOCAL, NETWORK6):
                namespace.ip(f"addr add {address.format(number)}/64 dev {INTERFACE} nodad")
        namespace.ip(f"link set {INTERFACE} up")
        return namespace

    def address(self, node):
        return NETWORK.format(node)

    def address6(self, node):
        return NETWORK6.format(node)

    def unplug(self, node):
        """Node's interface loses its carrier, and nothing passes any more."""
        self.lan.ip(f"link set p{node} down")

    def plug(self, node):
        self.lan.ip(f"link set p{node} up")

    def owners(self, address=VIP):
        """The nodes (1, 2, ...) that have the address on their interface."""
        return [i + 1 for i, ns in enumerate(self.r) if ns.holds(address, INTERFACE)]

    def defer(self, close):
        """close() is called before the namespaces go, in reverse order."""
        self.closers.append(close)
        return close

    def close(self):
        while self.closers:
            self.closers.pop()()
        for namespace in self.r + self.clients + [self.lan]:
            namespace.delete()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
