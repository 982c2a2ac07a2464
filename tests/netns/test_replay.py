# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recorded adverts of a node that is dead must not depose anybody."""
from lab import VIP, always, wait_for
from nodes import Vrrpd
from observe import Owner, Sniffer
from packets import authenticated, send, send_frames, vrrp2


def test_recorded_adverts_depose_nobody(lab):
    sniffer = Sniffer(lab)
    owners = [Owner(lab, 1), Owner(lab, 2)]
    one, two = Vrrpd(lab, 1), Vrrpd(lab, 2)
    for node in (one, two):
        node.use_seed(1)
        node.start()
    wait_for(lambda: lab.owners() == [1], 8, "node 1 alone has the address")
    wait_for(lambda: len([a for a in sniffer.sent(1) if a.number]) >= 4, 8, "some adverts")
    one.kill()
    one.remove_leftovers()
    recorded = [a.frame for a in sniffer.sent(1)]
    assert all(a.number and a.priority == 110 for a in sniffer.sent(1))
    two.wait_state("master", 6)
    transitions = two.properties()["Transitions"]
    errors = two.statistics()["ReplayErrors"]

    for _ in range(3):
        send_frames(lab.r[0], recorded)
    wait_for(lambda: two.statistics()["ReplayErrors"] == errors + 3 * len(recorded), 5,
             lambda: f"all counted as replays; {two.statistics()}")
    always(lambda: owners[1].own and two.state() == "master", 2, "node 2 is master")
    assert two.properties()["Transitions"] == transitions

    # A real return is another matter: its numbers go on above the recorded ones.
    one.start()
    wait_for(lambda: lab.owners() == [1], 8, "node 1 alone has the address")


def test_recorded_adverts_against_a_restarted_node(lab):
    """The standby starts after the recording, as master of an empty wire: the saved number protects it."""
    sniffer = Sniffer(lab)
    one, two = Vrrpd(lab, 1), Vrrpd(lab, 2)
    for node in (one, two):
        node.use_seed(1)
        node.start()
    wait_for(lambda: lab.owners() == [1], 8, "node 1 alone has the address")
    wait_for(lambda: len(sniffer.sent(1)) >= 4, 8, "some adverts")
    one.kill()
    one.remove_leftovers()
    recorded = [a.frame for a in sniffer.sent(1)]
    two.wait_state("master", 6)
    two.kill()
    two.remove_leftovers()
    two.start()
    two.wait_state("master", 6)
    send_frames(lab.r[0], recorded)
    wait_for(lambda: two.statistics()["ReplayErrors"] == len(recorded), 5, lambda: str(two.statistics()))
    always(lambda: two.state() == "master", 1, "node 2 is master")


def test_numbers_that_were_only_heard_outlive_a_restart(lab):
    """A standby that never sent anything has nothing of its own to be above: it must remember what it heard."""
    two = Vrrpd(lab, 2)
    two.use_seed(1)
    two.start()
    two.wait_state("backup", 6)
    source, destination = lab.address(1), lab.address(2)
    message = vrrp2(10, 110, [VIP], auth_type=2)
    recorded = authenticated(source, destination, message, b"1111\0\0\0\0", 0xb0000000)
    send(lab.r[0], recorded, lab.r[1].mac())
    wait_for(lambda: two.properties()["MasterAddress"] == source, 5, "the advert is believed")
    two.kill()
    two.start()
    two.wait_state("master", 8)
    send(lab.r[0], recorded, lab.r[1].mac())
    wait_for(lambda: two.statistics()["ReplayErrors"] == 1, 5, lambda: str(two.statistics()))
    assert two.state() == "master"
