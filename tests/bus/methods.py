# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of the daemon's methods: in this process as root, or as another user. The arguments are those of a D-Bus library."""
import os
import subprocess

from gi.repository import Gio, GLib

from nodes import SOURCE
from private_bus import INSTANCE, MANAGER, NAME, SOCKET, BusError, PrivateSystem, as_user, path_of

STATISTICS = "org.vrrpd1.Statistics"
ERROR = "org.vrrpd1.Error."
INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"
RUNTIME, REPLACE, CONFIRM = 1, 2, 4
ACTIONS = {"org.vrrpd1.operate", "org.vrrpd1.configure", "org.vrrpd1.read-secrets"}

HOLDER = """
import os, sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
try:
    reply, fds = bus.call_with_unix_fd_list_sync("org.vrrpd1", sys.argv[1], "org.vrrpd1.Instance", "Hold",
        GLib.Variant("(su)", (sys.argv[2], 0)), None, Gio.DBusCallFlags.NONE, 60000, None, None)
except GLib.Error as error:
    print(Gio.DBusError.get_remote_error(error), flush=True)
    sys.exit(1)
print("held", flush=True)
sys.stdin.read()
"""


def settings(**values):
    """A dictionary of settings, each in the D-Bus type that comes natural; a GLib.Variant stays what it is."""
    types = {bool: "b", int: "i", str: "s", list: "as"}
    return GLib.Variant("a{sv}", {key: value if isinstance(value, GLib.Variant) else GLib.Variant(types[type(value)], value)
                                  for key, value in values.items()})


def arguments_of(*values):
    """As GLib.Variant: a dictionary of settings, a name, flags (u), or a Variant as it is."""
    types = {int: "u", str: "s"}
    items = [value if isinstance(value, GLib.Variant) else GLib.Variant(types[type(value)], value) for value in values]
    return GLib.Variant.new_tuple(*items)


class Bus:
    """A connection of root's."""

    def __init__(self):
        flags = Gio.DBusConnectionFlags
        self.connection = Gio.DBusConnection.new_for_address_sync(
            f"unix:path={SOCKET}", flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        self.connection.set_exit_on_close(False)

    def call(self, path, interface, method, *values, timeout=60000):
        """Returns the unpacked reply, descriptors instead of handles; raises BusError."""
        try:
            reply, fds = self.connection.call_with_unix_fd_list_sync(
                NAME, path, interface, method, arguments_of(*values), None, Gio.DBusCallFlags.NONE, timeout, None, None)
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error)
            Gio.DBusError.strip_remote_error(error)
            raise BusError(name, error.message) from None
        return (fds.get(0),) if reply.get_type_string() == "(h)" else reply.unpack()

    def instance(self, name, method, *values):
        return self.call(path_of(name), INSTANCE, method, *values)

    def manager(self, method, *values):
        return self.call(*MANAGER, method, *values)

    def statistics(self, name):
        return self.call(path_of(name), STATISTICS, "Get")[0]

    def properties(self, name):
        return self.call(path_of(name), "org.freedesktop.DBus.Properties", "GetAll", INSTANCE)[0]

    def names(self):
        return [entry[0] for entry in self.manager("ListInstances")[0]]

    def refusal(self, path, interface, method, *values):
        """(name, text) of the error, or None where it is done."""
        try:
            self.call(path, interface, method, *values)
            return None
        except BusError as error:
            return error.name, error.text


def call_as(user, path, interface, method, *values):
    """The same as another user."""
    return PrivateSystem.call(user, path, interface, method, *[printed(value) for value in values])


def printed(value):
    """As gdbus wants it: with types where they are not plain."""
    return arguments_of(value).get_child_value(0).print_(True)


def refusal_as(user, path, interface, method, *values):
    try:
        call_as(user, path, interface, method, *values)
        return None
    except BusError as error:
        return error.name, error.text


class Holder:
    """A program of a user's that holds an instance until it ends."""

    def __init__(self, user, name, reason):
        self.process = subprocess.Popen(as_user(user, ["/usr/bin/python3", "-c", HOLDER, path_of(name), reason]),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()


def file_text(daemon, name):
    """What the instance's file says; None where there is none."""
    path = os.path.join(daemon.instances, name + ".conf")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()


def interface_file(interface):
    return os.path.join(SOURCE, "dbus", interface + ".xml")
