# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes of a running master over the bus: what is not changed stays as it is, on the wire too; and what the files say after it."""
import os
import time

import pytest
from gi.repository import GLib

from lab import INTERFACE, VIP, wait_for
from nodes import Vrrpd
from observe import Sniffer

SECOND_VIP = "192.168.120.4"
PATH = "/org/vrrpd1/instance/one"
INSTANCE = "org.vrrpd1.Instance"


def start_pair(lab, **keys):
    nodes = []
    for i in range(2):
        node = Vrrpd(lab, i + 1)
        os.chmod(node.instances, 0o2770)  # as tmpfiles.d makes it
        settings = dict(Interface=INTERFACE, VirtualRouterId=10, Priority=110 - 10 * i, AdvertisementInterval="100ms",
                        VirtualAddresses=f"{VIP}/21")
        settings.update(keys)
        if "UnicastPeers" in keys:
            settings["UnicastPeers"] = lab.address(2 - i)
        node.write("one", **settings)
        node.start()
        nodes.append(node)
    nodes[0].wait_state("master", 10, "one")
    nodes[1].wait_state("backup", 10, "one")
    wait_for(lambda: lab.owners() == [1], 10, "node 1 alone with the address")
    return nodes


def update(node, settings, flags=0):
    values = {key: GLib.Variant("as" if isinstance(value, list) else "s", value) for key, value in settings.items()}
    return node.bus.call(PATH, INSTANCE, "Update", GLib.Variant("(a{sv}u)", (values, flags)))[0]


def text(node):
    with open(os.path.join(node.instances, "one.conf"), encoding="utf-8") as file:
        return file.read()


def check_undisturbed(nodes, sniffer, transitions):
    """Nobody left, and the adverts went on."""
    seen = len(sniffer.sent())
    wait_for(lambda: len(sniffer.sent()) >= seen + 8, 10, "eight more adverts")
    assert transitions_of(nodes) == transitions
    sent = sniffer.sent()
    assert {advert.node for advert in sent} == {1}
    assert 0 not in {advert.priority for advert in sent}
    gaps = [b.t - a.t for a, b in zip(sent, sent[1:])]
    assert max(gaps) < 0.3, "the peer's patience is 0.3 s"


def transitions_of(nodes):
    return [node.properties("one")["Transitions"] for node in nodes]


def test_priority(lab):
    nodes = start_pair(lab)
    transitions = transitions_of(nodes)
    sniffer = Sniffer(lab)
    assert update(nodes[0], {"Priority": "120"}) == 0
    wait_for(lambda: [a for a in sniffer.sent() if a.priority == 120], 5, "adverts with the new priority")
    check_undisturbed(nodes, sniffer, transitions)
    assert "Priority=120\n" in text(nodes[0]) and not nodes[0].properties("one")["Unsaved"]


def test_addresses(lab):
    """One more, then the first one goes; nothing else of the interface changes."""
    nodes = start_pair(lab)
    transitions = transitions_of(nodes)
    sniffer = Sniffer(lab)
    for node in nodes:
        update(node, {"VirtualAddresses": [f"{VIP}/21", f"{SECOND_VIP}/21"]})
    wait_for(lambda: lab.owners(SECOND_VIP) == [1], 5, "the new address on node 1")
    wait_for(lambda: sniffer.gratuitous(1, SECOND_VIP), 5, "the new address announced")
    assert lab.owners(VIP) == [1]
    for node in nodes:
        update(node, {"VirtualAddresses": [f"{SECOND_VIP}/21"]})
    wait_for(lambda: not lab.owners(VIP), 5, "the old address gone")
    assert lab.owners(SECOND_VIP) == [1]
    assert lab.r[0].holds(lab.address(1), INTERFACE), "the host's own address"
    check_undisturbed(nodes, sniffer, transitions)


def test_key_and_peers(lab):
    """The key changes on one node after the other, within the other's patience; then a third peer comes."""
    nodes = start_pair(lab, Version=2, AdvertisementInterval="1s", UnicastPeers="", AuthenticationType="ah",
                       AuthenticationKey="before")
    transitions = transitions_of(nodes)
    for node in nodes:
        update(node, {"AuthenticationKey": "after"})
    heard = nodes[1].statistics("one")["AdvertisementsReceived"]
    wait_for(lambda: nodes[1].statistics("one")["AdvertisementsReceived"] >= heard + 3, 20, "adverts with the new key")
    for i, node in enumerate(nodes):
        update(node, {"UnicastPeers": [lab.address(2 - i), lab.address(7)]})
        assert node.properties("one")["UnicastPeers"] == [lab.address(2 - i), lab.address(7)]
    heard = nodes[1].statistics("one")["AdvertisementsReceived"]
    wait_for(lambda: nodes[1].statistics("one")["AdvertisementsReceived"] >= heard + 2, 20, "adverts to the list of peers")
    assert transitions_of(nodes) == transitions
    assert "AuthenticationKey=after\n" in text(nodes[0])
    assert "after" not in nodes[0].log() and "after" not in str(nodes[0].properties("one"))


