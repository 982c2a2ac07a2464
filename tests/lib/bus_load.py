# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that load the bus, each a process of its own: bus_load.py dump|flood|getall|deaf UID PATH

dump: calls GetManagedObjects again and again, and prints how long each took (seconds), and when it was there.
flood: sends property reads of PATH as fast as the bus takes them, reads the answers, and prints how many came.
getall: reads all properties of PATH, an instance of keepalived, again and again, one call after the other.
deaf: sends GetManagedObjects and property reads of PATH, and never reads an answer. Prints how many it sent.
"""
import os
import select
import signal
import subprocess
import sys
import time

from private_bus import MANAGER
from wire import PROPERTIES, Wire

OBJECTS = (MANAGER[0], "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
WINDOW = 64  # calls of the flood under way; the bus allows 128


def dump(wire):
    while True:
        start = time.monotonic()
        wire.call(*OBJECTS)
        end = time.monotonic()
        print(f"{end - start:.6f} {end:.6f}", flush=True)


def flood(wire, path):
    done = 0
    calls = b"".join(wire.build(path, PROPERTIES, "Get", "ss", "org.vrrpd1.Instance", "State")[0] for _ in range(WINDOW))
    while True:
        wire.socket.sendall(calls)
        for _ in range(WINDOW):
            wire.receive()
        done += WINDOW
        print(done, flush=True)


def getall(wire, path):
    done = 0
    while True:
        wire.call(path, PROPERTIES, "GetAll", "s", "org.keepalived.Vrrp1.Instance", destination="org.keepalived.Vrrp1")
        done += 1
        print(done, flush=True)


def deaf(wire, path):
    """Without waiting: the bus limits how many calls may be under way, then answers with errors that nobody reads either."""
    sent = 0
    wire.socket.setblocking(False)
    while True:
        data = wire.build(*OBJECTS)[0] + wire.build(path, PROPERTIES, "GetAll", "s", "org.vrrpd1.Instance")[0]
        while data:
            try:
                data = data[wire.socket.send(data):]
            except BlockingIOError:
                select.select([], [wire.socket], [], 60)
        sent += 2
        print(sent, flush=True)


class Load:
    """Such a process. Its prints are in a file; stop() returns them as numbers."""

    def __init__(self, kind, uid, directory, path="/"):
        self.output = os.path.join(directory, f"load-{kind}-{time.monotonic_ns()}")
        with open(self.output, "wb") as file:
            self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), kind, str(uid), path], stdout=file)

    def numbers(self, column=0):
        with open(self.output, encoding="ascii") as file:
            return [float(line.split()[column]) for line in file.read().split("\n")[:-1]]

    def stop(self):
        self.process.kill()
        self.process.wait()
        return self.numbers()


def main():
    kind, uid, path = sys.argv[1:4]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    wire = Wire(int(uid))
    if kind == "dump":
        dump(wire)
    {"flood": flood, "getall": getall, "deaf": deaf}[kind](wire, path)


if __name__ == "__main__":
    main()
