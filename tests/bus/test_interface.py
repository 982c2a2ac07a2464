# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon offers is what the interface files and the manual say, and everybody can read it."""
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
        changed = [a.get("value") for a in element.findall("annotation") if a.get("name") == CHANGED]
        found[element.tag, element.get("name")] = (element.get("type"), element.get("access"), arguments,
                                                   changed or ["true"])
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
    doc = "annotation[@name='org.gtk.GDBus.DocString']"
    for element in [file_of(interface), *file_of(interface).iter()]:
        if element.tag in ("interface", "method", "signal", "property", "arg"):
            found = element.find(doc)
            assert found is not None and len(found.get("value")) > 5, f"{element.tag} {element.get('name')}"


def manual_members(interface):
    """{(kind, name): text of the signature} from the manual: one section an interface, one line a member."""
    section = re.search(rf"^{re.escape(interface)}\n=+\n(.*?)(?=^\S[^\n]*\n=+\n|\Z)", manual(), re.M | re.S)[1]
    found = {}
    for kind, name, signature in re.findall(r"^\*\*(method|signal|property)\*\* ``(\w+)(.*?)``$", section, re.M):
        assert (kind, name) not in found, f"{name} is there twice"
        found[kind, name] = signature
    return found


def manual_signature(key, description):
    """How the manual writes it: Name(s name) → o path; Name(s new, t number); Name s, const."""
    type_, access, arguments, changed = description
    if key[0] == "property":
        assert access == "read"
        return f" {type_}" + (", const" if changed == ["const"] else "")
    sent = ", ".join(f"{t} {n}" for n, t, direction in arguments if direction != "out")
    returned = ", ".join(f"{t} {n}" for n, t, direction in arguments if direction == "out")
    return f"({sent})" + (f" → {returned}" if returned else "")


@pytest.mark.parametrize("interface", OBJECTS)
def test_manual_is_the_interface_file(interface):
    expected = {key: manual_signature(key, value) for key, value in members(file_of(interface)).items()}
    assert manual_members(interface) == expected


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
