# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the tree as functions from text to complaints.

Nothing here reads a file or starts a program: test_tree.py does that, and test_checks.py feeds each rule
a sample that breaks it. A complaint is one line that says where and what to do.
"""
import ast
import re
import xml.etree.ElementTree as ElementTree

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 100
FUNCTION_MEDIAN_MAX = 20

SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"

# Who may include whom: a folder, or single headers of it.
LAYERS = {
    "core": {"core"},
    "exchange": {"exchange", "core"},
    "config": {"config", "core"},
    "engine": {"engine", "core", "exchange", "netlink/netlink-monitor.h"},
    "netlink": {"netlink", "core", "exchange"},
    "bus": {"bus", "core", "config", "exchange"},
    "daemon": {"daemon", "core", "exchange", "config", "engine", "netlink", "bus"},
    "ctl": {"ctl", "config", "core/vrrp-types.h", "core/vrrp-address.h", "bus/bus-names.h"},
}

# The core knows no socket, no clock, no allocator and no log.
CORE_SYSTEM_HEADERS = re.compile(
    r"(assert|errno|inttypes|limits|stdbool|stddef|stdint|string|stdalign)\.h|nettle/[\w-]+\.h")
CORE_SYMBOLS = re.compile(
    r"mem\w+|explicit_bzero|str(?!n?dup|error)\w+|nettle_\w+"
    r"|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(mem|str|explicit_bzero)\w*_chk"
    r"|__u?(div|mod|mul)[dt]i[34]|__popcount[dt]i2")
NO_GLIB = {"core", "exchange", "engine", "netlink"}
GLIB_HEADER = re.compile(r"(glib|gio|gmodule|gobject|gthread)(unix)?([-./].*)?")

# In two halves, so that this file does not trip over itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
PRIVATE_PATH = re.compile(r"(?<![\w.$}@-])/(work|home|ro" r"ot)/\w")


def includes(path, text, exists):
    """Who includes whom. @path is src/LAYER/FILE; @exists says whether a path below src is a file."""
    layer = path.split("/")[1]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        kind, name = match.groups()
        where = f"{path}:{number}"
        if kind == "<":
            if layer == "core" and not CORE_SYSTEM_HEADERS.fullmatch(name):
                yield f"{where}: the core must not include <{name}>"
            if layer in NO_GLIB and GLIB_HEADER.fullmatch(name):
                yield f"{where}: {layer} must not include GLib (<{name}>)"
            continue
        target = name if "/" in name else f"{layer}/{name}"
        if not exists(target):
            yield f"{where}: there is no src/{target}"
        elif target.split("/")[0] not in LAYERS[layer] and target not in LAYERS[layer]:
            yield f"{where}: {layer} must not include {target}"
        elif "/" in name and target.split("/")[0] == layer:
            yield f"{where}: a header of the same folder is included without the folder"


def undefined_symbols(nm_output):
    """What an archive needs from outside, from the output of `nm ARCHIVE`."""
    needed, defined = set(), set()
    for line in nm_output.splitlines():
        match = re.fullmatch(r"[0-9a-f]*\s*([A-Za-z])\s+(\S+)", line.strip())
        if match:
            (needed if match[1] in "Uw" else defined).add(match[2])
    return needed - defined


def core_symbols(symbols):
    for symbol in sorted(symbols):
        if not CORE_SYMBOLS.fullmatch(symbol):
            yield f"the core calls {symbol}: it may call mem*, str* and nettle_* only"


def glib_symbols(layer, symbols):
    for symbol in sorted(symbols):
        if re.match(r"g_[a-z]", symbol):
            yield f"{layer} calls {symbol}: this thread is without GLib"


def file_length(path, text):
    lines = len(text.splitlines())
    if lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines, at most {FILE_LINES_MAX}: split it"


def c_functions(text):
    """(name, first line, lines) of each function of a file in the style of .clang-format: its brace stands alone."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
            while start > 0 and lines[start - 1] and not re.match(r"[}#/]| \*", lines[start - 1]):
                start -= 1
        elif line == "}" and start is not None:
            head = " ".join(lines[start:number + 1])
            name = re.search(r"(\w+)\s*\(", head)
            yield name[1] if name else "?", start + 1, number - start + 1
            start = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def functions(path, text):
    return list(python_functions(text) if path.endswith(".py") else c_functions(text))


