# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each rule of checks.py against a sample that keeps it and samples that break it: a rule that sees nothing is worth nothing."""
import pytest

import checks


def complaints(check, *arguments):
    return list(check(*arguments))


EXISTING = {"core/vrrp-fsm.h", "core/vrrp-types.h", "engine/engine.h", "netlink/netlink-monitor.h",
            "netlink/netlink.h", "exchange/ring.h", "config/settings.h", "bus/bus.h", "bus/bus-names.h"}


@pytest.mark.parametrize("path, line, good", [
    ("src/core/a.c", '#include "vrrp-fsm.h"', True),
    ("src/core/a.c", "#include <string.h>", True),
    ("src/core/a.c", "#include <nettle/hmac.h>", True),
    ("src/core/a.c", "#include <glib.h>", False),
    ("src/core/a.c", "#include <sys/socket.h>", False),
    ("src/core/a.c", "#include <time.h>", False),
    ("src/core/a.c", '#include "engine/engine.h"', False),
    ("src/core/a.c", '#include "core/vrrp-fsm.h"', False),
    ("src/core/a.c", '#include "vrrp-gone.h"', False),
    ("src/engine/a.c", '#include "netlink/netlink-monitor.h"', True),
    ("src/engine/a.c", '#include "netlink/netlink.h"', False),
    ("src/engine/a.c", "#include <gio/gio.h>", False),
    ("src/engine/a.c", "#include <glib-unix.h>", False),
    ("src/netlink/a.c", '#include "exchange/ring.h"', True),
    ("src/netlink/a.c", '#include "engine/engine.h"', False),
    ("src/exchange/a.h", "#include <glib.h>", False),
    ("src/config/a.c", "#include <glib.h>", True),
    ("src/config/a.c", '#include "exchange/ring.h"', False),
    ("src/bus/a.c", '#include "config/settings.h"', True),
    ("src/bus/a.c", '#include "engine/engine.h"', False),
    ("src/daemon/a.c", '#include "engine/engine.h"', True),
    ("src/ctl/a.c", '#include "bus/bus-names.h"', True),
    ("src/ctl/a.c", '#include "core/vrrp-types.h"', True),
    ("src/ctl/a.c", '#include "core/vrrp-fsm.h"', False),
    ("src/ctl/a.c", '#include "bus/bus.h"', False),
])
def test_includes(path, line, good):
    found = complaints(checks.includes, path, f"/* a comment */\n{line}\n", EXISTING.__contains__)
    assert bool(found) != good, found


def test_undefined_symbols():
    output = "vrrp-fsm.o:\n                 U memcpy\n                 U vrrp_span\n0000000000000010 T vrrp_span\n" \
             "0000000000000000 t act\n                 w __gmon_start__\n"
    assert checks.undefined_symbols(output) == {"memcpy", "__gmon_start__"}


@pytest.mark.parametrize("symbol, good", [
    ("memcpy", True), ("strlen", True), ("nettle_hmac_md5_digest", True), ("__memcpy_chk", True),
    ("__stack_chk_fail", True), ("malloc", False), ("strdup", False), ("strndup", False), ("clock_gettime", False),
    ("printf", False), ("socket", False), ("g_free", False), ("__errno_location", False),
])
def test_core_symbols(symbol, good):
    assert bool(complaints(checks.core_symbols, {symbol})) != good


def test_glib_symbols():
    assert complaints(checks.glib_symbols, "engine", {"g_malloc", "epoll_wait"})
    assert not complaints(checks.glib_symbols, "engine", {"epoll_wait", "getpid"})


def test_file_length():
    assert not complaints(checks.file_length, "a.c", "x\n" * 800)
    assert complaints(checks.file_length, "a.c", "x\n" * 801)


def c_function(lines):
    return "static int before;\n\nint name(int a,\n\t int b)\n{\n" + "\ta++;\n" * (lines - 4) + "}\n"


def test_c_functions():
    assert checks.functions("a.c", c_function(50)) == [("name", 3, 50)]
    assert checks.functions("a.c", "struct a {\n\tint b;\n};\n" + c_function(9)) == [("name", 6, 9)]
    assert not complaints(checks.function_lengths, "a.c", c_function(100))
    assert complaints(checks.function_lengths, "a.c", c_function(101))


def test_python_functions():
    body = "def name():\n" + "    pass\n"
    assert not complaints(checks.function_lengths, "a.py", body + "    pass\n" * 98)
    assert complaints(checks.function_lengths, "a.py", body + "    pass\n" * 99)


def test_median():
    assert checks.median([1, 2, 100]) == 2
    assert checks.median([1, 2, 4, 100]) == 3


