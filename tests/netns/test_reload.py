# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reloads in which instances take each other's place, or in which something cannot be read."""
import os

from lab import VIP, wait_for
from nodes import Vrrpd

OTHER = "192.168.120.4"


def write(node, name, vrid, address):
    return node.write(name, Interface="eno1", VirtualRouterId=vrid, AdvertisementInterval="100ms",
                      VirtualAddresses=f"{address}/21")


def two_masters(lab):
    node = Vrrpd(lab, 1)
    write(node, "one", 10, VIP)
    write(node, "two", 20, OTHER)
    node.start()
    node.wait_state("master", 5, "one")
    node.wait_state("master", 5, "two")
    return node


def test_new_name(lab):
    """The same router under another name: the old instance leaves before the new one starts, and the address is there again."""
    node = two_masters(lab)
    os.rename(f"{node.instances}/one.conf", f"{node.instances}/uno.conf")
    node.ctl("reload")
    node.wait_state("master", 10, "uno")
    wait_for(lambda: lab.r[0].holds(VIP), 5, "the address")
    assert node.state("one") is None


def test_routers_change_places(lab):
    node = two_masters(lab)
    write(node, "one", 20, OTHER)
    write(node, "two", 10, VIP)
    node.ctl("reload")
    wait_for(lambda: node.properties("one")["VirtualRouterId"] == 20 and node.state("one") == "master", 10, "one on VRID 20")
    wait_for(lambda: node.properties("two")["VirtualRouterId"] == 10 and node.state("two") == "master", 10, "two on VRID 10")
    assert lab.r[0].holds(VIP) and lab.r[0].holds(OTHER)


def test_router_of_an_instance_with_a_broken_file(lab):
    """It keeps its settings, and so nobody else can be that router."""
    node = two_masters(lab)
    before = node.properties("one")["Transitions"]
    node.write("one", text="[Instance]\nNonsense=1\n")
    path = write(node, "three", 10, "192.168.120.5")
    output = node.ctl("reload", status=1)
    assert path in output and "already the instance one," in output, output
    assert node.state("three") is None
    assert node.properties("one")["Transitions"] == before and node.state("one") == "master"


def test_directory_that_cannot_be_read(lab):
    """Nothing is removed because of it."""
    node = two_masters(lab)
    hidden = node.instances + ".hidden"
    os.rename(node.instances, hidden)
    with open(node.instances, "w", encoding="utf-8"):
        pass
    try:
        assert node.instances in node.ctl("reload", status=1)
    finally:
        os.unlink(node.instances)
        os.rename(hidden, node.instances)
    assert node.state("one") == node.state("two") == "master"
    assert lab.r[0].holds(VIP) and lab.r[0].holds(OTHER)
