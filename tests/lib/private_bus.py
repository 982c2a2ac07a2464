# SPDX-License-Identifier: LGPL-2.1-or-later
"""The message bus, polkit and the daemon inside tests/lib/private-system.

The bus is the real dbus-daemon with the distribution's system.conf and our policy, polkit is the real polkitd with our
actions, and the daemon runs as its own user, with its capabilities only. Callers are other users."""
import os
import re
import shutil
import subprocess

from gi.repository import GLib

from lab import run, wait_for
from nodes import Vrrpd, encode_path, real_time_limit

PRIVATE = "/run/private"
SOCKET = "/run/dbus/system_bus_socket"
RULES = "/etc/polkit-1/rules.d"
NAME = "org.vrrpd1"
MANAGER = ("/org/vrrpd1", "org.vrrpd1.Manager")
INSTANCE = "org.vrrpd1.Instance"
PROPERTIES = "org.freedesktop.DBus.Properties"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
INTERACTIVE = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"


def daemon_user():
    with open(f"{PRIVATE}/daemon-user", encoding="ascii") as file:
        return file.read().strip()


def as_user(user, argv):
    """argv, run as a user without any capability."""
    return ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--inh-caps=-all", *argv]


def path_of(name):
    return "/org/vrrpd1/instance/" + encode_path(name)


class BusError(Exception):
    """A D-Bus error: its name, and its text."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text


class PrivateSystem:
    """The parts that can be started and killed."""

    def __init__(self):
        if os.environ.get("VRRPD_PRIVATE_SYSTEM") != "inside":
            raise RuntimeError("run this through tests/lib/private-system --bare")
        self.bus = self.polkit = None

    def _spawn(self, argv, log):
        with open(f"{PRIVATE}/{log}", "ab") as file:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    def start_bus(self):
        self.bus = self._spawn(["dbus-daemon", "--system", "--nofork", "--nopidfile", "--nosyslog"], "bus.log")
        wait_for(self.bus_answers, 30, "the message bus")

    def bus_answers(self):
        return subprocess.run(["gdbus", "call", "--system", "-d", "org.freedesktop.DBus", "-o", "/org/freedesktop/DBus",
                               "-m", "org.freedesktop.DBus.GetId"], capture_output=True, check=False).returncode == 0

    def kill_bus(self):
        self.bus.kill()
        self.bus.wait()
        self.bus = None
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)

    def start_polkit(self):
        self.polkit = self._spawn(["/usr/lib/polkit-1/polkitd", "--no-debug"], "polkitd.log")
        self.wait_name("org.freedesktop.PolicyKit1")

    def stop_polkit(self):
        self.polkit.kill()
        self.polkit.wait()
        self.polkit = None
        wait_for(lambda: not self.has_owner("org.freedesktop.PolicyKit1"), 10, "polkit gone from the bus")

    def stop(self):
        for process in (self.polkit, self.bus):
            if process:
                process.kill()
                process.wait()
        self.polkit = self.bus = None
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)

    def has_owner(self, name):
        reply = run(["gdbus", "call", "--system", "-d", "org.freedesktop.DBus", "-o", "/org/freedesktop/DBus", "-m",
                     "org.freedesktop.DBus.NameHasOwner", name], check=False)
        return "true" in reply

    def wait_name(self, name=NAME, timeout=30):
        wait_for(lambda: self.has_owner(name), timeout, f"{name} on the bus")

    @staticmethod
    def write_rule(name, text):
        """polkit notices by itself, a moment later."""
        with open(f"{RULES}/{name}.rules", "w", encoding="utf-8") as file:
            file.write(text)

    @staticmethod
    def remove_rule(name):
        os.unlink(f"{RULES}/{name}.rules")

    @staticmethod
    def call(user, path, interface, method, *arguments):
        """Calls the daemon as a user. Arguments in GVariant's text form; returns the unpacked reply, raises BusError."""
        done = subprocess.run(as_user(user, ["gdbus", "call", "--system", "-d", NAME, "-o", path, "-m",
                                             f"{interface}.{method}", *arguments]),
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            return GLib.Variant.parse(None, done.stdout.strip(), None, None).unpack()
        match = re.search(r"GDBus\.Error:([\w.]+): (.*)", done.stderr)
        raise BusError(match[1], match[2]) if match else AssertionError(done.stderr)

    def properties(self, user, name, interface=INSTANCE):
        return self.call(user, path_of(name), PROPERTIES, "GetAll", interface)[0]

    def failover(self, user, name, hold_usec=0):
        return self.call(user, path_of(name), INSTANCE, "Failover", str(hold_usec), "0")

    def refused(self, user, method, *arguments):
        """The name of the error, or None where it is done."""
        try:
            method(user, *arguments)
            return None
        except BusError as error:
            return error.name

    def reload(self, user, flags=0):
        return self.call(user, *MANAGER, "Reload", str(flags))


class SystemDaemon(Vrrpd):
    """vrrpd on the private system's bus, as its own user."""

    def __init__(self, lab, number):
        super().__init__(lab, number, bus=False)
        self.user = daemon_user()
        for name in ("run", "lib"):
            shutil.chown(os.path.join(self.directory, name), self.user, self.user)
        for name in ("etc", "etc/instances"):
            shutil.chown(os.path.join(self.directory, name), "root", self.user)
        # It must be executable for this user, wherever the build folder is.
        self.binary = shutil.copy(os.path.join(os.environ["VRRPD_BUILD"], "src/daemon/vrrpd"), self.directory)

    def write(self, name, text=None, **keys):
        path = super().write(name, text, **keys)
        shutil.chown(path, "root", self.user)
        return path

    def start(self, wait=True, log_level="info"):
        argv = real_time_limit() + ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups",
                                    "--no-new-privs"]
        for which in ("inh-caps", "ambient-caps", "bounding-set"):
            argv.append(f"--{which}=-all,+net_admin,+net_raw")
        directory = self.directory
        argv += [self.binary, f"--config-dir={directory}/etc", f"--runtime-dir={directory}/run",
                 f"--state-dir={directory}/lib", f"--log-level={log_level}"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DBUS_")}
        self.notify.ready = False
        self.spawn(argv, env=dict(environment, NOTIFY_SOCKET=self.notify.path))
        if wait:
            self.wait_ready()
            if not real_time_limit():
                self._grant_real_time()

    def resident(self):
        """The memory that it has, in MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) / 1024

    def sanitized(self):
        """Built with a sanitizer, which keeps memory for itself and is slow."""
        with open(f"/proc/{self.process.pid}/maps", encoding="ascii") as file:
            found = re.search(r"lib[at]san", file.read()) is not None
        if found:
            print("a sanitizer is at work: figures of memory and time are not judged")
        return found
