# SPDX-License-Identifier: LGPL-2.1-or-later
"""A planned handover loses no packet. A few of each kind here; tools/bench handover does it thirty times and more."""
import contextlib

import pytest

from handover import Handovers


def check(results):
    for result in results:
        assert result.holders, f"{result}: a second later exactly one node, the new one, must hold the address"
        assert result.lost == 0 and result.lost_arp_client == 0, str(result)
        assert result.uncorrected == 0, f"{result}: the old node answered ARP, and no announcement followed in time"


@pytest.mark.parametrize("count", [1, 200])
def test_failover(count):
    with contextlib.closing(Handovers(count)) as handovers:
        for _ in range(6):
            handovers.failover()
        check(handovers.finish())
        assert handovers.lost_in_all() == 0


@pytest.mark.parametrize("count", [1, 200])
def test_stop_and_preemption(count):
    with contextlib.closing(Handovers(count)) as handovers:
        for _ in range(3):
            handovers.stop()
            handovers.preempt()
        check(handovers.finish())
        assert handovers.lost_in_all() == 0


def test_authenticated_unicast():
    """The seed's way of speaking, once a second."""
    with contextlib.closing(Handovers(1, interval=1, unicast_ah=True)) as handovers:
        handovers.failover()
        handovers.failover()
        handovers.stop()
        handovers.preempt()
        check(handovers.finish())
        assert handovers.lost_in_all() == 0
