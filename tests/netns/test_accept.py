# SPDX-License-Identifier: LGPL-2.1-or-later
"""AcceptMode=no with real packets: the master refuses what is sent to the address, and is a gateway all the same."""
import contextlib
import os
import socket
import threading
import time

from gi.repository import GLib

from lab import INTERFACE, VIP, always, run, wait_for
from nodes import Vrrpd

BEYOND = "10.55.0.9"
PORT = 7
PATH = "/org/vrrpd1/instance/one"


class Beyond:
    """A host behind each router, reached through the virtual address: 10.55.0.9 on lo of the routers' other side."""

    def __init__(self, lab):
        self.namespaces = []
        for number, router in enumerate(lab.r, 1):
            router.sysctl("net/ipv4/ip_forward", 1)
            name = f"{router.name}b"
            run(["ip", "netns", "add", name])
            lab.defer(lambda name=name: run(["ip", "netns", "del", name], check=False))
            router.ip(f"link add far0 type veth peer name far1 netns {name}")
            router.ip(f"addr add 10.55.{number}.1/24 dev far0")
            router.ip("link set far0 up")
            for line in (f"addr add 10.55.{number}.2/24 dev far1", "link set far1 up", "link set lo up",
                         f"addr add {BEYOND}/32 dev lo", f"route add default via 10.55.{number}.1"):
                run(["ip", "-n", name] + line.split())
            router.ip(f"route add {BEYOND} via 10.55.{number}.2")
        lab.client.ip(f"route add {BEYOND} via {VIP}")


def ping(namespace, address, wait="1"):
    output = run(["ip", "netns", "exec", namespace.name, "ping", "-c", "1", "-W", wait, address], check=False)
    return "1 received" in output


def connects(namespace, address):
    with namespace.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        return client.connect_ex((address, PORT)) == 0


def listen(lab):
    """Something on every router listens on all addresses."""
    for router in lab.r:
        server = router.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.bind(("0.0.0.0", PORT))
        server.listen(64)
        lab.defer(server.close)


def resolves(lab, address):
    """Asks anew. Returns the hardware address that answered, or None."""
    lab.client.ip(f"neigh flush to {address}", check=False)
    ping(lab.client, address)
    words = lab.client.ip(f"neigh show to {address}").split()
    return bytes.fromhex(words[words.index("lladdr") + 1].replace(":", "")) if "lladdr" in words else None


def table(router):
    return run(["ip", "netns", "exec", router.name, "nft", "list", "ruleset"])


def start_pair(lab, accept="no", priorities=(110, 100)):
    nodes = []
    for i, priority in enumerate(priorities):
        node = Vrrpd(lab, i + 1)
        os.chmod(node.instances, 0o2770)
        node.write("one", Interface=INTERFACE, VirtualRouterId=10, Priority=priority, AdvertisementInterval="100ms",
                   VirtualAddresses=f"{VIP}/21", AcceptMode=accept)
        node.start()
        nodes.append(node)
    nodes[0].wait_state("master", 10, "one")
    wait_for(lambda: lab.owners() == [1], 10, "node 1 alone with the address")
    return nodes


def check_gateway_only(lab, node):
    router = lab.r[node - 1]
    assert resolves(lab, VIP) == router.mac(), "ARP has to be answered"
    assert not ping(lab.client, VIP) and not connects(lab.client, VIP)
    assert ping(lab.client, lab.address(node), "5") and connects(lab.client, lab.address(node)), "the host's own address"
    assert ping(lab.client, BEYOND, "5"), "through the address"
    assert ping(router, VIP, "5") and connects(router, VIP), "from the host itself"


def test_gateway_only(lab):
    listen(lab)
    Beyond(lab)
    nodes = start_pair(lab)
    assert nodes[0].properties("one")["AcceptMode"] is False and not nodes[0].properties("one")["Faults"]
    check_gateway_only(lab, 1)
    assert "vrrpd" not in table(lab.r[1]), "a backup needs no table"
    nodes[0].ctl("failover", "one")
    wait_for(lambda: lab.owners() == [2], 10, "node 2 alone with the address")
    check_gateway_only(lab, 2)
    wait_for(lambda: "vrrpd" not in table(lab.r[0]), 10, "no table on node 1")
    for node in nodes:
        node.stop()
    assert "vrrpd" not in table(lab.r[1])


def test_from_the_other_side(lab):
    """A packet for the address may come in on another interface than it lives on."""
    Beyond(lab)
    start_pair(lab)
    far = lab.r[0].name + "b"
    probe = ["ip", "netns", "exec", far, "ping", "-c", "1", "-W", "1"]
    assert "1 received" in run(probe + ["10.55.1.1"])
    assert "1 received" not in run(probe + [VIP], check=False)


