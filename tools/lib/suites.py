# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the tree and runs its test suites, for tools/test. Prints what each suite gave and why anything was skipped.

Everything is counted in test cases. A test program that says nothing about its cases (no TAP, no pytest) is one case. A suite
that runs no case at all is a failure: it means that the tests have got lost.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FULL = bool(os.environ.get("VRRPD_TEST_FULL"))
FUZZ_SECONDS = 3600 if FULL else 60
PLAIN = ["unit", "sim", "bus", "netns", "interop", "lint"]
SUITES = PLAIN + ["fuzz", "address", "thread"]

# Of the slow suite the sanitizers see the programs in C, and of the daemon as a whole the one case in which it starts, is elected,
# says goodbye, hands over and comes back.
NETNS_PROGRAMS = ["netns netlink", "netns netlink-filter", "netns netlink-monitor", "netns engine", "netns engine-ipv6",
                  "netns threads"]
NETNS_TEST, NETNS_CASE = "netns seed", "test_stop_hands_over_and_start_takes_back"
# Of the bus the programs in C, and what takes the daemon and vrrpctl through all of their code; not the cases that mostly wait
# for a person, for polkit or for the journal.
BUS_SANITIZED = ["bus-" + name for name in (
    "failover", "control", "objects", "polkit", "settings", "sink", "source", "turns", "dumps", "interface", "life", "log-control",
    "methods", "methods-form", "methods-life", "signals", "vrrpctl-bus", "vrrpctl-monitor", "vrrpctl-verbs")]

# What runs with a sanitizer: suite, and which of its tests (None: all).
SANITIZED = {
    "address": [("unit", None), ("sim", None), ("bus", BUS_SANITIZED), ("fuzz", None), ("netns", NETNS_PROGRAMS + [NETNS_TEST])],
    "thread": [("unit", ["ring", "slot"]), ("netns", ["netns engine", "netns threads", NETNS_TEST])],
}

# Folder: options, environment, and what has to be built (None: everything).
BUILDS = {
    "build-test": ([], {}, None),
    "build-fuzz": (["-Dfuzz=true"], {"CC": "clang"}, [("fuzz", None)]),
    "build-address": (["-Db_sanitize=address,undefined"], {}, SANITIZED["address"]),
    "build-thread": (["-Db_sanitize=thread"], {}, SANITIZED["thread"]),
}
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    # GLib's own arenas would hide a use after free.
    "G_SLICE": "always-malloc",
}


