# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wrong arguments on the real bus: each gets one error that names the key or the argument, the value, and what would be valid;
before polkit is asked, so that it is the same for everybody; and nothing has changed after all of them."""
import os

import pytest
from gi.repository import GLib

from conftest import KEY
from lab import wait_for
from methods import ERROR, INVALID_ARGS, RUNTIME, STATISTICS, Bus, refusal_as, settings
from private_bus import INSTANCE, MANAGER, path_of
from wire import Wire

UNKNOWN, INVALID = ERROR + "UnknownSetting", ERROR + "InvalidSetting"
GOOD = dict(Interface="eno1", VirtualRouterId=30, VirtualAddresses="192.168.120.30", Enabled=False)


def variant(signature, value):
    return GLib.Variant(signature, value)


@pytest.fixture(scope="module")
def bus(system, daemon):
    os.chmod(daemon.instances, 0o2770)
    return Bus()


@pytest.fixture
def unchanged(bus, daemon):
    """Nothing that a test does here may change anything."""
    def everything():
        return ([(name, bus.instance(name, "GetSettings")) for name in bus.names()], sorted(os.listdir(daemon.instances)),
                bus.instance("keyed", "GetSecrets"), bus.properties("other")["Transitions"])
    before = everything()
    yield
    assert everything() == before


# (settings, error, what its text must hold)
VALUES = [
    ({"Priorty": 5}, UNKNOWN, ["Priorty", "Priority"]),
    ({"priority": 5}, UNKNOWN, ["priority", "Priority"]),
    ({"Colour": "red"}, UNKNOWN, ["Colour", "vrrpd.instance(5)"]),
    ({"a" * 300: "red"}, UNKNOWN, ["aaa..."]),
    ({"Pri\x1bority": 5}, UNKNOWN, ["Pri\\033ority"]),
    ({"SyncGroup": "lan"}, INVALID, ["SyncGroup", "not supported yet"]),
    ({"Priority": 0}, INVALID, ["Priority=0", "1 to 255"]),
    ({"Priority": 256}, INVALID, ["Priority=256", "1 to 255"]),
    ({"Priority": -1}, INVALID, ["Priority=-1", "1 to 255"]),
    ({"Priority": variant("t", 2**64 - 1)}, INVALID, ["Priority=18446744073709551615", "1 to 255"]),
    ({"Priority": variant("d", 1.0)}, INVALID, ["Priority", "'d'", "'y'", "1 to 255"]),
    ({"Priority": variant("ay", b"\1")}, INVALID, ["Priority", "'ay'", "1 to 255"]),
    ({"Priority": variant("(y)", (1,))}, INVALID, ["Priority", "'(y)'", "1 to 255"]),
    ({"Priority": variant("v", variant("y", 1))}, INVALID, ["Priority", "'v'", "1 to 255"]),
    ({"VirtualRouterId": 0}, INVALID, ["VirtualRouterId=0", "1 to 255"]),
    ({"Version": 4}, INVALID, ["Version=4", "2 to 3"]),
    ({"Enabled": "perhaps"}, INVALID, ["Enabled=perhaps", "yes or no"]),
    ({"Enabled": variant("d", 1.0)}, INVALID, ["Enabled", "'d'", "yes or no"]),
    ({"Description": "two\nlines"}, INVALID, ["Description=two\\nlines", "one line"]),
    ({"Description": ["a"]}, INVALID, ["Description", "'as'", "'s'"]),
    ({"Interface": "sixteen-bytes-xx"}, INVALID, ["Interface=sixteen-bytes-xx", "15 bytes"]),
    ({"Interface": "eno1/x"}, INVALID, ["Interface=eno1/x", "'/'"]),
    ({"Interface": ".."}, INVALID, ["Interface=.."]),
    ({"Interface": "eno\x011"}, INVALID, ["Interface=eno\\0011", "control"]),
    ({"AdvertisementInterval": "4 weeks"}, INVALID, ["AdvertisementInterval=4 weeks", "4s"]),
    ({"AdvertisementInterval": -5}, INVALID, ["AdvertisementInterval=-5", "4s"]),
    ({"VirtualAddresses": ["192.168.120.3/33"]}, INVALID, ["VirtualAddresses", "192.168.120.3/33", "32"]),
    ({"VirtualAddresses": ["192.168.120.3", ""]}, INVALID, ["VirtualAddresses", "empty"]),
    ({"VirtualAddresses": ["192.168.120.3"] * 10000}, INVALID, ["VirtualAddresses", "1024"]),
    ({"VirtualAddresses": "224.0.0.18"}, INVALID, ["VirtualAddresses", "224.0.0.18"]),
    ({"UnicastPeers": ["router-b"]}, INVALID, ["UnicastPeers", "router-b", "an address"]),
    ({"UnicastMinTtl": "often"}, INVALID, ["UnicastMinTtl=often", "1 to 255", "auto"]),
    ({"AuthenticationType": "sha1"}, INVALID, ["AuthenticationType=sha1", "none, pass or ah"]),
    ({"AuthenticationKey": KEY + "-longer"}, INVALID, ["AuthenticationKey", "8 bytes"]),
    ({"AuthenticationKey": variant("ay", KEY.encode())}, INVALID, ["AuthenticationKey", "'ay'"]),
    ({"Checksum": "none"}, INVALID, ["Checksum=none", "auto, pseudo-header or message-only"]),
    ({"AddressFamily": "decnet"}, INVALID, ["AddressFamily=decnet", "ipv4"]),
]


@pytest.mark.parametrize("user", ["root", "bob"])
def test_values(bus, unchanged, user):
    for values, error, parts in VALUES:
        if user != "root" and len(str(values)) > 10000:
            continue  # too long for a command line
        for where in ((path_of("other"), INSTANCE, "Update", settings(**values), RUNTIME),
                      (*MANAGER, "AddInstance", "new", settings(**{**GOOD, **values}), RUNTIME)):
            name, text = bus.refusal(*where) if user == "root" else refusal_as(user, *where)
            assert name == error, f"{values}: {name}: {text}"
            assert [part for part in parts if part not in text] == [], text
            assert KEY not in text and len(text) < 500 and text.isprintable(), text


def test_a_key_that_is_there_twice(bus, unchanged):
    builder = GLib.VariantBuilder(GLib.VariantType("a{sv}"))
    for value in (1, 2):
        entry = GLib.Variant.new_dict_entry(GLib.Variant("s", "Priority"), GLib.Variant("v", GLib.Variant("y", value)))
        builder.add_value(entry)
    name, text = bus.refusal(path_of("other"), INSTANCE, "Update", builder.end(), RUNTIME)
    assert name == INVALID and "Priority" in text and "twice" in text


@pytest.mark.parametrize("new", ["", "a/b", "/etc/passwd", "..", ".", "../other", ".hidden", "-x", "a b", "a\nb", "a\x7fb", "n" * 65,
                                 "n" * 300, "ä"])
def test_names(bus, unchanged, new):
    for refusal in (bus.refusal(*MANAGER, "AddInstance", new, settings(**GOOD), 0),
                    refusal_as("bob", *MANAGER, "AddInstance", new, settings(**GOOD), 0)):
        name, text = refusal
        assert name == INVALID_ARGS and "letter" in text and "64 characters" in text
        assert text.isprintable() and len(text) < 300
    assert bus.refusal(*MANAGER, "GetInstance", new)[0] == ERROR + "NoSuchInstance"


@pytest.mark.parametrize("name", ["n" * 64, "0", "a.b", "x-_.9"])
def test_names_that_are_fine(bus, unchanged, name):
    assert bus.manager("AddInstance", name, settings(**GOOD), 0) == (path_of(name),)
    assert bus.properties(name)["Name"] == name
    assert bus.manager("GetInstance", name) == (path_of(name),)
    bus.instance(name, "Remove", 0)
    wait_for(lambda: name not in bus.names(), 20, "it is gone")


def test_settings_that_do_not_go_together(bus, unchanged):
    for more, parts in (({"VirtualRouterId": ""}, ["VirtualRouterId", "1 to 255"]), ({"Interface": ""}, ["Interface", "UnicastPeers"]),
                        ({"VirtualAddresses": []}, ["VirtualAddresses", "at least one"]),
                        ({"VirtualAddresses": ["192.168.120.30", "192.168.120.30/24"]}, ["VirtualAddresses", "twice"]),
                        ({"VirtualAddresses": [f"10.0.{i // 250}.{i % 250}" for i in range(1, 257)]}, ["VirtualAddresses", "255"]),
                        ({"AdvertisementInterval": "12345us"}, ["AdvertisementInterval", "10"]),
                        ({"Version": 2, "AdvertisementInterval": "100ms"}, ["AdvertisementInterval", "second"]),
                        ({"AuthenticationKey": KEY}, ["AuthenticationType"]),
                        ({"AuthenticationType": "ah", "Version": 2}, ["AuthenticationKey", "required"])):
        name, text = refusal_as("bob", *MANAGER, "AddInstance", "new", settings(**{**GOOD, **more}), 0)
        assert name == INVALID and [part for part in parts if part not in text] == [], text
        assert KEY not in text


def test_twins(bus, unchanged):
    """Both ways: a new one, and one that becomes it. A disabled one may be a twin."""
    name, text = bus.refusal(*MANAGER, "AddInstance", "new", settings(**{**GOOD, "VirtualRouterId": 11, "Enabled": True}), 0)
    assert name == ERROR + "Conflict" and "other" in text and "11" in text and "eno1" in text
    name, text = bus.refusal(path_of("other"), INSTANCE, "Update", settings(VirtualRouterId=10), 0)
    assert name == ERROR + "Conflict" and "failover_test" in text and "10" in text


ARGUMENTS = [
    (INSTANCE, "Update", (settings(), 8), "flags=8"),
    (INSTANCE, "Update", (settings(), 2**31), "flags=2147483648"),
    (INSTANCE, "Enable", (2,), "flags=2"),
    (INSTANCE, "Disable", (4,), "flags=4"),
    (INSTANCE, "Remove", (3,), "flags=3"),
    (INSTANCE, "Failover", (variant("t", 0), 1), "flags=1"),
    (INSTANCE, "Failover", (variant("t", 2**63), 0), "hold_usec=9223372036854775808"),
    (INSTANCE, "Hold", ("", 0), "1 to 200 bytes"),
    (INSTANCE, "Hold", ("x" * 201, 0), "1 to 200 bytes"),
    (INSTANCE, "Hold", ("ä" * 101, 0), "1 to 200 bytes"),
    (INSTANCE, "Hold", ("new\ndisk", 0), "new\\ndisk"),
    (INSTANCE, "Hold", ("ok", 1), "flags=1"),
    (INSTANCE, "SetPriority", (variant("y", 255), 0), "1 to 254"),
    (INSTANCE, "SetPriority", (variant("y", 1), 2), "flags=2"),
    (INSTANCE, "Announce", (1,), "flags=1"),
    (STATISTICS, "Reset", (1,), "flags=1"),
    (MANAGER[1], "AddInstance", ("new", settings(**GOOD), 2), "flags=2"),
    (MANAGER[1], "AddInstance", ("new", settings(**GOOD), 4), "flags=4"),
    (MANAGER[1], "Reload", (1,), "flags=1"),
    (MANAGER[1], "Confirm", (variant("t", 0),), "token=0"),
    (MANAGER[1], "FindInstance", ("sixteen-bytes-xx", variant("y", 1), "ipv4"), "sixteen-bytes-xx"),
    (MANAGER[1], "FindInstance", ("a/b", variant("y", 1), "ipv4"), "a/b"),
    (MANAGER[1], "FindInstance", ("eno1", variant("y", 0), "ipv4"), "vrid=0"),
    (MANAGER[1], "FindInstance", ("eno1", variant("y", 1), "IPv4"), "ipv4 or ipv6"),
]


@pytest.mark.parametrize("user", ["root", "bob"])
def test_other_arguments(bus, unchanged, user):
    for interface, method, arguments, part in ARGUMENTS:
        where = (MANAGER[0] if interface == MANAGER[1] else path_of("other"), interface, method, *arguments)
        name, text = bus.refusal(*where) if user == "root" else refusal_as(user, *where)
        assert name == INVALID_ARGS and part in text and text.isprintable(), f"{method}: {name}: {text}"


def test_types(bus, unchanged):
    """Another signature than the method's."""
    for interface, method, arguments in ((INSTANCE, "Update", (settings(),)), (INSTANCE, "Update", ("x", 0)),
                                         (INSTANCE, "Remove", ()), (INSTANCE, "Enable", (variant("b", True),)),
                                         (INSTANCE, "SetPriority", (1, 0)), (INSTANCE, "Hold", (0, 0)),
                                         (INSTANCE, "Failover", (1, 1)), (INSTANCE, "GetSecrets", (0,)),
                                         (STATISTICS, "Reset", ("x",)), (INSTANCE, "GetSettings", ("x",)),
                                         (INSTANCE, "Announce", (variant("i", 0),))):
        name, _ = bus.refusal(path_of("other"), interface, method, *arguments)
        assert name == INVALID_ARGS, method
    for method, arguments in (("AddInstance", ("x", settings())), ("AddInstance", (settings(), "x", 0)), ("Confirm", (1,)),
                              ("FindInstance", ("eno1", 1, "ipv4")), ("GetPermissions", (0,))):
        assert bus.refusal(*MANAGER, method, *arguments)[0] == INVALID_ARGS, method
    assert bus.refusal(path_of("other"), "org.freedesktop.DBus.Properties", "Set", INSTANCE, "Priority",
                       variant("v", variant("y", 1)))[0] == "org.freedesktop.DBus.Error.PropertyReadOnly"
    # A method of the other interface, or of another object.
    assert bus.refusal(path_of("other"), STATISTICS, "Remove", 0)[0] == "org.freedesktop.DBus.Error.UnknownMethod"
    assert bus.refusal(MANAGER[0], INSTANCE, "Remove", 0)[0].startswith("org.freedesktop.DBus.Error.Unknown")


def test_objects_that_are_not_there(bus, unchanged):
    for path in (path_of("nobody"), "/org/vrrpd1/instance", "/org/vrrpd1/instance/other/below", path_of("other") + "_2f",
                 "/org/vrrpd1/instance/_6fther"):
        for method, arguments in (("Update", (settings(), 0)), ("Remove", (0,)), ("Hold", ("x", 0)), ("GetSettings", ()),
                                  ("GetSecrets", ())):
            assert bus.refusal(path, INSTANCE, method, *arguments)[0].startswith("org.freedesktop.DBus.Error.Unknown"), path


def test_a_caller_that_takes_no_descriptors(bus, daemon):
    """The bus throws the answer away: then nobody has the descriptor, and nothing is held."""
    bus.manager("AddInstance", "new", settings(**GOOD), RUNTIME)
    caller = Wire()  # does not negotiate them
    caller.send(path_of("new"), INSTANCE, "Hold", "su", "no hands", 0)
    wait_for(lambda: "no hands" in daemon.log(), 20, "the hold")
    wait_for(lambda: bus.properties("new")["Holders"] == [], 20, "its end")
    caller.close()
    bus.instance("new", "Remove", RUNTIME)
