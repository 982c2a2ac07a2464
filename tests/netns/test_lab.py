# SPDX-License-Identifier: LGPL-2.1-or-later
"""The laboratory itself: would it see what the other tests rely on it to see?"""
import time

import pytest

import packets
from lab import BROADCAST, VIP, wait_for
from observe import Owner, Probe, Sniffer, start_echo

GOLDEN = {
    # Captured from keepalived: AH by multicast with the key "secret", by unicast with "longerth"; a password "abc".
    "45c0004000010000ff33d0ad0a090001e0000012700400000a0900010000000134e23a8c5e068820eaa8cc1f"
    "2133640102016e5d0a0900640000000000000000":
        packets.authenticated("10.9.0.1", packets.MULTICAST, packets.vrrp2(51, 100, ["10.9.0.100"], auth_type=2),
                              b"secret", 1),
    "45c0004400010000ff33a6b10a0900010a090002700400000a09000100000001648fa903b5abd035b17bcbdf"
    "21345a0202016deb0a0900650a0900660000000000000000":
        packets.authenticated("10.9.0.1", "10.9.0.2",
                              packets.vrrp2(52, 90, ["10.9.0.101", "10.9.0.102"], auth_type=2), b"longerth", 1),
    "21355a010101b4f50a0900676162630000000000":
        packets.vrrp2(53, 90, ["10.9.0.103"], auth_type=1, auth_data=b"abc"),
    # RFC 5798's checksum as keepalived reads it, and RFC 9568's.
    "310ac8020064defbc0000201c0000202": packets.vrrp3(10, 200, ["192.0.2.1", "192.0.2.2"], "192.0.2.251"),
    "310ac8020064828ac0000201c0000202":
        packets.vrrp3(10, 200, ["192.0.2.1", "192.0.2.2"], "192.0.2.251", pseudo_header=False),
}


@pytest.mark.parametrize("golden", GOLDEN)
def test_packets_are_made_right(golden):
    assert GOLDEN[golden].hex() == golden


def give(lab, node):
    lab.r[node - 1].ip(f"addr add {VIP}/21 brd {BROADCAST} dev eno1")


def take(lab, node):
    lab.r[node - 1].ip(f"addr del {VIP}/21 dev eno1")


def announce(lab, node):
    mac = lab.r[node - 1].mac()
    address = bytes(map(int, VIP.split(".")))
    arp = bytes.fromhex("0001080006040001") + mac + address + bytes(6) + address
    packets.send_frames(lab.r[node - 1], [b"\xff" * 6 + mac + b"\x08\x06" + arp])


def test_observers_see_an_outage(lab):
    """An address that is away for a moment: the probe loses packets then and only then, the owner sees both changes."""
    owner = Owner(lab, 1)
    give(lab, 1)
    wait_for(lambda: owner.own, 2, "the address")
    start_echo(lab)
    probe = Probe(lab.client)
    time.sleep(0.3)
    start = time.time()
    take(lab, 1)
    give(lab, 1)
    end = time.time()
    time.sleep(0.3)
    result = probe.stop()
    assert probe.lost(start, end) > 10
    assert probe.lost(0, start) == 0 and probe.lost(end + 0.001, end + 1) == 0
    assert result["lost"] < result["sent"] / 2 and set(probe.responders(0, end + 1)) == {1 << 1}
    assert start < owner.first(False, start) < owner.first(True, start) < end + 0.5


def test_observers_see_two_holders(lab2):
    """Both nodes answer ARP: the client that asks hears the old one after the new one has announced itself."""
    sniffer = Sniffer(lab2)
    give(lab2, 1)
    start_echo(lab2)
    probe = Probe(lab2.clients[1], interval=200e-6, arp_interval=5e-3)
    time.sleep(0.2)
    start = time.time()
    give(lab2, 2)
    announce(lab2, 2)
    time.sleep(0.3)
    probe.stop()
    assert lab2.owners() == [1, 2]
    stale, uncorrected = probe.stale_answers(lab2.r[0].mac(), lab2.r[1].mac(), start, start + 0.3)
    assert stale >= uncorrected > 10
    assert [a.node for a in sniffer.gratuitous(after=start)] == [2]
    assert {a.node for a in sniffer.arps if a.operation == 2 and a.t > start} == {1, 2}


def test_observers_see_a_clean_change(lab2):
    """The old node goes silent before the new one announces itself: no stale answer."""
    give(lab2, 1)
    start_echo(lab2)
    probe = Probe(lab2.clients[1], interval=200e-6, arp_interval=5e-3)
    time.sleep(0.2)
    start = time.time()
    take(lab2, 1)
    give(lab2, 2)
    announce(lab2, 2)
    time.sleep(0.3)
    probe.stop()
    assert probe.stale_answers(lab2.r[0].mac(), lab2.r[1].mac(), start, start + 0.3) == (0, 0)
    assert probe.responders(start, start + 0.3)[-1] == 1 << 2
