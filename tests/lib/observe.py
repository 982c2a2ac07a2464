# SPDX-License-Identifier: LGPL-2.1-or-later
"""Observers: what is on the wire, who has the address, and what a client loses.

All times are CLOCK_REALTIME seconds; packets carry the kernel's receive timestamp, rtnetlink events the time at which the
reader saw them.
"""
import collections
import json
import os
import signal
import socket
import ctypes
import struct
import subprocess
import threading
import time

from lab import VIP

SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
ETH_P_ALL = 3
PACKET_OUTGOING = 4

# node: which node's port it came from, whatever the packet claims. number: of the AH, None without.
Advert = collections.namedtuple("Advert", "t node source destination version vrid priority ttl number frame")
# Gratuitous where sender == target; operation 1 asks, 2 answers.
Arp = collections.namedtuple("Arp", "t node operation sender target mac frame")

# ARP, or IPv4 of protocol 112 or 51, in classic BPF: (code, jump if true, jump if false, value).
_FILTER = [(0x28, 0, 0, 12), (0x15, 4, 0, 0x0806), (0x15, 0, 4, 0x0800), (0x30, 0, 0, 23), (0x15, 1, 0, 112),
           (0x15, 0, 1, 51), (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0)]


def _attach_filter(sock):
    code = b"".join(struct.pack("HBBI", *line) for line in _FILTER)
    buffer = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(_FILTER), ctypes.addressof(buffer)))


class _Reader(threading.Thread):
    """A thread that handles what a socket delivers, until stop()."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.stopping = False

    def stop(self):
        self.stopping = True
        self.join()
        self.sock.close()


class Sniffer(_Reader):
    """Taps the bridge's ports: every frame that a host sends, once, with the port it came from."""

    def __init__(self, lab):
        super().__init__(lab.lan.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
        self.adverts, self.arps = [], []
        _attach_filter(self.sock)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._drain()
        self.sock.settimeout(0.1)
        self.start()
        lab.defer(self.stop)

    def _drain(self):
        """Drops what came in before the filter and the options were set."""
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recv(1)
        except BlockingIOError:
            pass

    def run(self):
        while not self.stopping:
            try:
                frame, ancillary, _, address = self.sock.recvmsg(65536, 64)
            except socket.timeout:
                continue
            port = address[0]
            if not port.startswith("p") or address[2] == PACKET_OUTGOING:
                continue
            seconds, nanoseconds = struct.unpack("ll", ancillary[0][2][:16])
            self._take(seconds + nanoseconds * 1e-9, int(port[1:]), frame)

    def _take(self, t, node, frame):
        if frame[12:14] == b"\x08\x06":
            self.arps.append(Arp(t, node, frame[21], socket.inet_ntoa(frame[28:32]), socket.inet_ntoa(frame[38:42]),
                                 frame[22:28], frame))
            return
        offset, number = 14 + (frame[14] & 15) * 4, None
        if frame[23] == 51:
            number = struct.unpack_from("!I", frame, offset + 8)[0]
            offset += (frame[offset + 1] + 2) * 4
        if len(frame) < offset + 8:
            return
        self.adverts.append(Advert(t, node, socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34]),
                                   frame[offset] >> 4, frame[offset + 1], frame[offset + 2], frame[22], number, frame))

    def gratuitous(self, node=None, address=VIP, after=0.0):
        return [a for a in list(self.arps) if a.sender == a.target == address and a.t > after
                and node in (None, a.node)]

    def sent(self, node=None, after=0.0):
        return [a for a in list(self.adverts) if a.t > after and node in (None, a.node)]

    def clear(self):
        self.adverts, self.arps = [], []