def test_spdx():
    assert not complaints(checks.spdx, "a.c", f"/* {checks.SPDX} */\n")
    assert not complaints(checks.spdx, "a", f"#!/bin/sh\n# {checks.SPDX}\n")
    assert complaints(checks.spdx, "a.c", "/* SPDX-License-Identifier: MIT */\n")
    assert complaints(checks.spdx, "a.c", "\n\n\n" + checks.SPDX)


def test_essay():
    head = f"/* {checks.SPDX} */\n"
    text = "What this is, who owns it, and which things it must never do under any circumstances at all."
    assert not complaints(checks.essay, "src/core/a.c", f"{head}\n/*\n * {text}\n */\n#include <errno.h>\n")
    assert complaints(checks.essay, "src/core/a.c", f"{head}\n#include <errno.h>\n\n/*\n * {text}\n */\n")
    assert complaints(checks.essay, "src/core/a.c", f"{head}\n/* What the codec writes, byte by byte. */\n")
    assert not complaints(checks.essay, "tests/unit/a.c", f"{head}\n/* What the codec writes, byte by byte. */\n")
    assert complaints(checks.essay, "tests/unit/a.c", f"{head}\n/* The codec. */\n#include <errno.h>\n")


@pytest.mark.parametrize("line, good", [
    ("mktemp -d /tmp/demo.XXXXXX", True),
    ("see https://example.org/wo" "rk/order", True),
    ("/* TO" "DO: later */", False),
    ("# FIX" "ME", False),
    ("char xx; // XX" "X", False),
    ("open('/wo" "rk/main/x')", False),
    ("/ho" "me/me/src", False),
])
def test_words(line, good):
    assert bool(complaints(checks.words, "a.c", f"first\n{line}\n")) != good


@pytest.mark.parametrize("path, text, good", [
    ("a.c", "a\n\tb\n", True),
    ("a.c", "", True),
    ("a.c", "a\nb", False),
    ("a.c", "a \nb\n", False),
    ("a.c", "a\t\nb\n", False),
    ("a.c", "a\r\nb\n", False),
    ("a.c", "a\n\n", False),
    ("a.py", "if a:\n\tb\n", False),
])
def test_whitespace(path, text, good):
    assert bool(complaints(checks.whitespace, path, text)) != good


def test_xml_document():
    assert checks.xml_document("a.xml", "<a/>")[1] == []
    root, found = checks.xml_document("a.xml", "<a><b></a>")
    assert root is None and found


POLICY = """<policyconfig><action id="org.vrrpd1.operate">
<description>d</description><message>m</message>
<defaults><allow_any>auth_admin</allow_any><allow_inactive>auth_admin</allow_inactive>
<allow_active>auth_admin_keep</allow_active></defaults>
<annotate key="org.freedesktop.policykit.owner">unix-user:vrrpd</annotate>
</action></policyconfig>"""


@pytest.mark.parametrize("old, new, good", [
    ("", "", True),
    ("policyconfig", "busconfig", False),
    ("org.vrrpd1.operate", "org.vrrpd.operate", False),
    ("<message>m</message>", "", False),
    ("auth_admin_keep", "yes", False),
    ("unix-user:vrrpd", "unix-user:other", False),
    ("policykit.owner", "policykit.imply", False),
])
def test_polkit_policy(old, new, good):
    root, _ = checks.xml_document("a", POLICY.replace(old, new) if old else POLICY)
    assert bool(complaints(checks.polkit_policy, "a", root, "vrrpd")) != good


@pytest.mark.parametrize("rules, good", [
    ('<allow own="org.vrrpd1"/><allow send_destination="org.vrrpd1" send_interface="a.b"/>', True),
    ('<allow send_destination="org.vrrpd1"/>', False),
    ('<allow own="org.vrrpd1"/><allow send_interface="a.b"/>', False),
])
def test_bus_policy(rules, good):
    root, _ = checks.xml_document("a", f"<busconfig><policy user='root'>{rules}</policy></busconfig>")
    assert bool(complaints(checks.bus_policy, "a", root)) != good


@pytest.mark.parametrize("text, good", [
    ("s", True), ("a(sosyssy)", True), ("a{sv}", True), ("a{oa{st}}", True), ("asasasa(sus)", True), ("", True),
    ("a", False), ("(s", False), ("()", False), ("a{vs}", False), ("a{sss}", False), ("z", False), ("{sv}", False),
])
def test_signature(text, good):
    assert checks.signature(text) == good


