# SPDX-License-Identifier: LGPL-2.1-or-later
"""pytest fixtures of the system tests (run-pytest loads this)."""
import pytest

from lab import Lab


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        # The laboratory is still there: what the daemons said belongs to the report.
        for name in ("lab", "lab2"):
            for node in getattr(item.funcargs.get(name), "nodes", []):
                report.sections.append((f"{node.kind} on node {node.number}", node.log()[-6000:]))


@pytest.fixture
def lab():
    """Two routers and a client."""
    with Lab() as laboratory:
        yield laboratory


@pytest.fixture
def lab2():
    """Two routers and two clients."""
    with Lab(clients=2) as laboratory:
        yield laboratory
