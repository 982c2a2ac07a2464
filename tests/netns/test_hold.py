# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds on a running pair: out of mastership as long as somebody holds, and as long as somebody else serves."""
import os

import pytest
from gi.repository import Gio, GLib

from lab import INTERFACE, VIP, always, wait_for
from nodes import Vrrpd

PATH = "/org/vrrpd1/instance/one"


def start(lab, number, priority):
    node = Vrrpd(lab, number)
    node.write("one", Interface=INTERFACE, VirtualRouterId=10, Priority=priority, AdvertisementInterval="100ms",
               VirtualAddresses=f"{VIP}/21")
    node.start()
    return node


def start_pair(lab):
    nodes = [start(lab, 1, 110), start(lab, 2, 100)]
    nodes[0].wait_state("master", 10, "one")
    nodes[1].wait_state("backup", 10, "one")
    return nodes


def hold(node, reason):
    """Returns the descriptor."""
    node.on_bus()  # connects
    reply, descriptors = node.bus.connection.call_with_unix_fd_list_sync(
        "org.vrrpd1", PATH, "org.vrrpd1.Instance", "Hold", GLib.Variant("(su)", (reason, 0)), GLib.VariantType("(h)"),
        Gio.DBusCallFlags.NONE, 30000, None, None)
    return descriptors.get(reply.unpack()[0])


def holders(node):
    return [holder[0] for holder in node.properties("one")["Holders"]]


def test_until_the_last_one_lets_go(lab):
    nodes = start_pair(lab)
    first = hold(nodes[0], "update")
    # The answer comes when the other one was heard.
    assert nodes[0].state("one") == "backup" and nodes[0].properties("one")["LastReason"] == "hold"
    assert nodes[1].state("one") == "master"
    second = hold(nodes[0], "backup of the disk")
    assert holders(nodes[0]) == ["update", "backup of the disk"]
    os.close(first)
    wait_for(lambda: holders(nodes[0]) == ["backup of the disk"], 5, "one holder")
    always(lambda: nodes[0].state("one") == "backup", 1, "node 1 backup")
    os.close(second)
    nodes[0].wait_state("master", 10, "one")
    assert nodes[0].properties("one")["LastReason"] == "priority" and not holders(nodes[0])
    wait_for(lambda: lab.owners() == [1], 10, "node 1 alone with the address")


def test_copies_of_the_descriptor(lab):
    """The hold ends with the last copy; what is written into it is nobody's."""
    nodes = start_pair(lab)
    descriptor = hold(nodes[0], "copied")
    copy = os.dup(descriptor)
    os.write(copy, b"x" * 1000)
    os.close(descriptor)
    always(lambda: holders(nodes[0]) == ["copied"], 0.5, "held by the copy")
    os.close(copy)
    nodes[0].wait_state("master", 10, "one")


def test_nobody_else(lab):
    """Without another router the service goes on here, and nothing is held."""
    node = start(lab, 1, 110)
    node.wait_state("master", 10, "one")
    with pytest.raises(GLib.Error, match="NoPeer"):
        hold(node, "alone")
    assert node.state("one") == "master" and not holders(node)
    wait_for(lambda: lab.owners() == [1], 5, "the address")
    # Nothing of it stays: another router of lower priority does not stay master.
    other = start(lab, 2, 100)
    other.wait_state("backup", 10, "one")


def test_master_dies_while_held(lab):
    nodes = start_pair(lab)
    descriptor = hold(nodes[0], "update")
    nodes[1].wait_state("master", 10, "one")
    nodes[1].kill()
    nodes[0].wait_state("master", 10, "one")
    assert holders(nodes[0]) == ["update"]
    os.close(descriptor)
    wait_for(lambda: not holders(nodes[0]), 5, "no holder")


def test_outlives_a_restart_of_the_instance(lab):
    """An instance that was disabled meanwhile starts held."""
    nodes = start_pair(lab)
    descriptor = hold(nodes[0], "update")
    nodes[0].ctl("disable", "one", "--runtime")
    nodes[0].wait_state("initialize", 10, "one")
    nodes[0].ctl("enable", "one", "--runtime")
    nodes[0].wait_state("backup", 10, "one")
    always(lambda: nodes[0].state("one") == "backup" and nodes[1].state("one") == "master", 1, "node 1 backup")
    assert holders(nodes[0]) == ["update"]
    os.close(descriptor)
    nodes[0].wait_state("master", 10, "one")


def test_other_routers_are_shown(lab):
    """In backup the master; in master nobody, once the one before it has fallen silent."""
    nodes = start_pair(lab)
    wait_for(lambda: nodes[1].properties("one")["ForeignRouters"] == [lab.address(1)], 5, "the master, seen by node 2")
    wait_for(lambda: nodes[0].properties("one")["ForeignRouters"] == [], 5, "nobody, seen by node 1")
    descriptor = hold(nodes[0], "update")
    # The former one said goodbye.
    assert nodes[1].properties("one")["ForeignRouters"] == []
    wait_for(lambda: nodes[0].properties("one")["ForeignRouters"] == [lab.address(2)], 5, "the new master, seen by node 1")
    nodes[1].kill()
    nodes[0].wait_state("master", 10, "one")
    wait_for(lambda: nodes[0].properties("one")["ForeignRouters"] == [], 5, "nobody, seen by node 1")
    os.close(descriptor)