@pytest.mark.parametrize("member, good", [
    ('<property name="State" type="s" access="read"/>', True),
    ('<property name="State" type="{s" access="read"/>', False),
    ('<property name="State" type="s" access="yes"/>', False),
    ('<method name="Get"><arg name="a" type="s" direction="in"/></method>', True),
    ('<method name="Get"><arg name="a" type="s"/></method>', False),
    ('<method name="Get"><arg type="s" direction="in"/></method>', False),
    ('<signal name="Changed"><arg name="a" type="s"/></signal>', True),
    ('<signal name="Changed"><arg name="a" type="k"/></signal>', False),
])
def test_introspection(member, good):
    root, _ = checks.xml_document("a", f'<node><interface name="org.vrrpd1.A">{member}</interface></node>')
    assert bool(complaints(checks.introspection, "a", root)) != good


JOURNAL_HEADER = '#define JOURNAL_STOPPED "2ac5001cb139451dbcadca3244018788"\n' \
                 '#define JOURNAL_FIELD_VRID "VRRP_VRID"\n'
JOURNAL_SOURCE = 'begin(&entry, JOURNAL_STOPPED);\nadd(&entry, JOURNAL_FIELD_VRID, vrid);\ng_debug("detail");\n' \
                 'g_log_structured(G_LOG_DOMAIN, level, "MESSAGE_ID", JOURNAL_STOPPED, "MESSAGE", "Stopped");\n'
CATALOG = """# A comment

-- 2ac5001cb139451dbcadca3244018788
Subject: Stopped
Defined-By: vrrpd
Documentation: man:vrrpd(8)

The daemon stopped, and the router @VRRP_VRID@ with it.
"""
MANUAL = "2ac5001cb139451dbcadca3244018788 it has stopped\n\n*VRRP_VRID=*\n    The router.\n"


def test_journal_samples_that_keep_the_rules():
    assert checks.journal_names(JOURNAL_HEADER) == {"STOPPED": "2ac5001cb139451dbcadca3244018788"}
    assert checks.journal_names(JOURNAL_HEADER, "FIELD_") == {"FIELD_VRID": "VRRP_VRID"}
    assert complaints(checks.journal_header, JOURNAL_HEADER) == []
    assert complaints(checks.journal_use, JOURNAL_HEADER, {"a.c": JOURNAL_SOURCE}) == []
    assert complaints(checks.journal_catalog, JOURNAL_HEADER, CATALOG) == []
    assert complaints(checks.journal_manual, JOURNAL_HEADER, MANUAL) == []


@pytest.mark.parametrize("check, header, text", [
    ("header", '#define JOURNAL_A "2ac5001c"\n', None),
    ("header", JOURNAL_HEADER + JOURNAL_HEADER.replace("STOPPED", "AGAIN"), None),
    ("use", JOURNAL_HEADER, JOURNAL_SOURCE.replace("JOURNAL_STOPPED", "JOURNAL_STARTED")),
    ("use", JOURNAL_HEADER, JOURNAL_SOURCE.replace("JOURNAL_FIELD_VRID", '"VRRP_VRID"')),
    ("use", JOURNAL_HEADER, JOURNAL_SOURCE + 'g_warning("no id");\n'),
    ("use", JOURNAL_HEADER, JOURNAL_SOURCE + 'g_log_structured("vrrpd", level, "MESSAGE", "no id");\n'),
    ("catalog", JOURNAL_HEADER, CATALOG.replace("2ac5001cb139451dbcadca3244018788", "2ac5001cb139451dbcadca3244018789")),
    ("catalog", JOURNAL_HEADER, CATALOG + CATALOG),
    ("catalog", JOURNAL_HEADER, CATALOG.replace("Subject: Stopped\n", "")),
    ("catalog", JOURNAL_HEADER, CATALOG.replace("Documentation: man:vrrpd(8)\n", "")),
    ("catalog", JOURNAL_HEADER, CATALOG.replace("The daemon stopped, and the router @VRRP_VRID@ with it.", "Stopped.")),
    ("catalog", JOURNAL_HEADER, CATALOG.replace("@VRRP_VRID@", "@VRRP_ROUTER@")),
    ("manual", JOURNAL_HEADER, MANUAL.replace("2ac5001c", "3ac5001c")),
    ("manual", JOURNAL_HEADER, MANUAL + MANUAL),
    ("manual", JOURNAL_HEADER, MANUAL + "journalctl MESSAGE_ID=2ac5001cb139451dbcadca3244018789\n"),
    ("manual", JOURNAL_HEADER, MANUAL.replace("*VRRP_VRID=*", "*VRRP_PEER=*")),
    ("manual", JOURNAL_HEADER, MANUAL + "*CONFIG_FILE=*\n"),
])
def test_journal_samples_that_break_them(check, header, text):
    arguments = [header] if text is None else [header, {"a.c": text} if check == "use" else text]
    assert complaints(getattr(checks, f"journal_{check}"), *arguments)
