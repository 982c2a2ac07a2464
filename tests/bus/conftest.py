# SPDX-License-Identifier: LGPL-2.1-or-later
"""One private system, two routers, and the daemon of node 1 on its bus, for all tests of a file."""
import pytest

from lab import Lab, wait_for
from nodes import Vrrpd
from private_bus import PrivateSystem, SystemDaemon

KEY = "s3cr3t-K"
ROUTERS = {"failover_test": (10, 3), "other": (11, 4)}


def write_routers(node, priority):
    for name, (vrid, last) in ROUTERS.items():
        node.write(name, Interface="eno1", VirtualRouterId=vrid, Priority=priority, AdvertisementInterval="100ms",
                   VirtualAddresses=f"192.168.120.{last}/21")


@pytest.fixture(scope="module")
def alone():
    """A private system whose bus has not been started."""
    private = PrivateSystem()
    yield private
    private.stop()


@pytest.fixture(scope="module")
def system(alone):
    alone.start_bus()
    alone.start_polkit()
    return alone


@pytest.fixture(scope="module")
def lab(alone):
    with Lab(routers=2, clients=0) as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def peer(lab):
    """Node 2, without a bus: another router to hand over to."""
    node = Vrrpd(lab, 2, bus=False)
    write_routers(node, 100)
    node.start()
    return node


@pytest.fixture(scope="module")
def daemon(system, lab, peer):
    """Node 1, master of both routers, with a third instance that has a key."""
    node = SystemDaemon(lab, 1)
    write_routers(node, 110)
    node.write("keyed", Interface="eno1", VirtualRouterId=12, Version=2, VirtualAddresses="192.168.120.5/21",
               UnicastPeers="192.168.120.2", AuthenticationType="ah", AuthenticationKey=KEY)
    node.start()
    system.wait_name()
    for name in ROUTERS:
        wait_master(system, name)
    return node


@pytest.fixture
def rule(system):
    """rule(text): from now on it holds; at the end of the test it does not."""
    written = []

    def write(text):
        name = f"{10 + len(written)}-test"
        system.write_rule(name, text)
        written.append(name)
        restart_polkit(system)
    yield write
    for name in written:
        system.remove_rule(name)
    restart_polkit(system)


def restart_polkit(system):
    """It would notice changed rules by itself, at a time that nobody knows."""
    if system.polkit:
        system.stop_polkit()
    system.start_polkit()


def wait_master(system, name, timeout=20):
    wait_for(lambda: system.properties("root", name)["State"] == "master", timeout, f"{name} is master on node 1")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for node in getattr(item.funcargs.get("lab"), "nodes", []):
            report.sections.append((f"{node.kind} on node {node.number}", node.log()[-6000:]))
