# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus protocol by hand: a client that costs almost nothing, and that can misbehave where a library would not.

A message is sent as soon as it is asked for, whether or not earlier ones were answered, and nothing is read until somebody
wants it. Times are CLOCK_MONOTONIC."""
import collections
import os
import re
import select
import socket
import struct
import time

from private_bus import NAME, SOCKET

CALL, REPLY, ERROR, SIGNAL = 1, 2, 3, 4
INTERACTIVE = 4  # flag: may ask the user
PROPERTIES = "org.freedesktop.DBus.Properties"
BUS = ("/org/freedesktop/DBus", "org.freedesktop.DBus")

# body: the bytes; values() reads them. t: when it had arrived.
Message = collections.namedtuple("Message", "t kind serial path interface member error reply_to destination sender "
                                            "signature body")
_FIELDS = {1: "path", 2: "interface", 3: "member", 4: "error", 5: "reply_to", 6: "destination", 7: "sender", 8: "signature"}


class _Writer:
    """A body, or a header: alignment counts from its start."""

    def __init__(self):
        self.data = bytearray()

    def align(self, alignment):
        self.data += bytes(-len(self.data) % alignment)

    def number(self, code, value):
        self.align(struct.calcsize(code))
        self.data += struct.pack("<" + code, value)

    def put(self, kind, value):
        if kind in ("s", "o"):
            raw = value.encode()
            self.number("I", len(raw))
            self.data += raw + b"\0"
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", "s")
            self.put("s", value)
        elif kind in ("as", "a{sv}"):
            self._array(kind[1:], value)
        else:
            self.number({"y": "B", "b": "I", "u": "I", "t": "Q"}[kind], value)

    def _array(self, element, value):
        self.number("I", 0)
        length_at = len(self.data) - 4
        if element == "{sv}":
            self.align(8)
        start = len(self.data)
        for item in value:
            if element == "{sv}":
                self.align(8)
            self.put("s", item)
            if element == "{sv}":
                self.put("v", value[item])
        struct.pack_into("<I", self.data, length_at, len(self.data) - start)


def marshal(signature, *arguments):
    """Strings, paths, numbers, variants of a string, lists of strings, and a{sv} with strings as values."""
    writer = _Writer()
    for kind, value in zip(re.findall(r"a\{sv\}|as|.", signature), arguments, strict=True):
        writer.put(kind, value)
    return bytes(writer.data)


class _Reader:
    def __init__(self, data, order="<"):
        self.data, self.order, self.at = data, order, 0

    def align(self, alignment):
        self.at += -self.at % alignment

    def unpack(self, code):
        size = struct.calcsize(code)
        self.align(size)
        value = struct.unpack_from(self.order + code, self.data, self.at)[0]
        self.at += size
        return value

    def text(self, length):
        value = bytes(self.data[self.at:self.at + length]).decode()
        self.at += length + 1
        return value

    def value(self, kind):
        if kind in "so":
            return self.text(self.unpack("I"))
        if kind == "g":
            return self.text(self.unpack("B"))
        if kind == "v":
            return self.value(self.value("g"))
        return self.unpack({"y": "B", "u": "I", "b": "I", "i": "i", "t": "Q"}[kind])


def values(message):
    """The leading arguments of simple types: strings, paths, numbers, variants of these."""
    reader = _Reader(message.body)
    found = []
    for kind in message.signature or "":
        if kind not in "sogvyubit":
            break
        found.append(reader.value(kind))
    return found


def changed_properties(message):
    """{name: value} of a PropertiesChanged whose values are all of simple types or lists of strings."""
    reader = _Reader(message.body)
    reader.value("s")
    length = reader.unpack("I")
    reader.align(8)
    end = reader.at + length
    found = {}
    while reader.at < end:
        reader.align(8)
        name, kind = reader.value("s"), reader.value("g")
        if kind == "as":
            size = reader.unpack("I")
            stop = reader.at + size
            found[name] = []
            while reader.at < stop:
                found[name].append(reader.value("s"))
        else:
            found[name] = reader.value(kind)
    return found


class Wire:
    """One connection, of root or of another user, to the bus at `address` (a path)."""

    def __init__(self, uid=0, address=SOCKET, hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.serial = 0
        self.buffer = bytearray()
        # The bus takes whose the socket is from when it was connected.
        os.seteuid(uid)
        try:
            self.socket.connect(address)
        finally:
            os.seteuid(0)
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\n")
        answer = self.socket.recv(4096)
        assert answer.startswith(b"OK "), answer
        self.socket.sendall(b"BEGIN\r\n")
        self.name = values(self.call(*BUS, "Hello", destination=BUS[1]))[0] if hello else None

    def build(self, path, interface, member, signature="", *arguments, destination=NAME, flags=0):
        """The bytes of a call, and its serial."""
        self.serial += 1
        body = marshal(signature, *arguments)
        fields = _Writer()
        for code, kind, value in ((1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", destination),
                                  (8, "g", signature)):
            if value:
                fields.align(8)
                fields.put("y", code)
                fields.put("g", kind)
                fields.put(kind, value)
        head = struct.pack("<cBBBIII", b"l", CALL, flags, 1, len(body), self.serial, len(fields.data))
        fields.align(8)
        return head + bytes(fields.data) + body, self.serial

    def send(self, *call, **options):
        """Sends a call, does not wait for anything; returns its serial."""
        data, serial = self.build(*call, **options)
        self.socket.sendall(data)
        return serial

    def _fill(self, size, end):
        while len(self.buffer) < size:
            ready = select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]
            if not ready:
                raise TimeoutError("no message in time")
            chunk = self.socket.recv(1 << 14)
            if not chunk:
                raise ConnectionResetError("the bus has closed the connection")
            self.buffer += chunk

    def _take_body(self, head_size, body_size, end):
        """Copies as little as possible: bodies may be large."""
        body = bytearray(body_size)
        have = min(len(self.buffer) - head_size, body_size)
        body[:have] = self.buffer[head_size:head_size + have]
        rest = memoryview(body)[have:]
        while rest:
            if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("no whole message in time")
            size = self.socket.recv_into(rest)
            if size == 0:
                raise ConnectionResetError("the bus has closed the connection")
            rest = rest[size:]
        return body

    def receive(self, timeout=60):
        """The next message of any kind."""
        end = time.monotonic() + timeout
        self._fill(16, end)
        order = "<" if self.buffer[0:1] == b"l" else ">"
        kind = self.buffer[1]
        body_size, serial, fields_size = struct.unpack_from(order + "III", self.buffer, 4)
        head_size = 16 + fields_size + (-fields_size % 8)
        self._fill(head_size, end)
        body = self._take_body(head_size, body_size, end)
        t = time.monotonic()
        fields = {}
        reader = _Reader(bytes(self.buffer[:16 + fields_size]), order)
        reader.at = 16
        while reader.at < 16 + fields_size:
            reader.align(8)
            code = reader.value("y")
            value = reader.value(reader.value("g"))
            if code in _FIELDS:
                fields[_FIELDS[code]] = value
        del self.buffer[:min(len(self.buffer), head_size + body_size)]
        return Message(t, kind, serial, *(fields.get(name) for name in _FIELDS.values()), body)

    def wait_reply(self, serial, timeout=60):
        """The reply to that call; everything else is thrown away."""
        end = time.monotonic() + timeout
        while True:
            message = self.receive(max(0, end - time.monotonic()))
            if message.reply_to == serial and message.kind in (REPLY, ERROR):
                return message

    def call(self, *call, timeout=60, **options):
        """Calls and waits: the reply, or the error as a message."""
        return self.wait_reply(self.send(*call, **options), timeout)

    def get(self, path, interface, name, **options):
        """Properties.Get."""
        return self.call(path, PROPERTIES, "Get", "ss", interface, name, **options)

    def add_match(self, rule):
        message = self.call(*BUS, "AddMatch", "s", rule, destination=BUS[1])
        assert message.kind == REPLY, message

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