def test_runtime_change_and_reload(lab):
    """It is not written; a reload leaves it alone until the file itself changes; a restart forgets it."""
    nodes = start_pair(lab)
    before = text(nodes[0])
    update(nodes[0], {"Priority": "120", "Description": "tried"}, flags=1)
    assert nodes[0].properties("one")["Unsaved"] and text(nodes[0]) == before
    nodes[0].ctl("reload")
    assert nodes[0].properties("one")["Priority"] == 120
    # What is written now is the change alone.
    update(nodes[0], {"MissedAdverts": "4"})
    assert text(nodes[0]) == before + "MissedAdverts=4\n"
    assert nodes[0].properties("one")["Unsaved"] and nodes[0].properties("one")["Priority"] == 120
    nodes[0].write("one", text=before.replace("Priority=110", "Priority=115"))
    nodes[0].ctl("reload")
    properties = nodes[0].properties("one")
    assert properties["Priority"] == 115 and properties["Description"] == "" and not properties["Unsaved"]
    update(nodes[0], {"Priority": "120"}, flags=1)
    nodes[0].stop()
    nodes[0].start()
    wait_for(nodes[0].on_bus, 10, "node 1 on the bus")
    assert nodes[0].properties("one")["Priority"] == 115


def test_unconfirmed_change(lab):
    """Applied at once, written when it is confirmed, and undone when it is not."""
    nodes = start_pair(lab)
    before = text(nodes[0])
    number = update(nodes[0], {"Priority": "50"}, flags=4)
    nodes[1].wait_state("master", 10, "one")
    assert number > 0 and text(nodes[0]) == before
    with pytest.raises(GLib.Error, match="Busy"):
        update(nodes[0], {"Priority": "60"})
    with pytest.raises(GLib.Error, match="InvalidArgs"):
        nodes[0].bus.call("/org/vrrpd1", "org.vrrpd1.Manager", "Confirm", GLib.Variant("(t)", (number + 1,)))
    nodes[0].bus.call("/org/vrrpd1", "org.vrrpd1.Manager", "Confirm", GLib.Variant("(t)", (number,)))
    assert "Priority=50\n" in text(nodes[0]) and not nodes[0].properties("one")["Unsaved"]
    started = time.monotonic()
    update(nodes[0], {"Priority": "110"}, flags=4)
    nodes[0].wait_state("master", 10, "one")
    nodes[1].wait_state("master", 60, "one")
    assert time.monotonic() - started > 25
    assert nodes[0].properties("one")["Priority"] == 50 and "Priority=50\n" in text(nodes[0])


def test_files_that_cannot_be_written(lab):
    """Nothing changes, and the error says which file."""
    nodes = start_pair(lab)
    transitions = transitions_of(nodes)
    os.chmod(nodes[0].instances, 0o750)
    with pytest.raises(GLib.Error, match="WriteFailed.*one.conf"):
        update(nodes[0], {"Priority": "120"})
    with pytest.raises(GLib.Error, match="WriteFailed.*one.conf"):
        nodes[0].bus.call(PATH, INSTANCE, "Remove", GLib.Variant("(u)", (0,)))
    assert nodes[0].properties("one")["Priority"] == 110
    assert transitions_of(nodes) == transitions


def test_add_and_remove(lab):
    node = Vrrpd(lab, 1)
    os.chmod(node.instances, 0o2770)
    node.start()
    settings = {"Interface": GLib.Variant("s", INTERFACE), "VirtualRouterId": GLib.Variant("y", 10),
                "AdvertisementInterval": GLib.Variant("t", 100000),
                "VirtualAddresses": GLib.Variant("as", [f"{VIP}/21"])}

    def add(name, flags=0):
        return node.bus.call("/org/vrrpd1", "org.vrrpd1.Manager", "AddInstance",
                             GLib.Variant("(sa{sv}u)", (name, settings, flags)))[0]

    wait_for(node.on_bus, 10, "the daemon on the bus")
    assert add("one") == PATH
    node.wait_state("master", 10, "one")
    wait_for(lambda: lab.owners() == [1], 5, "the address")
    with pytest.raises(GLib.Error, match="InstanceExists"):
        add("one")
    with pytest.raises(GLib.Error, match="Conflict.*one"):
        add("two")
    assert text(node) == ("[Instance]\nInterface=eno1\nVirtualRouterId=10\nAdvertisementInterval=100ms\n"
                          f"VirtualAddresses={VIP}/21\n")
    # Removed and at once there again, while the former self is still leaving.
    node.bus.call(PATH, INSTANCE, "Remove", GLib.Variant("(u)", (0,)))
    assert not os.path.exists(os.path.join(node.instances, "one.conf"))
    assert add("one", 1) == PATH
    node.wait_state("master", 10, "one")
    assert node.properties("one")["Unsaved"] and not os.path.exists(os.path.join(node.instances, "one.conf"))
    node.ctl("reload")
    assert node.state("one") == "master"
    node.bus.call(PATH, INSTANCE, "Remove", GLib.Variant("(u)", (1,)))
    wait_for(lambda: node.state("one") is None and not lab.owners(), 10, "the instance and its address gone")
