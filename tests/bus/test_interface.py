# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon offers is what the interface files and the manual say, and everybody can read it."""
import glob
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import KEY, ROUTERS
from nodes import SOURCE
from private_bus import INSTANCE, MANAGER, NAME, as_user, path_of

STATISTICS = "org.vrrpd1.Statistics"
OBJECTS = {MANAGER[1]: MANAGER[0], INSTANCE: path_of("failover_test"), STATISTICS: path_of("failover_test")}
READERS = ["alice", "bob", "nobody"]
CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"
DOC = "org.gtk.GDBus.DocString"
STANDARD = {"org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Properties"}


def user_argv(user, argv):
    group = "nogroup" if user == "nobody" else user
    return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--inh-caps=-all", *argv]


def output(user, *argv):
    return subprocess.run(user_argv(user, argv), capture_output=True, text=True, check=True, timeout=60).stdout


def call(user, path, interface, method, *arguments):
    """The reply's values as busctl's JSON shows them, types included."""
    text = output(user, "busctl", "--system", "--json=short", "call", NAME, path, interface, method, *arguments)
    return json.loads(text)["data"]


def members(interface):
    """{(kind, name): description} of an <interface> element."""
    found = {}
    for element in interface:
        if element.tag == "annotation":
            continue
        arguments = tuple((a.get("name"), a.get("type"), a.get("direction") or "in" if element.tag == "method" else None)
                          for a in element.findall("arg"))
        # Without the annotation a property announces its changes.
        annotations = {CHANGED: "true"} if element.tag == "property" else {}
        annotations.update((a.get("name"), a.get("value")) for a in element.findall("annotation") if a.get("name") != DOC)
        found[element.tag, element.get("name")] = (element.get("type"), element.get("access"), arguments, annotations)
    return found


def file_of(interface):
    return ElementTree.parse(os.path.join(SOURCE, "dbus", interface + ".xml")).getroot().find("interface")


