# SPDX-License-Identifier: LGPL-2.1-or-later
"""How tools/test counts: a failure that is not counted is worse than no test."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/lib"))

import suites  # noqa: E402

TAP = "TAP version 13\n1..3\nok 1 /a\n# talk\nnot ok 2 /b\nok 3 /c # SKIP no kernel support\n"


@pytest.mark.parametrize("good, skipped, output, expected", [
    (True, False, "===== 12 passed in 3.20s =====\n", (12, 0, 0)),
    (True, False, "12 passed in 3.20s\n", (12, 0, 0)),
    (True, False, "=== 1 passed, 2 skipped in 63.20s (0:01:03) ===\n", (1, 0, 2)),
    (False, False, "=== 3 failed, 1 passed, 2 errors in 1.00s ===\n", (1, 5, 0)),
    (True, False, "=== 1 xfailed, 1 xpassed in 1.00s ===\n", (1, 0, 1)),
    (False, False, TAP, (1, 1, 1)),
    # All cases were fine, and then it crashed.
    (False, False, "1..1\nok 1 /a\n", (1, 1, 0)),
    (False, False, "=== 2 passed in 1.00s ===\nSegmentation fault\n", (2, 1, 0)),
    # It says nothing about cases.
    (True, False, "all is well\n", (1, 0, 0)),
    (False, False, "", (0, 1, 0)),
    (False, True, "needs root\n", (0, 0, 1)),
])
def test_count(good, skipped, output, expected):
    cases = suites.count("name", good, skipped, output)
    assert (cases.passed, cases.failed, cases.skipped) == expected


def test_reasons():
    assert suites.count("name", True, False, TAP.replace("not ok", "ok")).reasons == ["name: /c: no kernel support"]
    assert suites.count("name", False, True, "first\nneeds root\n").reasons == ["name: needs root"]
    output = "SKIPPED [2] test_a.py:3: no clang\n=== 2 skipped in 0.01s ===\n"
    assert suites.count("name", True, False, output).reasons == ["name: [2] test_a.py:3: no clang"]


def test_no_test_is_a_failure(monkeypatch, capsys):
    run = suites.Run(["unit"])
    monkeypatch.setattr(run, "suite", lambda name: (suites.Cases(), ""))
    assert run.all() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_last_line(monkeypatch, capsys):
    run = suites.Run(["unit", "sim"])
    monkeypatch.setattr(run, "suite", lambda name: (suites.count(name, True, False, "7 passed in 1.00s\n"), ""))
    assert run.all() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "14 passed, 0 failed, 0 skipped"
