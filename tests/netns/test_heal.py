# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses that somebody else deletes while this router is master, and links that come and go."""
import time

import pytest
from gi.repository import Gio, GLib

from lab import INTERFACE, VIP, always, wait_for
from nodes import Vrrpd
from observe import Sniffer

SECOND = "192.168.121.77"


def start(lab, number, priority, **keys):
    node = Vrrpd(lab, number)
    settings = {"Interface": INTERFACE, "VirtualRouterId": 10, "Priority": priority, "AdvertisementInterval": "100ms",
                "VirtualAddresses": f"{VIP}/21"}
    node.write("one", **{**settings, **keys})
    node.start()
    return node


def start_pair(lab, **keys):
    nodes = [start(lab, 1, 110, **keys), start(lab, 2, 100, **keys)]
    nodes[0].wait_state("master", 10, "one")
    nodes[1].wait_state("backup", 10, "one")
    wait_for(lambda: lab.r[0].holds(VIP, INTERFACE), 5, "the address")
    return nodes


def call(node, method, signature, arguments):
    node.on_bus()  # connects
    node.bus.call("/org/vrrpd1/instance/one", "org.vrrpd1.Instance", method, GLib.Variant(signature, arguments), 20000)


def delete(lab, address=f"{VIP}/21"):
    lab.r[0].ip(f"address del {address} dev {INTERFACE}")


def listen(node):
    """What AddressLost says from now on."""
    node.on_bus()  # connects
    heard = []
    node.bus.connection.signal_subscribe(
        "org.vrrpd1", "org.vrrpd1.Instance", "AddressLost", None, None, Gio.DBusSignalFlags.NONE,
        lambda *arguments: heard.append(arguments[5].unpack()))
    context = GLib.MainContext.default()

    def read():
        while context.iteration(False):
            pass
        return heard
    return read


def lost(node):
    return node.statistics("one")["AddressesLost"]


def test_back_and_announced(lab):
    nodes = start_pair(lab)
    sniffer, signals = Sniffer(lab), listen(nodes[0])
    # The announcements of the takeover, the last one five seconds after it, are not those of the healing.
    wait_for(lambda: not sniffer.gratuitous(1, after=time.time() - 3.5), 15, "silence", interval=0.1)
    before = time.time()
    delete(lab)
    gone = time.time()
    wait_for(lambda: sniffer.gratuitous(1, after=before), 5, "the announcement")
    announced = sniffer.gratuitous(1, after=before)[0].t - gone
    # The kernel's lock is shared with whatever else runs on this machine.
    assert announced < 1, f"announced after {announced * 1000:.1f} ms"
    assert lab.r[0].holds(VIP, INTERFACE) and " secondary " in lab.r[0].holds(VIP, INTERFACE)[0]
    wait_for(lambda: signals() == [(VIP, True)], 5, lambda: f"the signal, not {signals()}")
    assert lost(nodes[0]) == 1 and "was deleted from outside; it is back" in nodes[0].log()
    assert nodes[0].properties("one")["Transitions"] == 2 and nodes[0].state("one") == "master"
    assert not [a for a in sniffer.sent(1, after=before) if a.priority == 0]


def test_only_the_lost_ones(lab):
    """Our own removals are no loss; of several addresses the one that was lost is named."""
    nodes = start_pair(lab, VirtualAddresses=f"{VIP}/21;{SECOND}/21")
    signals = listen(nodes[0])
    delete(lab, f"{SECOND}/21")
    wait_for(lambda: signals() == [(SECOND, True)], 5, "the signal")
    wait_for(lambda: lab.r[0].holds(SECOND, INTERFACE), 5, "the second address")
    call(nodes[0], "Update", "(a{sv}u)", ({"VirtualAddresses": GLib.Variant("as", [f"{VIP}/21"])}, 1))
    wait_for(lambda: not lab.r[0].holds(SECOND), 5, "no second address")
    nodes[0].ctl("failover", "one")
    nodes[1].wait_state("master", 10, "one")
    wait_for(lambda: lab.owners() == [2], 10, "node 2 alone with the address")
    assert lost(nodes[0]) == 1 and lost(nodes[1]) == 0 and signals() == [(SECOND, True)]


def lose_primary(lab):
    """The host's own address goes, and the kernel takes ours with it. Another one is left to send from."""
    for scope in ("all", INTERFACE):
        lab.r[0].sysctl(f"net/ipv4/conf/{scope}/promote_secondaries", 0)
    lab.r[0].ip(f"address add 10.9.9.1/24 dev {INTERFACE}")
    own = f"{lab.address(1)}/21"
    lab.r[0].ip(f"address del {own} dev {INTERFACE}")
    return own


def primary_again(lab):
    lines = lab.r[0].holds(VIP, INTERFACE)
    return len(lines) == 1 and " secondary " in lines[0] and f"{VIP}/21" in lines[0]