def manual():
    with open(os.path.join(SOURCE, "man/org.vrrpd1.5.rst"), encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("interface", OBJECTS)
def test_introspection_is_the_interface_file(daemon, interface):
    text = call("bob", OBJECTS[interface], "org.freedesktop.DBus.Introspectable", "Introspect")[0]
    live = next(i for i in ElementTree.fromstring(text) if i.get("name") == interface)
    assert members(live) == members(file_of(interface))


@pytest.mark.parametrize("interface", OBJECTS)
def test_every_member_is_documented(interface):
    doc = f"annotation[@name='{DOC}']"
    for element in [file_of(interface), *file_of(interface).iter()]:
        if element.tag in ("interface", "method", "signal", "property", "arg"):
            found = element.find(doc)
            assert found is not None and len(found.get("value")) > 5, f"{element.tag} {element.get('name')}"


def section(title):
    """A section of the manual, without its title."""
    return re.search(rf"^{re.escape(title)}\n=+\n(.*?)(?=^\S[^\n]*\n=+\n|\Z)", manual(), re.M | re.S)[1]


def manual_entries(interface):
    """{(kind, name): (the signature, the text below it)}: one section an interface, one line a member."""
    found = {}
    for part in re.split(r"^(?=\*\*(?:method|signal|property)\*\* )", section(interface), flags=re.M)[1:]:
        kind, name, signature, text = re.match(r"\*\*(\w+)\*\* ``(\w+)(.*?)``\n(.*)", part, re.S).groups()
        assert (kind, name) not in found, f"{name} is there twice"
        # An entry is indented; what follows at the margin (tables of counters) is not of it.
        found[kind, name] = signature, re.match(r"(?:    .*\n|\n)*", text)[0]
    return found


def manual_members(interface):
    return {key: entry[0] for key, entry in manual_entries(interface).items()}


def manual_signature(key, description):
    """How the manual writes it: Name(s name) → o path; Name(s new, t number); Name s, const."""
    type_, access, arguments, annotations = description
    if key[0] == "property":
        assert access == "read" and set(annotations) == {CHANGED}
        return f" {type_}" + {"true": "", "const": ", const"}[annotations[CHANGED]]
    assert annotations == {}
    sent = ", ".join(f"{t} {n}" for n, t, direction in arguments if direction != "out")
    returned = ", ".join(f"{t} {n}" for n, t, direction in arguments if direction == "out")
    return f"({sent})" + (f" → {returned}" if returned else "")


@pytest.mark.parametrize("interface", OBJECTS)
def test_manual_is_the_interface_file(interface):
    expected = {key: manual_signature(key, value) for key, value in members(file_of(interface)).items()}
    assert manual_members(interface) == expected


@pytest.mark.parametrize("interface", OBJECTS)
def test_manual_explains_every_argument(interface):
    entries = manual_entries(interface)
    for key, (_, _, arguments, _) in members(file_of(interface)).items():
        explained = re.findall(r"^    \* \*(\w+)\*: \S", entries[key][1], re.M)
        assert explained == [name for name, _, _ in arguments], f"{interface}.{key[1]}"
        assert len(entries[key][1].split()) > 2, f"{interface}.{key[1]} has no text"


def ours(text):
    """The actions and errors that a text names, as sets; names wrap in the manual."""
    return set(re.findall(r"org\.(?:vrrpd1|freedesktop\.DBus)\.(?:Error\.\w+|operate|configure|read-secrets)", text))


@pytest.mark.parametrize("interface", OBJECTS)
def test_manual_names_the_same_actions_and_errors(interface):
    """A member needs the action, and has the errors, that the interface file says."""
    # The arguments' texts come after the member's.
    found = {key[1]: ours(re.split(r"^    \* ", entry[1], flags=re.M)[0]) for key, entry in manual_entries(interface).items()}
    expected = {element.get("name"): ours(element.find(f"annotation[@name='{DOC}']").get("value"))
                for element in file_of(interface) if element.tag != "annotation"}
    assert found == expected


def constants(prefix):
    with open(os.path.join(SOURCE, "src/bus/bus-names.h"), encoding="utf-8") as file:
        return set(re.findall(rf'#define {prefix}\w+\s+"([^"]+)"', file.read()))


def standard_errors():
    """Those of D-Bus that a method is answered with: where an error is set, not where one is looked at."""
    text = ""
    for path in glob.glob(os.path.join(SOURCE, "src/bus/*.c")):
        with open(path, encoding="utf-8") as file:
            text += file.read()
    names = re.findall(r"(?:sd_bus_error_setf?\(\s*\w+,|refuse\(\s*\w+,)\s*SD_BUS_ERROR_(\w+)", text)
    assert len(set(names)) >= 4, names
    return {"".join(word.capitalize() for word in name.split("_")) for name in names}


def test_manual_lists_errors_and_actions():
    terms = set(re.findall(r"\*(org\.[\w.]+)\*", section("ERRORS")))
    assert {term for term in terms if term.startswith("org.vrrpd1.")} == constants("BUS_ERROR_")
    assert standard_errors() <= {term.removeprefix("org.freedesktop.DBus.Error.") for term in terms}
    with open(os.path.join(SOURCE, "polkit/org.vrrpd1.policy.in"), encoding="utf-8") as file:
        declared = set(re.findall(r'<action id="([^"]+)">', file.read()))
    listed = set(re.findall(r"^\*(org\.vrrpd1\.[\w-]+)\*$", section("AUTHORIZATION"), re.M))
    assert listed == declared == constants("BUS_ACTION_")


def test_manual_lists_the_verbs():
    """What a rule of polkit can look at."""
    text = ""
    for name in ("bus-questions.c", "bus-log-control.c"):
        with open(os.path.join(SOURCE, "src/bus", name), encoding="utf-8") as file:
            text += file.read()
    verbs = set(re.findall(r'BUS_ACTION_\w+,\s*"([a-z-]+)"', text)) | set(re.findall(r'\{ "Log\w+", "([a-z-]+)"', text))
    assert len(verbs) > 10
    row = re.search(r"^``verb``(.*?)^``instance``", section("AUTHORIZATION"), re.M | re.S)[1]
    assert set(re.findall(r"``([a-z-]+)``", row)) == verbs


def test_manual_lists_the_settings(daemon):
    """The table of keys and types is what GetSettings returns, and the one key that it does not."""
    table = dict(re.findall(r"^(\w+) +``(\w+)``$", section("SETTINGS"), re.M))
    live = call("bob", path_of("failover_test"), INSTANCE, "GetSettings")[0]
    assert table.pop("AuthenticationKey") == "s"
    assert {key: value["type"] for key, value in live.items()} == table


def test_objects_and_their_interfaces(daemon):
    """All paths, and all interfaces at each of them."""
    def look(path):
        text = call("bob", path, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        node = ElementTree.fromstring(text)
        found = {path: {i.get("name") for i in node.findall("interface")}}
        for child in node.findall("node"):
            found.update(look(path.rstrip("/") + "/" + child.get("name")))
        return found
    objects = {path: names - STANDARD for path, names in look("/").items()}
    expected = {path_of(name): {INSTANCE, STATISTICS} for name in [*ROUTERS, "keyed"]}
    expected[MANAGER[0]] = {MANAGER[1], "org.freedesktop.DBus.ObjectManager"}
    expected["/org/freedesktop/LogControl1"] = {"org.freedesktop.LogControl1"}
    assert {path: names for path, names in objects.items() if names} == expected


def test_log_control(daemon):
    """As org.freedesktop.LogControl1(5) says."""
    path, interface = "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1"
    text = call("bob", path, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
    live = members(next(i for i in ElementTree.fromstring(text) if i.get("name") == interface))
    assert {key[1]: value[:2] for key, value in live.items()} == {
        "LogLevel": ("s", "readwrite"), "LogTarget": ("s", "readwrite"), "SyslogIdentifier": ("s", "read")}
    values = call("bob", path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface)[0]
    assert (values["LogLevel"]["data"], values["SyslogIdentifier"]["data"]) == ("info", "vrrpd")


def test_manual_lists_reasons_faults_and_counters(daemon):
    text = manual()
    with open(os.path.join(SOURCE, "src/core/vrrp-types.h"), encoding="utf-8") as file:
        header = file.read()
    words = re.findall(r'X\(VRRP_(?:REASON|STATE)_\w+, "([\w-]+)"\)', header)
    words += re.findall(r'X\(VRRP_FAULT_\w+, \d+, "([\w-]+)"\)', header)
    words += call("bob", path_of("failover_test"), STATISTICS, "Get")[0]
    assert len(words) > 40
    assert [word for word in words if f"``{word}``" not in text] == []


def test_busctl_shows_typed_properties(daemon):
    lines = output("bob", "busctl", "--system", "--no-pager", "introspect", NAME, path_of("failover_test")).splitlines()
    shown = {fields[0]: fields[1:] for fields in map(str.split, lines)}
    assert shown[".State"][:3] == ["property", "s", '"master"']
    assert shown[".VirtualRouterId"][:3] == ["property", "y", "10"]
    assert shown[".AdvertisementInterval"][:3] == ["property", "t", "100000"]
    assert shown[".Failover"][:3] == ["method", "tu", "-"]
    assert shown[".StateChanged"][:2] == ["signal", "ssst"]


@pytest.mark.parametrize("user", READERS)
def test_everybody_reads_everything(daemon, user):
    listed = {entry[0]: entry for entry in call(user, *MANAGER, "ListInstances")[0]}
    assert set(listed) == {*ROUTERS, "keyed"}
    for name, entry in listed.items():
        path = call(user, *MANAGER, "GetInstance", "s", name)[0]
        assert path == entry[1] == path_of(name)
        values = call(user, path, "org.freedesktop.DBus.Properties", "GetAll", "s", INSTANCE)[0]
        types = {key[1]: value[0] for key, value in members(file_of(INSTANCE)).items() if key[0] == "property"}
        assert {key: value["type"] for key, value in values.items()} == types
        for key in values if name == "keyed" else []:
            single = call(user, path, "org.freedesktop.DBus.Properties", "Get", "ss", INSTANCE, key)[0]
            assert single["type"] == types[key]
        assert call(user, path, STATISTICS, "Get")[0]["AdvertisementsSent"] >= 0
    assert call(user, MANAGER[0], "org.freedesktop.DBus.Properties", "GetAll", "s", MANAGER[1])[0]["InstanceCount"]["data"] == 3


def test_values(daemon):
    values = {key: value["data"] for key, value in call("bob", path_of("failover_test"), "org.freedesktop.DBus.Properties",
                                                        "GetAll", "s", INSTANCE)[0].items()}
    assert values["MasterAddress"] == values["SourceAddress"] == "192.168.120.1"
    assert values["Interface"] == "eno1" and values["InterfaceIndex"] > 0
    assert values["InstalledAddresses"] == values["VirtualAddresses"] == ["192.168.120.3/21"]
    assert values["FragmentPath"].endswith("/failover_test.conf")
    assert (values["Priority"], values["EffectivePriority"], values["MasterPriority"]) == (110, 110, 110)
    # Priority 110, 100 ms: Skew_Time = (256 - 110) * 100 ms / 256
    assert values["SkewTime"] in range(56_000, 58_000)
    assert values["MasterDownInterval"] == pytest.approx(300_000 + values["SkewTime"], abs=1000)
    assert values["Faults"] == [] and values["Transitions"] >= 2


def test_describe_is_what_the_properties_say(daemon):
    whole = json.loads(call("alice", *MANAGER, "Describe")[0])
    assert [i["Name"] for i in whole["Instances"]] == sorted([*ROUTERS, "keyed"])
    names = {key[1] for key in members(file_of(MANAGER[1])) if key[0] == "property"}
    assert set(whole) == names | {"Statistics", "Instances"}
    for name in ROUTERS:
        one = json.loads(call("alice", path_of(name), INSTANCE, "Describe")[0])
        values = call("alice", path_of(name), "org.freedesktop.DBus.Properties", "GetAll", "s", INSTANCE)[0]
        assert set(one) == set(values) | {"Statistics"}
        assert {key: one[key] for key in values} == {key: value["data"] for key, value in values.items()}


def test_no_secret_is_anywhere(daemon):
    everything = [call("root", MANAGER[0], "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
                  call("root", *MANAGER, "Describe"),
                  call("root", path_of("keyed"), INSTANCE, "Describe"),
                  call("root", path_of("keyed"), "org.freedesktop.DBus.Properties", "GetAll", "s", INSTANCE),
                  call("root", MANAGER[0], "org.freedesktop.DBus.Properties", "GetAll", "s", MANAGER[1])]
    text = json.dumps(everything)
    assert '"ah"' in text
    for form in (KEY, KEY.encode().hex(), ", ".join(str(byte) for byte in KEY.encode())):
        assert form not in text
    assert KEY not in daemon.log()


def test_unknown_objects(daemon, system):
    assert system.refused("bob", lambda user: system.call(user, *MANAGER, "GetInstance", "none")) \
        == "org.vrrpd1.Error.NoSuchInstance"
    assert system.refused("bob", system.properties, "none") == "org.freedesktop.DBus.Error.UnknownObject"
    assert system.refused("root", lambda user: system.call(user, path_of("other"), INSTANCE, "Explode")) \
        == "org.freedesktop.DBus.Error.UnknownMethod"


def test_names_cannot_be_taken(daemon):
    """Only the daemon's user may own the name: not root, not anybody else."""
    for user in ("root", "alice"):
        reply = subprocess.run(as_user(user, ["gdbus", "call", "--system", "-d", "org.freedesktop.DBus", "-o",
                                              "/org/freedesktop/DBus", "-m", "org.freedesktop.DBus.RequestName",
                                              "org.vrrpd1", "4"]), capture_output=True, text=True, check=False)
        assert reply.returncode != 0 and "AccessDenied" in reply.stderr
