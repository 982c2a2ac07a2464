# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real journal inside tests/lib/private-system: systemd-journald by itself, with our catalog."""
import glob
import json
import os
import subprocess

from lab import run, wait_for
from nodes import SOURCE
from private_bus import PRIVATE, SystemDaemon

FOLDER = "/run/log/journal"
CONFIG = """[Journal]
Storage=volatile
ReadKMsg=no
Audit=no
ForwardToSyslog=no
ForwardToWall=no
RateLimitBurst=0
"""


class Journal:
    """Ends with the private system."""

    def __init__(self):
        os.makedirs("/run/systemd/journald.conf.d")
        os.makedirs(FOLDER)
        with open("/run/systemd/journald.conf.d/test.conf", "w", encoding="ascii") as file:
            file.write(CONFIG)
        self._read_catalog()
        with open(f"{PRIVATE}/journald.log", "ab") as log:
            self.process = subprocess.Popen(["/lib/systemd/systemd-journald"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        wait_for(lambda: os.path.exists("/run/systemd/journal/stdout") and glob.glob(FOLDER + "/*/*.journal"), 20,
                 "journald listens")

    @staticmethod
    def _read_catalog():
        for path in ("/usr/lib/systemd/catalog", "/var/lib/systemd/catalog"):
            run(["mount", "-t", "tmpfs", "-o", "mode=755", "catalog", path])
        run(["cp", os.path.join(SOURCE, "data/vrrpd.catalog"), "/usr/lib/systemd/catalog"])
        assert run(["journalctl", "--update-catalog"]) == ""

    @staticmethod
    def show(*arguments):
        return run(["journalctl", f"--directory={FOLDER}", "--no-pager", *arguments])

    def entries(self, *matches):
        """Those of vrrpd that match, as dictionaries."""
        text = self.show("-o", "json", "--all", "SYSLOG_IDENTIFIER=vrrpd", *matches)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def wait(self, *matches, timeout=20):
        """The first entry that matches."""
        return wait_for(lambda: next(iter(self.entries(*matches)), None), timeout,
                        lambda: f"{' '.join(matches)} in the journal:\n{self.show('-o', 'cat')}")

    def stop(self):
        self.process.kill()
        self.process.wait()


class JournalDaemon(SystemDaemon):
    """vrrpd whose standard error is the journal, as its unit has it."""

    def spawn(self, argv, **options):
        super().spawn(["systemd-cat", "--identifier=vrrpd", *argv], **options)

    def log(self):
        return Journal.show("-o", "cat", "SYSLOG_IDENTIFIER=vrrpd")
