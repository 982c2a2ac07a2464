# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes VRRP packets by hand, right and wrong, and puts them on a wire."""
import hashlib
import hmac
import socket
import struct

from lab import INTERFACE

MULTICAST = "224.0.0.18"
ETH_P_ALL = 3


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _with_checksum(message, pseudo=b"", wrong=False):
    value = checksum(pseudo + message)
    if wrong:
        value ^= 0x5555
    return message[:6] + struct.pack("!H", value) + message[8:]


def vrrp2(vrid, priority, addresses, interval=1, auth_type=0, auth_data=b"", version=2, kind=1, count=None,
          wrong_checksum=False):
    """A VRRPv2 message (RFC 3768 5.1), with its eight bytes of authentication data."""
    message = struct.pack("!BBBBBBH", version << 4 | kind, vrid, priority, len(addresses) if count is None else count,
                          auth_type, interval, 0)
    message += b"".join(map(socket.inet_aton, addresses)) + auth_data.ljust(8, b"\0")
    return _with_checksum(message, wrong=wrong_checksum)


def vrrp3(vrid, priority, addresses, source, destination=MULTICAST, centiseconds=100, version=3, kind=1, count=None,
          pseudo_header=True, wrong_checksum=False):
    """A VRRPv3 message for IPv4 (RFC 9568 5.1); the checksum with or without the pseudo-header."""
    message = struct.pack("!BBBBHH", version << 4 | kind, vrid, priority, len(addresses) if count is None else count,
                          centiseconds, 0)
    message += b"".join(map(socket.inet_aton, addresses))
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, 112, len(message))
    return _with_checksum(message, pseudo if pseudo_header else b"", wrong_checksum)


def ipv4(source, destination, payload, protocol=112, ttl=255, identification=1):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(payload), identification, 0, ttl, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def authenticated(source, destination, message, key, number, ttl=255, spi=None):
    """The packet with an AH before the message, as keepalived signs it: HMAC-MD5 cut to 12 bytes, mutable fields
    zeroed, the TTL only for unicast. The SPI is the source address unless another is given."""
    def build(icv):
        header = struct.pack("!BBH4sI", 112, 4, 0, socket.inet_aton(spi or source), number) + icv
        return ipv4(source, destination, header + message, 51, ttl, number & 0xffff or 1)

    hashed = bytearray(build(bytes(12)))
    hashed[1] = 0
    hashed[6:8] = hashed[10:12] = b"\0\0"
    if destination != MULTICAST:
        hashed[8] = 0
    return build(hmac.new(key, bytes(hashed), hashlib.md5).digest()[:12])


def send(namespace, packet, destination_mac=None, interface=INTERFACE):
    """Sends an IPv4 packet as a frame, from the namespace's interface; to the VRRP group unless a MAC is given."""
    frame = (destination_mac or bytes.fromhex("01005e000012")) + namespace.mac(interface) + b"\x08\x00" + packet
    send_frames(namespace, [frame], interface)


def send_frames(namespace, frames, interface=INTERFACE):
    with namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((interface, 0))
        for frame in frames:
            sock.send(frame)