def test_owner_accepts(lab):
    listen(lab)
    node = start_pair(lab, priorities=(255, 100))[0]
    assert node.properties("one")["AcceptMode"] is False
    assert ping(lab.client, VIP, "5") and connects(lab.client, VIP)
    assert "vrrpd" not in table(lab.r[0])


def test_changed_while_master(lab):
    listen(lab)
    node = start_pair(lab, accept="yes")[0]
    transitions = node.properties("one")["Transitions"]
    assert ping(lab.client, VIP, "5")
    for accept in (False, True):
        node.bus.call(PATH, "org.vrrpd1.Instance", "Update",
                      GLib.Variant("(a{sv}u)", ({"AcceptMode": GLib.Variant("b", accept)}, 0)))
        wait_for(lambda: ("vrrpd" in table(lab.r[0])) != accept, 5, "the table follows")
        assert ping(lab.client, VIP) == connects(lab.client, VIP) == accept
    assert node.properties("one")["Transitions"] == transitions and lab.owners() == [1]


def test_flushed_rules(lab):
    """What `systemctl reload nftables` does."""
    start_pair(lab)
    run(["ip", "netns", "exec", lab.r[0].name, "nft", "flush", "ruleset"])
    wait_for(lambda: "drop" in table(lab.r[0]), 5, "the table is back")
    assert not ping(lab.client, VIP)


def test_crash_and_return(lab):
    """The table of a dead daemon goes on refusing, and the next one does not trip over it."""
    nodes = start_pair(lab, priorities=(110,))
    nodes[0].kill()
    assert lab.owners() == [1] and "drop" in table(lab.r[0])
    assert not ping(lab.client, VIP)
    nodes[0].start()
    nodes[0].wait_state("master", 10, "one")
    wait_for(lambda: lab.owners() == [1] and "drop" in table(lab.r[0]), 10, "address and table")
    assert not ping(lab.client, VIP)
    nodes[0].stop()
    assert not lab.owners() and "vrrpd" not in table(lab.r[0])


@contextlib.contextmanager
def answers_to(lab, address):
    """Sends an echo request every 50 microseconds or so; gives the list of answers."""
    request = bytes.fromhex("0800f7ff00000000")
    answers = []
    ended = threading.Event()
    with lab.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as probe:
        def ask():
            while not ended.is_set():
                probe.sendto(request, (address, 0))
                with contextlib.suppress(BlockingIOError):
                    packet = probe.recv(64, socket.MSG_DONTWAIT)
                    if socket.inet_ntoa(packet[12:16]) == address and packet[20] == 0:
                        answers.append(packet)
                time.sleep(20e-6)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield answers
        finally:
            ended.set()
            thread.join()


def test_never_answers_meanwhile(lab):
    """Not while the addresses come, and not while they go: the table is there before and after them. The client does not wait
    for an announcement: it sends to the host that is about to take them."""
    node = Vrrpd(lab, 1)
    node.write("one", Interface=INTERFACE, VirtualRouterId=10, AdvertisementInterval="100ms", AcceptMode="no",
               VirtualAddresses=[f"{VIP}/21"] + [f"192.168.121.{i}/21" for i in range(1, 200)])
    node.start()
    with answers_to(lab, lab.address(1)) as answers:
        wait_for(lambda: answers, 5, "the probe works")
    lab.client.ip(f"neigh replace {VIP} lladdr {lab.r[0].mac().hex(':')} nud permanent dev {INTERFACE}")
    with answers_to(lab, VIP) as answers:
        for _ in range(10):
            wait_for(lambda: lab.owners() == [1], 10, "the addresses are there")
            node.bus.call(PATH, "org.vrrpd1.Instance", "Disable", GLib.Variant("(u)", (1,)))
            wait_for(lambda: not lab.owners(), 10, "the addresses went")
            node.bus.call(PATH, "org.vrrpd1.Instance", "Enable", GLib.Variant("(u)", (1,)))
        assert not answers


def test_refused_by_the_kernel(lab):
    """Somebody else owns the table: a fault, and the address is held all the same."""
    owner = lab.r[0].popen(["nft", "-i"], stdin=-1, stdout=-3, text=True)
    owner.stdin.write("add table inet vrrpd { flags owner; }\n")
    owner.stdin.flush()
    wait_for(lambda: "vrrpd" in table(lab.r[0]), 5, "the owned table")
    node = start_pair(lab, priorities=(110,))[0]
    wait_for(lambda: node.properties("one")["Faults"] == ["filter"], 5, "the fault")
    assert "AcceptMode=no" in node.log() and "Operation not permitted" in node.log()
    always(lambda: node.state("one") == "master" and lab.owners() == [1], 1, "master with the address")
    owner.kill()
    wait_for(lambda: not node.properties("one")["Faults"], 10, "no fault any more")
    assert "drop" in table(lab.r[0]) and not ping(lab.client, VIP)
