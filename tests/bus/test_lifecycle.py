# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus may be absent and may die: VRRP does not care, and the name is back when the bus is."""
import time

import pytest

from conftest import write_routers
from lab import always, wait_for
from nodes import Vrrpd
from private_bus import SystemDaemon, path_of


@pytest.fixture(scope="module")
def nodes(alone, lab):
    """Both routers, started before there is a bus."""
    second = Vrrpd(lab, 2, bus=False)
    write_routers(second, 100)
    second.start()
    first = SystemDaemon(lab, 1)
    write_routers(first, 110)
    first.start()
    return first, second


def back_after(system, what):
    """The bus answers: how long until the name is there."""
    start = time.monotonic()
    system.wait_name(timeout=20)
    took = time.monotonic() - start
    print(f"{what}: the name was there {took * 1000:.0f} ms after the bus answered")
    return took


def test_bus_absent_at_start(alone, lab, nodes):
    wait_for(lambda: lab.owners() == [1], 20, "node 1 is master without a bus")
    always(lambda: lab.owners() == [1], 1, "node 1 stays master")
    alone.start_bus()
    alone.start_polkit()
    assert back_after(alone, "absent at start") < 1.0
    assert alone.properties("bob", "failover_test")["State"] == "master"


def test_bus_is_killed(alone, lab, nodes):
    alone.wait_name()
    before = alone.properties("bob", "failover_test")
    for _ in range(3):
        alone.stop_polkit()
        alone.kill_bus()
        always(lambda: lab.owners() == [1], 1.5, "node 1 stays master without a bus")
        alone.start_bus()
        alone.start_polkit()
        assert back_after(alone, "killed") < 1.0
        after = alone.properties("bob", "failover_test")
        for key in ("State", "Transitions", "StateSinceMonotonic"):
            assert after[key] == before[key]
    assert alone.failover("root", "failover_test", 300_000) == ()


def test_transition_without_a_bus(alone, lab, nodes):
    """What happened meanwhile is there when the bus is."""
    first, second = nodes
    alone.wait_name()
    wait_for(lambda: lab.owners() == [1], 20, "node 1 is master again")
    before = alone.properties("bob", "failover_test")["Transitions"]
    alone.stop_polkit()
    alone.kill_bus()
    lab.unplug(1)
    wait_for(lambda: lab.owners() == [2], 20, "node 2 has it")
    lab.plug(1)
    wait_for(lambda: lab.owners() == [1], 20, "node 1 took it back")
    alone.start_bus()
    alone.start_polkit()
    alone.wait_name()
    after = alone.properties("bob", "failover_test")
    assert after["State"] == "master" and after["Transitions"] >= before + 2


def test_stop_tells_the_last_transition(alone, lab, nodes, tmp_path):
    """The goodbye is on the bus before the daemon leaves it."""
    import subprocess
    from private_bus import NAME, as_user
    first, second = nodes
    alone.wait_name()
    path = tmp_path / "monitor"
    with open(path, "w", encoding="utf-8") as file:
        monitor = subprocess.Popen(as_user("bob", ["stdbuf", "-oL", "gdbus", "monitor", "--system", "--dest", NAME]),
                                   stdout=file, stderr=subprocess.STDOUT)
    wait_for(lambda: "is owned by" in path.read_text(), 20, "the monitor")
    assert first.stop() == 0
    wait_for(lambda: "does not have an owner" in path.read_text(), 20, lambda: path.read_text())
    monitor.kill()
    monitor.wait()
    text = path.read_text()
    assert f"{path_of('failover_test')}: org.vrrpd1.Instance.StateChanged ('initialize', 'master', 'shutdown'" in text, text
