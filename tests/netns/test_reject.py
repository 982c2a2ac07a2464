# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wrong packets from a real neighbour: each is dropped, counted under its own reason, and logged once, nothing else.

Node 1 runs vrrpd as master with priority 100; its neighbour (node 2's namespace, no daemon) sends adverts of priority 200,
each with one fault. Without the fault the same advert deposes node 1, which the last test of each kind shows.
"""
import collections
import time

import pytest

from lab import Lab, wait_for
from nodes import Vrrpd
from packets import MULTICAST, authenticated, ipv4, send, vrrp2, vrrp3

ME, NEIGHBOUR, STRANGER = "192.168.120.1", "192.168.120.2", "192.168.120.9"
KEY = b"1111"
Case = collections.namedtuple("Case", "instance reason counter packet stranger unicast")

V2, V3, PASS, AH, UNI3 = "v2", "v3", "pass", "ah", "uni3"
VRID = {V2: 20, V3: 30, PASS: 40, AH: 10, UNI3: 50}
ADDRESS = {name: f"192.168.121.{vrid}" for name, vrid in VRID.items()}


def plain2(instance=V2, destination=MULTICAST, ttl=255, source=NEIGHBOUR, **more):
    keys = dict(vrid=VRID[instance], priority=200, addresses=[ADDRESS[instance]])
    return ipv4(source, destination, vrrp2(**dict(keys, **more)), ttl=ttl)


def plain3(instance=V3, destination=MULTICAST, ttl=255, cut=0, tail=b"", **more):
    keys = dict(vrid=VRID[instance], priority=200, addresses=[ADDRESS[instance]], source=NEIGHBOUR,
                destination=destination, centiseconds=20)
    message = vrrp3(**dict(keys, **more))
    return ipv4(NEIGHBOUR, destination, message[:len(message) - cut] + tail, ttl=ttl)


def password(**more):
    return plain2(PASS, **dict(dict(auth_type=1, auth_data=b"sesame"), **more))


def signed(number=0xe0000000, key=KEY, source=NEIGHBOUR, ttl=255, spi=None, **more):
    keys = dict(vrid=VRID[AH], priority=200, addresses=[ADDRESS[AH]], auth_type=2)
    return authenticated(source, ME, vrrp2(**dict(keys, **more)), key, number, ttl, spi)


def case(instance, reason, counter, packet, stranger=False):
    return Case(instance, reason, counter, packet, stranger, instance in (AH, UNI3))


CASES = [
    case(V2, "ttl", "IpTtlErrors", plain2(ttl=254)),
    case(V2, "checksum", "ChecksumErrors", plain2(wrong_checksum=True)),
    case(V2, "version", "VersionErrors", plain2(version=3)),
    case(V2, "type", "InvalidTypePacketsReceived", plain2(kind=2)),
    case(V2, "length", "PacketLengthErrors", plain2(count=2)),
    case(V2, "count-zero", "CountZeroErrors", plain2(addresses=[])),
    case(V2, "interval", "IntervalErrors", plain2(interval=7)),
    case(V2, "auth-type", "AuthenticationTypeErrors", plain2(auth_type=1, auth_data=b"sesame")),
    case(V2, "destination", "DestinationErrors", plain2(destination=ME)),
    case(PASS, "auth-key", "AuthenticationKeyErrors", password(auth_data=b"guess")),
    case(PASS, "auth-type", "AuthenticationTypeErrors", password(auth_type=0, auth_data=b"")),
    case(V3, "ttl", "IpTtlErrors", plain3(ttl=1)),
    case(V3, "checksum", "ChecksumErrors", plain3(wrong_checksum=True)),
    case(V3, "version", "VersionErrors", plain3(version=2)),
    case(V3, "type", "InvalidTypePacketsReceived", plain3(kind=3)),
    case(V3, "length", "PacketLengthErrors", plain3(cut=2)),
    case(V3, "hmac-trailer", "HmacTrailerErrors", plain3(tail=bytes([1]) + bytes(27))),
    case(V3, "count-zero", "CountZeroErrors", plain3(addresses=[])),
    case(V3, "interval-zero", "IntervalZeroErrors", plain3(centiseconds=0)),
    case(UNI3, "ttl", "IpTtlErrors", plain3(UNI3, ME, ttl=64)),
    case(UNI3, "destination", "DestinationErrors", plain3(UNI3, MULTICAST)),
    case(AH, "auth-key", "AuthenticationKeyErrors", signed(key=b"2222")),
    case(AH, "auth-type", "AuthenticationTypeErrors", plain2(AH, ME)),
    case(AH, "auth-header", "AuthenticationHeaderErrors", signed(spi=STRANGER)),
    case(AH, "replay", "ReplayErrors", signed(number=1)),
    case(AH, "interval", "IntervalErrors", signed(interval=4)),
    case(AH, "unknown-peer", "UnknownPeerErrors", signed(source=STRANGER), stranger=True),
]
# The same without the fault.
VALID = [case(V2, "", "", plain2()), case(PASS, "", "", password()), case(V3, "", "", plain3()),
         case(V3, "", "", plain3(pseudo_header=False)), case(UNI3, "", "", plain3(UNI3, ME)), case(AH, "", "", signed())]


@pytest.fixture(scope="module")
def target():
    with Lab() as lab:
        node = Vrrpd(lab, 1)
        for name, vrid in VRID.items():
            keys = dict(Interface="eno1", VirtualRouterId=vrid, Priority=100, VirtualAddresses=ADDRESS[name] + "/21",
                        Version=3 if name in (V3, UNI3) else 2)
            keys["AdvertisementInterval"] = "200ms" if name in (V3, UNI3) else "1s"
            if name in (UNI3, AH):
                keys["UnicastPeers"] = NEIGHBOUR
            if name == PASS:
                keys.update(AuthenticationType="pass", AuthenticationKey="sesame")
            if name == AH:
                keys.update(AuthenticationType="ah", AuthenticationKey=KEY.decode())
            node.write(name, **keys)
        node.start()
        node.started = time.monotonic()
        for name in VRID:
            node.wait_state("master", 10, name)
        yield lab, node


def deliver(lab, it):
    sender = lab.client if it.stranger else lab.r[1]
    send(sender, it.packet, lab.r[0].mac() if it.packet[16:20] == bytes([192, 168, 120, 1]) else None)


@pytest.mark.parametrize("it", CASES, ids=lambda it: f"{it.instance}-{it.reason}")
def test_rejected(target, it):
    lab, node = target
    node.wait_state("master", 10, it.instance)
    before, transitions = node.statistics(it.instance), node.properties(it.instance)["Transitions"]
    repetitions = 5
    for _ in range(repetitions):
        deliver(lab, it)
    wait_for(lambda: node.statistics(it.instance)[it.counter] >= before[it.counter] + repetitions, 5,
             lambda: f"{it.counter}; {node.statistics(it.instance)}")
    after = node.statistics(it.instance)
    errors = {key: after[key] - before[key] for key in after
              if ("Error" in key or "InvalidType" in key or key == "AdvertisementsReceived") and after[key] != before[key]}
    assert errors == {it.counter: repetitions}, "counted under another reason as well"
    assert node.properties(it.instance)["Transitions"] == transitions
    assert node.state(it.instance) == "master"


def test_log(target):
    """After all of the above: about each source once (in a minute), with the reason, and never a key."""
    _, node = target
    minutes = 1 + int((time.monotonic() - node.started) / 60)
    for source, reason in ((NEIGHBOUR, CASES[0].reason), (STRANGER, "unknown-peer")):
        lines = [line for line in node.log().splitlines() if f"Packets from {source} " in line]
        assert 1 <= len(lines) <= minutes, lines
        assert f"dropped: {reason}." in lines[0]
    for key in ("sesame", "guess", KEY.decode(), "2222"):
        assert f"{key}" not in node.log()


def test_unknown_vrid(target):
    """No instance: nothing happens but that the daemon counts it, and it is not said again and again."""
    lab, node = target
    strays = node.stray_statistics()["VridErrors"]
    for _ in range(5):
        send(lab.client, ipv4(STRANGER, MULTICAST, vrrp3(99, 200, ["192.168.121.99"], STRANGER)))
    # Packets are handled in order: when this one is counted, those before it were handled too.
    before = node.statistics(V3)["IpTtlErrors"]
    send(lab.client, plain3(ttl=7))
    wait_for(lambda: node.statistics(V3)["IpTtlErrors"] > before, 5)
    wait_for(lambda: node.stray_statistics()["VridErrors"] == strays + 5, 5, "the strays are counted")
    lines = [line for line in node.log().splitlines() if "VRID 99" in line]
    assert len(lines) <= 1, lines
    assert all(node.state(name) == "master" for name in VRID)


@pytest.mark.parametrize("it", VALID, ids=lambda it: it.instance)
def test_valid_is_believed(target, it):
    lab, node = target
    node.wait_state("master", 10, it.instance)
    deliver(lab, it)
    node.wait_state("backup", 2, it.instance)
    assert node.properties(it.instance)["LastReason"] == "higher-priority"
    assert node.properties(it.instance)["MasterAddress"] == NEIGHBOUR