class Cases:
    """How many cases passed, failed and were skipped, and why."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons

    def skip(self, reason):
        self.skipped += 1
        self.reasons.append(reason)

    def ran(self):
        return self.passed + self.failed

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def count_pytest(output):
    """From the summary line of pytest, or None where there is none."""
    summary = re.findall(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s", output, re.MULTILINE)
    if not summary:
        return None
    cases = Cases()
    for number, word in re.findall(r"(\d+) (\w+)", summary[-1]):
        if word in ("passed", "xpassed"):
            cases.passed += int(number)
        elif word in ("failed", "error", "errors"):
            cases.failed += int(number)
        elif word in ("skipped", "xfailed"):
            cases.skipped += int(number)
    cases.reasons = re.findall(r"^(?:SKIPPED|XFAIL) (.*)$", output, re.MULTILINE)
    return cases


def count_tap(output):
    """From the lines of the Test Anything Protocol, or None where there are none."""
    cases = Cases()
    for word, rest in re.findall(r"^(ok|not ok) \d+(.*)$", output, re.MULTILINE):
        skip = re.search(r"#\s*SKIP\s*(.*)", rest, re.IGNORECASE)
        if skip:
            cases.skip(f"{rest[:skip.start()].strip(' -')}: {skip[1] or 'no reason given'}")
        elif word == "ok":
            cases.passed += 1
        else:
            cases.failed += 1
    return cases if cases.ran() + cases.skipped else None


def count(name, good, skipped, output):
    """The cases of one test program; @good and @skipped are its exit status."""
    cases = count_pytest(output) or count_tap(output) or Cases()
    if skipped:
        cases = Cases()
        cases.skip(last_line(output))
    elif not good and not cases.failed:
        cases.failed += 1
    elif good and not cases.ran() and not cases.skipped:
        cases.passed += 1
    cases.reasons = [f"{name}: {reason}" for reason in cases.reasons]
    return cases


def run(argv, log, environment=None, **options):
    """Runs a program with its output in a file; returns the exit status."""
    with open(log, "w", encoding="utf-8") as file:
        return subprocess.run([str(a) for a in argv], stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              env=dict(os.environ, **(environment or {})), check=False, **options).returncode


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace") if os.path.exists(path) else ""


def tail(text, lines=40):
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-lines:])


class Build:
    """A configured and compiled build folder."""

    def __init__(self, name):
        self.name, self.folder = name, ROOT / name
        self.tests = []
        self.error = self.compile(*BUILDS[name])

    def compile(self, options, environment, chosen):
        """Returns None, or what went wrong."""
        started = time.monotonic()
        if not (self.folder / "build.ninja").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        reconfigure = ["--reconfigure"] if self.folder.exists() else []
        error = self.step(environment, "meson", "setup", *reconfigure, "-Dwerror=true", *options, self.folder, ROOT)
        if error:
            return error
        self.tests = self.introspect("--tests")
        error = self.step(environment, "ninja", "-C", self.folder, *(self.programs(chosen) if chosen else []))
        if not error:
            print(f"Built {self.name} in {time.monotonic() - started:.0f} s.", flush=True)
        return error

    def introspect(self, what):
        return json.loads(subprocess.run(["meson", "introspect", what, self.folder], text=True, stdout=subprocess.PIPE,
                                         check=True).stdout)

    def programs(self, chosen):
        """What ninja must make for tests: they themselves and what they run."""
        files = {target["id"]: target["filename"] for target in self.introspect("--targets")}
        names = {name for suite, names in chosen for name in (self.names(suite) if names is None else names)}
        needed = {name for test in self.tests if test["name"] in names for target in test["depends"] for name in files[target]}
        return sorted(os.path.relpath(name, self.folder) for name in needed)

    def step(self, environment, *argv):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            if run(argv, log, environment) == 0:
                return None
            output = read(log)
        return f"  cannot build {self.name}:\n{tail(output[max(0, output.find('FAILED: ')):])}"

    def names(self, suite):
        return [test["name"] for test in self.tests if any(s.split(":")[-1] == suite for s in test["suite"])]

    def meson_test(self, label, suite, names=None, multiplier=1, environment=None, prefix=(), options=()):
        """Runs a suite, or those tests of it that are named. Returns its cases and what is worth reading."""
        names = self.names(suite) if names is None else names
        if not names:
            return Cases(), ""
        base = f"{label}-{suite}"
        record = self.folder / "meson-logs" / f"{base}.json"
        record.unlink(missing_ok=True)
        argv = [*prefix, "meson", "test", "-C", self.folder, "--no-rebuild", "--suite", suite, "--logbase", base,
                "--timeout-multiplier", str(multiplier), *options]
        run(argv + names, self.folder / "meson-logs" / f"{base}.out", dict({"PYTEST_ADDOPTS": "-ra"}, **(environment or {})),
            cwd=ROOT)
        cases, text = Cases(), []
        seen = set()
        for line in read(record).splitlines():
            test = json.loads(line)
            test["name"] = test["name"].split(" / ")[-1]
            seen.add(test["name"])
            output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
            good, skipped = test["result"] in ("OK", "EXPECTEDFAIL"), test["result"] == "SKIP"
            cases.add(count(test["name"], good, skipped, output))
            if not good and not skipped:
                text.append(f"  {test['name']}: {test['result']}\n{tail(output)}")
        for name in set(names) - seen:
            cases.failed += 1
            text.append(f"  {name}: meson did not run it\n{tail(read(self.folder / 'meson-logs' / (base + '.out')))}")
        return cases, "\n".join(text)


def without_randomisation():
    """ThreadSanitizer of this age cannot live with the address randomisation of newer kernels."""
    probe = subprocess.run(["setarch", "-R", "true"], check=False, stderr=subprocess.DEVNULL)
    return ("setarch", "-R") if probe.returncode == 0 else ()


class Run:
    def __init__(self, suites):
        self.suites = suites
        self.builds = {}
        self.total = Cases()

    def build(self, name):
        if name not in self.builds:
            self.builds[name] = Build(name)
        return self.builds[name]

    def suite(self, name):
        """Returns the cases and the text to show for one suite."""
        build = self.build({"fuzz": "build-fuzz", "address": "build-address", "thread": "build-thread"}
                           .get(name, "build-test"))
        if build.error:
            cases = Cases()
            cases.failed = 1
            error, build.error = build.error, f"  there is no {build.name}, see above"
            return cases, error
        return getattr(self, f"run_{name}", self.run_plain)(build, name)

    def run_plain(self, build, name):
        return build.meson_test("plain", name)

    def run_fuzz(self, build, name):
        """Every target for its part of the time, from the corpus of the tree."""
        targets = [test["cmd"] for test in build.tests if test["name"] in build.names("fuzz")]
        cases, text = Cases(), []
        for target, *_, corpus in targets:
            name = os.path.basename(target)
            log = build.folder / "meson-logs" / f"{name}.out"
            seconds = max(1, FUZZ_SECONDS // len(targets))
            with tempfile.TemporaryDirectory() as found:
                status = run([target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                              f"-artifact_prefix={build.folder}/meson-logs/{name}-", found, corpus], log)
            output = read(log)
            executions = re.search(r"number_of_executed_units:\s*(\d+)", output)
            if status == 0 and executions and int(executions[1]) > 0:
                cases.passed += 1
                print(f"  {name}: {int(executions[1]):,} inputs in {seconds} s", flush=True)
            else:
                cases.failed += 1
                text.append(f"  {name}: exit {status}\n{tail(output)}")
        return cases, "\n".join(text)

    def run_address(self, build, name):
        return self.run_sanitized(build, name, ())

    def run_thread(self, build, name):
        return self.run_sanitized(build, name, without_randomisation())

    def run_sanitized(self, build, name, prefix):
        cases, text = Cases(), []
        for suite, tests in SANITIZED[name]:
            environment, options = dict(SANITIZER_ENVIRONMENT), []
            if suite == "netns":
                environment["PYTEST_ADDOPTS"] = f"-ra -k {NETNS_CASE}"
                # One after the other: a flood in one must not make another, slow as it is here, miss its time.
                options = ["--num-processes", "1"]
            more, output = build.meson_test(name, suite, tests, multiplier=5, environment=environment, prefix=prefix,
                                            options=options)
            cases.add(more)
            text.append(output)
        return cases, "\n".join(t for t in text if t)

    def all(self):
        for name in self.suites:
            started = time.monotonic()
            cases, text = self.suite(name)
            if not cases.ran() and not cases.failed:
                cases.failed += 1
                text += f"  {name}: no test ran"
            self.total.add(cases)
            print(f"{name}: {cases} ({time.monotonic() - started:.0f} s)")
            for reason in cases.reasons:
                print(f"  skipped: {reason}")
            if text:
                print(text)
            sys.stdout.flush()
        print(self.total)
        return 1 if self.total.failed or not self.total.ran() else 0


def main(arguments):
    global FULL, FUZZ_SECONDS
    if "--full" in arguments:
        os.environ["VRRPD_TEST_FULL"] = "1"
        FULL, FUZZ_SECONDS = True, 3600
        print("VRRPD_TEST_FULL=1: the long runs too.")
    suites = [a for a in arguments if a != "--full"] or SUITES
    unknown = [s for s in suites if s not in SUITES]
    if unknown:
        print(f"tools/test: no suite {unknown[0]}: there are {' '.join(SUITES)}", file=sys.stderr)
        return 2
    return Run(suites).all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
