# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recorded adverts of a node that is dead must not depose anybody."""
from lab import always, wait_for
from nodes import Vrrpd
from observe import Owner, Sniffer
from packets import send_frames


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