class Owner(_Reader):
    """Follows rtnetlink in a router's namespace: when does it have the address on an interface that is up?

    events: list of (time, bool); own: now. The loopback does not count: an address parked there answers nobody."""

    def __init__(self, lab, node, address=VIP):
        super().__init__(lab.r[node - 1].socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
        self.address = socket.inet_aton(address)
        self.where, self.up, self.events, self.own = set(), {}, [], False
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.sock.bind((0, 0x1 | 0x10))  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR
        for kind, body in ((18, struct.pack("=BxHiII", 0, 0, 0, 0, 0)), (22, struct.pack("=BBBBi", 2, 0, 0, 0, 0))):
            self.sock.send(struct.pack("=IHHII", 16 + len(body), kind, 0x301, 1, 0) + body)
            while not self._handle(self.sock.recv(1 << 18)):
                pass
        self.sock.settimeout(0.1)
        self.start()
        lab.defer(self.stop)

    def run(self):
        while not self.stopping:
            try:
                self._handle(self.sock.recv(1 << 18))
            except socket.timeout:
                pass

    def _handle(self, data):
        now, offset, done = time.time(), 0, False
        while offset + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, offset)
            if kind == 3:
                done = True
            elif kind in (16, 17):
                index, flags = struct.unpack_from("=iI", data, offset + 20)
                loopback = flags & 8
                self.up[index] = kind == 16 and bool(flags & 1) and bool(flags & 0x10000) and not loopback
            elif kind in (20, 21):
                self._address(kind, data, offset, offset + length)
            offset += (length + 3) & ~3
        own = any(self.up.get(index) for index in self.where)
        if own != self.own:
            self.own = own
            self.events.append((now, own))
        return done

    def _address(self, kind, data, offset, end):
        index = struct.unpack_from("=I", data, offset + 20)[0]
        attribute = offset + 24
        while attribute + 4 <= end:
            length, name = struct.unpack_from("=HH", data, attribute)
            if name == 2 and data[attribute + 4:attribute + length] == self.address:
                (self.where.add if kind == 20 else self.where.discard)(index)
            attribute += (length + 3) & ~3

    def first(self, own, after):
        """When it first became so after `after`, or None."""
        return next((t for t, o in list(self.events) if o == own and t >= after), None)


# ---------------------------------------------------------------- the client's view

def probe_binary():
    return os.path.join(os.environ["VRRPD_BUILD"], "tests/bench/probe")


def _start_probe(namespace, arguments):
    process = namespace.popen([probe_binary()] + arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", "the probe did not start"
    return process


def start_echo(lab):
    """Every router answers probes, node N with the tag N."""
    for i, namespace in enumerate(lab.r):
        _start_probe(namespace, ["echo", str(i + 1)])


class Probe:
    """A client that probes `address` every `interval` seconds (tests/bench/probe.c)."""

    def __init__(self, namespace, address=VIP, interval=50e-6, arp_interval=None):
        arguments = ["send", address, str(round(interval * 1e6))]
        if arp_interval:
            arguments += ["eno1", str(round(arp_interval * 1e6))]
        self.result = None
        self.process = _start_probe(namespace, arguments)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, f"the probe failed with {self.process.returncode}"
        self.result = json.loads(text)
        return self.result

    @property
    def lost_at(self):
        return [t * 1e-9 for t in self.result["lost_at"]]

    def lost(self, start, end):
        return sum(start <= t < end for t in self.lost_at)

    def worst_gap(self, start, end):
        """The longest time in which nothing was sent, in seconds: an outage shorter than this may be missed."""
        return max((gap for t, gap in self.result["gaps"] if start <= t * 1e-9 < end), default=0) * 1e-9

    def responders(self, start, end):
        return [who for t, who in self.result["switches"] if start <= t * 1e-9 < end]

    def stale_answers(self, old_mac, new_mac, start, end, corrected_within=0.05):
        """How the old node answered ARP after the new one had announced itself, within [start, end): (all, uncorrected).

        The two race for some milliseconds. A client that got such an answer sends to the old node until the next
        announcement, and loses nothing if that comes while the old node still receives. Uncorrected are the answers
        that no announcement followed in time."""
        seen = [(t * 1e-9, bytes.fromhex(mac.replace(":", "")), gratuitous)
                for t, mac, gratuitous in self.result["answers"] if start <= t * 1e-9 < end]
        announced = [t for t, mac, gratuitous in seen if gratuitous and mac == new_mac]
        assert announced, "the new node never announced itself"
        stale = [t for t, mac, gratuitous in seen if mac == old_mac and not gratuitous and t > announced[0]]
        return len(stale), sum(not any(t <= a < t + corrected_within for a in announced) for t in stale)