def function_lengths(path, text):
    for name, number, lines in functions(path, text):
        if lines > FUNCTION_LINES_MAX:
            yield f"{path}:{number}: {name} has {lines} lines, at most {FUNCTION_LINES_MAX}: split it"


def median(lengths):
    ordered = sorted(lengths)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spdx(path, text):
    if not any(SPDX in line for line in text.splitlines()[:3]):
        yield f"{path}: one of the first three lines must say {SPDX}"


def essay(path, text):
    """A .c file opens with a comment that says what it is and what it must never do. For a test a sentence is enough."""
    least = 8 if path.startswith("src/") else 5
    rest = text.split("\n", 1)[1] if "\n" in text else ""
    match = re.match(r"\s*/\*(.*?)\*/", rest, re.DOTALL)
    words = re.sub(r"[\s*]+", " ", match[1]).split() if match else []
    if len(words) < least:
        yield f"{path}: opens without an essay: say in a comment what it is, who owns it, what it must never do"


def words(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        match = UNFINISHED.search(line)
        if match:
            yield f"{path}:{number}: {match[0]}: finish it, or open an issue"
        match = PRIVATE_PATH.search(line)
        if match:
            yield f"{path}:{number}: a path of somebody's own machine: {line.strip()}"


def whitespace(path, text):
    if not text:
        return
    if not text.endswith("\n"):
        yield f"{path}: does not end with a newline"
    if text.endswith("\n\n"):
        yield f"{path}: ends with an empty line"
    for number, line in enumerate(text.split("\n"), 1):
        if line.endswith("\r"):
            yield f"{path}:{number}: ends with a carriage return"
        elif line != line.rstrip():
            yield f"{path}:{number}: ends with white space"
        if path.endswith(".py") and re.match(r" *\t", line):
            yield f"{path}:{number}: is indented with a tab"


def journal_names(header, prefix=""):
    """{name: value} of the #defines of src/core/vrrp-journal.h: ids, or fields with prefix FIELD_."""
    found = re.findall(r'^#define JOURNAL_(\w+)\s+"(\w+)"', header, re.M)
    return {name: value for name, value in found if name.startswith("FIELD_") == bool(prefix)}


def journal_header(header):
    ids = journal_names(header)
    for name, value in ids.items():
        if not re.fullmatch(r"[0-9a-f]{32}", value):
            yield f"JOURNAL_{name} is {value}, not an id: make one with systemd-id128 new"
        if list(ids.values()).count(value) > 1:
            yield f"JOURNAL_{name} has the id of another message"


def journal_use(header, sources):
    """Is every id and every field used? @sources: path -> text of the code that logs."""
    for name in [*journal_names(header), *journal_names(header, "FIELD_")]:
        if not any(re.search(rf"\bJOURNAL_{name}\b", text) for text in sources.values()):
            yield f"JOURNAL_{name} is used nowhere"
    for path, text in sources.items():
        for match in re.finditer(r"\bg_(message|warning|info|critical)\s*\(|\bg_log_structured\s*\(([^;]*);", text):
            if match[1] or "MESSAGE_ID" not in match[2]:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: a message without a MESSAGE_ID"


def catalog_entries(catalog):
    """[(id, {header: value}, text)] in the form of systemd's catalogs."""
    entries = []
    for block in re.split(r"^-- ", catalog, flags=re.M)[1:]:
        name, rest = block.split("\n", 1)
        head, _, text = rest.partition("\n\n")
        entries.append((name, dict(re.findall(r"^([A-Z][\w-]+): (.+)$", head, re.M)), text.strip()))
    return entries


def journal_catalog(header, catalog):
    ids = journal_names(header)
    fields = set(journal_names(header, "FIELD_").values())
    entries = catalog_entries(catalog)
    names = [entry[0] for entry in entries]
    for name, value in ids.items():
        if names.count(value) != 1:
            yield f"the catalog has {names.count(value)} entries for JOURNAL_{name} ({value})"
    for name, head, text in entries:
        if name not in ids.values():
            yield f"the catalog has an entry for {name}, which no message has"
        for key in ("Subject", "Defined-By", "Documentation"):
            if not head.get(key):
                yield f"the catalog's entry {name} has no {key}:"
        if len(text) < 40:
            yield f"the catalog's entry {name} does not say what it means and what to do"
        for field in re.findall(r"@(\w*)@", " ".join([*head.values(), text])):
            if field not in fields:
                yield f"the catalog's entry {name} speaks of the field {field}, which nothing sets"


def journal_manual(header, page):
    ids = journal_names(header)
    listed = re.findall(r"^([0-9a-f]{32}) \S", page, re.M)
    for name, value in ids.items():
        if listed.count(value) != 1:
            yield f"vrrpd(8) lists JOURNAL_{name} ({value}) {listed.count(value)} times"
    for value in listed + re.findall(r"MESSAGE_ID=(\w+)", page):
        if value not in ids.values():
            yield f"vrrpd(8) speaks of {value}, which no message has"
    fields = set(re.findall(r"\*([A-Z_]+)=\*", page))
    known = set(journal_names(header, "FIELD_").values())
    for field in sorted(known - fields):
        yield f"vrrpd(8) does not explain {field}="
    for field in sorted(f for f in fields - known if f.startswith(("VRRP_", "CONFIG_"))):
        yield f"vrrpd(8) explains {field}=, which nothing sets"


def xml_document(path, text):
    """Returns the root element and complaints."""
    try:
        return ElementTree.fromstring(text), []
    except ElementTree.ParseError as error:
        return None, [f"{path}: {error}"]


def polkit_policy(path, root, owner):
    if root.tag != "policyconfig":
        yield f"{path}: the root is <{root.tag}>, not <policyconfig>"
    if root.find("action") is None:
        yield f"{path}: no action"
    for action in root.iter("action"):
        name = action.get("id") or ""
        if not re.fullmatch(r"org\.vrrpd1\.[a-z-]+", name):
            yield f"{path}: action {name!r}: must be org.vrrpd1.WORD"
        for tag in ("description", "message", "defaults/allow_any", "defaults/allow_inactive",
                    "defaults/allow_active"):
            element = action.find(tag)
            if element is None or not (element.text or "").strip():
                yield f"{path}: {name}: no <{tag}>"
        for element in action.findall("defaults/*"):
            if element.text not in ("auth_admin", "auth_admin_keep"):
                yield f"{path}: {name}: <{element.tag}> is {element.text!r}: only an administrator may"
        owners = [e.text for e in action.findall("annotate")
                  if e.get("key") == "org.freedesktop.policykit.owner"]
        if owners != [f"unix-user:{owner}"]:
            yield f"{path}: {name}: org.freedesktop.policykit.owner must be unix-user:{owner}, or polkit does not answer the daemon"


def bus_policy(path, root):
    if root.tag != "busconfig":
        yield f"{path}: the root is <{root.tag}>, not <busconfig>"
    if not any(rule.get("own") for rule in root.iter("allow")):
        yield f"{path}: nobody may own the name"
    for rule in list(root.iter("allow")) + list(root.iter("deny")):
        if rule.get("send_interface") and not rule.get("send_destination"):
            yield f"{path}: send_interface without send_destination speaks about every service of the bus"


def signature(text):
    """Is @text one or more complete D-Bus types?"""
    def one(rest):
        if not rest:
            return None
        if rest[0] in "ybnqiuxtdsogvh":
            return rest[1:]
        if rest[0] == "a":
            if rest[1:2] == "{":
                rest = one(rest[3:]) if rest[2:3] and rest[2] in "ybnqiuxtdsogh" else None
                return rest[1:] if rest and rest[0] == "}" else None
            return one(rest[1:])
        if rest[0] == "(":
            rest = rest[1:]
            if rest[:1] == ")":
                return None
            while rest and rest[0] != ")":
                rest = one(rest)
            return rest[1:] if rest else None
        return None

    while text:
        text = one(text)
        if text is None:
            return False
    return True


def introspection(path, root):
    if root.tag != "node":
        yield f"{path}: the root is <{root.tag}>, not <node>"
    for interface in root.iter("interface"):
        for member in interface:
            name = f"{interface.get('name')}.{member.get('name')}"
            if member.tag == "property":
                if not member.get("type") or not signature(member.get("type")):
                    yield f"{path}: {name}: bad type {member.get('type')!r}"
                if member.get("access") not in ("read", "readwrite", "write"):
                    yield f"{path}: {name}: bad access {member.get('access')!r}"
            for arg in member.findall("arg"):
                if not arg.get("name"):
                    yield f"{path}: {name}: an argument without a name"
                if not arg.get("type") or not signature(arg.get("type")):
                    yield f"{path}: {name}: bad type {arg.get('type')!r} of {arg.get('name')}"
                if member.tag == "method" and arg.get("direction") not in ("in", "out"):
                    yield f"{path}: {name}: {arg.get('name')} has no direction"