def test_not_the_primary(lab):
    nodes = start_pair(lab)
    own = lose_primary(lab)
    always(lambda: not lab.r[0].holds(VIP), 0.5, "no address without the host's")
    assert nodes[0].state("one") == "master"
    lab.r[0].ip(f"address add {own} dev {INTERFACE}")
    wait_for(lambda: primary_again(lab), 1, "the address as a secondary")
    assert lost(nodes[0]) == 1
    nodes[0].ctl("failover", "one")
    wait_for(lambda: lab.owners() == [2], 10, "node 2 alone with the address")
    assert lab.r[0].holds(lab.address(1), INTERFACE), "the host lost its own address"


def test_the_primary_stays_away(lab):
    """After two seconds the address is there without a prefix, and with it when the host's returns."""
    nodes = start_pair(lab)
    own = lose_primary(lab)
    wait_for(lambda: lab.r[0].holds(VIP, INTERFACE), 4, "the address")
    assert f"{VIP}/32 " in lab.r[0].holds(VIP, INTERFACE)[0] and lost(nodes[0]) == 1
    assert VIP not in lab.r[0].ip("route show")
    lab.r[0].ip(f"address add {own} dev {INTERFACE}")
    wait_for(lambda: primary_again(lab), 2, "the address as a secondary, and only that")
    lab.r[0].ip(f"address del {own} dev {INTERFACE}")
    wait_for(lambda: lab.r[0].holds(VIP, INTERFACE), 4, "the address once more")
    # A prefix of one address is found again when it has to go.
    nodes[0].ctl("failover", "one")
    wait_for(lambda: lab.owners() == [2], 10, "node 2 alone with the address")
    wait_for(lambda: not lab.r[0].holds(VIP), 5, "nothing left")


def test_too_often(lab):
    nodes = start_pair(lab)
    signals = listen(nodes[0])

    def deleted():
        lab.r[0].ip(f"address del {VIP}/21 dev {INTERFACE}", check=False)
        return nodes[0].properties("one")["Faults"] == ["address-lost"]
    wait_for(deleted, 10, "the fault")
    nodes[1].wait_state("master", 1, "one")
    wait_for(lambda: lab.owners() == [2], 5, "node 2 alone with the address")
    assert nodes[0].state("one") == "initialize" and nodes[0].properties("one")["LastReason"] == "address-lost"
    assert nodes[1].properties("one")["LastReason"] == "priority-zero"
    assert lost(nodes[0]) == 11
    wait_for(lambda: len(signals()) == 11, 5, "the signals")
    assert signals() == [(VIP, True)] * 10 + [(VIP, False)]
    # Whoever has found the culprit need not wait.
    call(nodes[0], "Disable", "(u)", (1,))
    call(nodes[0], "Enable", "(u)", (1,))
    nodes[0].wait_state("master", 10, "one")


@pytest.mark.parametrize("way", ["down", "deleted"])
def test_no_loss(lab, way):
    """What goes with its interface is not healed there."""
    nodes = start_pair(lab)
    signals = listen(nodes[0])
    lab.r[0].ip(f"link set {INTERFACE} down" if way == "down" else f"link del {INTERFACE}")
    nodes[0].wait_faults(["interface-down" if way == "down" else "interface-missing"], 5, "one")
    nodes[1].wait_state("master", 5, "one")
    assert lost(nodes[0]) == 0 and not signals()
    if way == "down":
        lab.r[0].ip(f"link set {INTERFACE} up")
        nodes[0].wait_state("master", 10, "one")
        wait_for(lambda: lab.owners() == [1], 5, "node 1 alone with the address")


def test_carrier_flaps(lab):
    """Fifty times in ten seconds: one master at the end, and its address."""
    nodes = start_pair(lab)
    for _ in range(50):
        lab.unplug(1)
        time.sleep(0.1)
        lab.plug(1)
        time.sleep(0.1)
    nodes[0].wait_state("master", 10, "one")
    nodes[1].wait_state("backup", 10, "one")
    wait_for(lambda: lab.owners() == [1], 5, "node 1 alone with the address")
    assert lost(nodes[0]) == 0 and nodes[0].properties("one")["Faults"] == []


def test_renamed_and_new_mac(lab):
    nodes = start_pair(lab)
    sniffer = Sniffer(lab)
    lab.r[0].ip(f"link set {INTERFACE} address 02:00:00:00:77:01")
    wait_for(lambda: any(a.mac == bytes.fromhex("020000007701") for a in sniffer.gratuitous(1)), 5,
             "announced from the new MAC")
    assert nodes[0].state("one") == "master"
    lab.r[0].ip(f"link set {INTERFACE} down")
    lab.r[0].ip(f"link set {INTERFACE} name other0")
    nodes[0].wait_faults(["interface-missing"], 5, "one")
    lab.r[0].ip(f"link set other0 name {INTERFACE}")
    lab.r[0].ip(f"link set {INTERFACE} up")
    nodes[0].wait_state("master", 10, "one")
    wait_for(lambda: lab.owners() == [1], 5, "node 1 alone with the address")
