# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl as a person runs it: on a terminal, as another user, in the background."""
import fcntl
import os
import pty
import queue
import select
import shutil
import struct
import subprocess
import termios
import threading
import time

from lab import VIP, wait_for
from nodes import GROUP, Vrrpd, binary


def environment(node, **variables):
    """Nothing of the caller's own environment, so that colours, pagers and languages are what the test says."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm",
            "DBUS_SYSTEM_BUS_ADDRESS": node.bus.address, **variables}


def command(node, *arguments, user=None):
    """As root, or as `user` without any rights."""
    if not user:
        return [binary("vrrpctl"), *arguments]
    path = shutil.copy(binary("vrrpctl"), node.directory)  # which everybody may enter
    return ["setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups", "--inh-caps=-all", path, *arguments]


def ctl(node, *arguments, status=0, user=None, **variables):
    """Runs vrrpctl on the node's bus, expects that exit status, returns (stdout, stderr)."""
    done = subprocess.run(command(node, *arguments, user=user), capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, env=environment(node, **variables), check=False)
    assert done.returncode == status, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def solo_node(lab):
    """A running vrrpd without another router: lan-v4 is master, lan-gone has no interface, off is disabled."""
    node = Vrrpd(lab, 1)
    node.write("lan-v4", Interface="eno1", VirtualRouterId=10, Priority=200, AdvertisementInterval="100ms",
               VirtualAddresses=[f"{VIP}/21", "192.168.120.4"], Description="The address")
    node.write("lan-gone", Interface="eth9", VirtualRouterId=11, VirtualAddresses="192.168.120.5")
    node.write("off", Interface="eno1", VirtualRouterId=12, VirtualAddresses="192.168.120.6", Enabled="no")
    node.start()
    wait_for(node.on_bus, 10, "the bus name")
    node.wait_state("master", 10, "lan-v4")
    wait_for(lambda: len(node.properties("lan-v4")["InstalledAddresses"]) == 2, 10, "the addresses")
    return node


class Terminal:
    """A program, most often vrrpctl, with a terminal of its own: stdin, stdout, stderr, and /dev/tty."""

    def __init__(self, argv, env, status=0):
        self.status = status
        self.text = ""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        self.process = subprocess.Popen(argv, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def _read(self, end):
        """Returns False at the end of the output."""
        ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
        if not ready:
            self.process.kill()
            raise AssertionError(f"it does not end; it printed: {self.text}")
        try:
            chunk = os.read(self.master, 65536)
        except OSError:  # EIO: the last one that had the terminal open has gone
            chunk = b""
        self.text += chunk.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)

    def wait_text(self, text, timeout=20, start=0):
        """Reads until the text is there, behind the first `start` characters."""
        end = time.monotonic() + timeout
        while text not in self.text[start:]:
            assert self._read(end), f"it ended; it printed: {self.text}"

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def type_secret(self, line, timeout=20):
        """Types when the program has turned the echo off: what is typed earlier is thrown away with it."""
        wait_for(lambda: not self.echoes(), timeout, "the echo is off")
        os.write(self.master, line.encode() + b"\n")

    def finish(self, timeout=30):
        """Waits for its end, expects the exit status, returns what it printed."""
        end = time.monotonic() + timeout
        while self._read(end):
            pass
        os.close(self.master)
        status = self.process.wait(timeout)
        assert status == self.status, f"exit {status}: {self.text}"
        return self.text


def terminal(node, *arguments, status=0, user=None, **variables):
    """vrrpctl on a terminal and on the node's bus."""
    return Terminal(command(node, *arguments, user=user), environment(node, **variables), status)


class Background:
    """vrrpctl in the background, its output in a pipe, line by line."""

    def __init__(self, node, *arguments):
        self.process = subprocess.Popen(command(node, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, text=True, env=environment(node))
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def line(self, timeout=20):
        """The next line; it must come in time."""
        try:
            return self.lines.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no line within {timeout} s; running: {self.process.poll() is None}") from None

    def line_with(self, text, timeout=20):
        """The next line that has the text; others are skipped."""
        while text not in (line := self.line(timeout)):
            pass
        return line

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
