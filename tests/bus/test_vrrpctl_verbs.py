# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl's verbs that look (show, is-master, statistics, metrics) and change (add, set, ...) with the real daemon."""
import json
import os
import re
import stat
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ctl import command, ctl, environment, solo_node, terminal
from lab import Lab, wait_for
from nodes import SEED, SOURCE, USER, Vrrpd, encode_path

KEY = "s3same"


@pytest.fixture(scope="module", name="node")
def fixture_node():
    """One router: lan-v4 is master, lan-gone waits for its interface, off is disabled."""
    with Lab(routers=1, clients=0) as lab:
        node = solo_node(lab)
        os.chmod(node.instances, 0o2770)  # as tmpfiles.d makes it: the daemon writes there
        yield node


@pytest.fixture(name="silent")
def fixture_silent():
    """A bus without a daemon."""
    with Lab(routers=1, clients=0) as lab:
        yield Vrrpd(lab, 1)


def settings(node, name):
    return node.bus.call("/org/vrrpd1/instance/" + encode_path(name), "org.vrrpd1.Instance", "GetSettings")[0]


def names(node):
    return [i["Name"] for i in json.loads(ctl(node, "list", "-j")[0])]


@pytest.fixture(name="new")
def fixture_new(node):
    """The name of an instance that is removed afterwards, whatever became of it."""
    yield "new"
    if "new" in names(node):
        ctl(node, "remove", "new")
        wait_for(lambda: "new" not in names(node), 10, "new is gone")


# -- show

def test_show_has_every_property_and_setting(node):
    lines = dict(line.split("=", 1) for line in ctl(node, "show", "lan-v4")[0].splitlines())
    properties = node.properties("lan-v4")
    assert lines.keys() == properties.keys() | settings(node, "lan-v4").keys()
    assert len(lines) > 40
    assert lines["Name"] == "lan-v4" and lines["State"] == "master" and lines["Releasing"] == "no"
    assert lines["Enabled"] == "yes" and lines["Priority"] == "200" and lines["AdvertisementInterval"] == "100000"
    assert lines["VirtualAddresses"] == "192.168.120.3/21;192.168.120.4/32"
    assert lines["StateSince"] == str(properties["StateSince"])
    assert lines["MissedAdverts"] == "3" and lines["Faults"] == ""
    assert "AuthenticationKey" not in lines


def test_show_some(node):
    assert ctl(node, "show", "lan-v4", "-p", "State")[0] == "State=master\n"
    assert ctl(node, "show", "-p", "VirtualRouterId,Name", "--property=State", "lan-v4")[0] == \
        "VirtualRouterId=10\nName=lan-v4\nState=master\n"
    assert ctl(node, "show", "lan-v4", "-p", "State,Name", "--value")[0] == "master\nlan-v4\n"
    out, err = ctl(node, "show", "lan-v4", "-p", "Stat,Name", status=1)
    assert out == "Name=lan-v4\n" and err == "There is no property 'Stat'. Did you mean 'State'?\n"


def test_show_json(node):
    result = json.loads(ctl(node, "show", "lan-gone", "--json=short")[0])
    assert result.keys() == node.properties("lan-gone").keys() | settings(node, "lan-gone").keys()
    assert result["Faults"] == ["interface-missing"] and result["Priority"] == 100 and result["Enabled"] is True
    assert json.loads(ctl(node, "show", "lan-gone", "-j", "-p", "Name,Peers")[0]) == {"Name": "lan-gone", "Peers": []}


def test_show_of_nothing(node):
    _, err = ctl(node, "show", "nothing", status=1)
    assert err == "Failed to show nothing: there is no such instance; vrrpctl list names them all\n"


# -- is-master

def test_is_master(node, silent):
    assert ctl(node, "is-master", "lan-v4") == ("", "")
    assert ctl(node, "is-master", "lan-gone", status=1) == ("", "")
    assert ctl(node, "is-master", "off", status=1, user=USER) == ("", "")
    out, err = ctl(node, "is-master", "nothing", status=1)
    assert out == "" and "there is no such instance" in err
    out, err = ctl(silent, "is-master", "lan-v4", status=1)
    assert out == "" and "vrrpd is not running" in err


# -- statistics

def test_statistics(node):
    out, _ = ctl(node, "statistics")
    lines = out.splitlines()
    assert lines[0].split() == ["INSTANCE", "COUNTER", "VALUE"]
    assert lines[-1] == "3 instances listed. Counters that are zero are left out."
    rows = {(name, counter): int(value) for name, counter, value in map(str.split, lines[1:-2])}
    assert rows["lan-v4", "AdvertisementsSent"] > 0 and rows["lan-v4", "MasterTransitions"] == 1
    assert all(rows.values()) and {name for name, _ in rows} == {"lan-v4"}
    assert ctl(node, "statistics", "off", "--no-legend")[0] == ""
    assert ctl(node, "statistics", "off")[0] == "1 instance listed. Counters that are zero are left out.\n"
    _, err = ctl(node, "statistics", "nothing", "lan-*", status=1)
    assert err == "There is no instance 'nothing'.\n"


def test_statistics_json_has_all(node):
    result = json.loads(ctl(node, "statistics", "--json=short", "lan-*")[0])
    assert [i["Name"] for i in result] == ["lan-gone", "lan-v4"]
    for instance in result:
        assert instance["Statistics"].keys() == node.statistics(instance["Name"]).keys()
    assert result[1]["Statistics"]["AdvertisementsSent"] > result[0]["Statistics"]["AdvertisementsSent"] == 0


# -- metrics

def families(text):
    """What a strict parser reads; every sample once."""
    parsed = {family.name: family for family in text_string_to_metric_families(text)}
    assert text.endswith("\n# EOF\n")
    samples = [(s.name, tuple(sorted(s.labels.items()))) for family in parsed.values() for s in family.samples]
    assert len(samples) == len(set(samples)), "a sample is there twice"
    return parsed


def value(parsed, family, /, **labels):
    found = [s.value for s in parsed[family].samples if s.labels == labels]
    assert len(found) == 1, (family, labels, parsed[family].samples)
    return found[0]


def test_the_parser_is_strict():
    for text in ("# TYPE a counter\na 1\n# EOF\n", "# TYPE a gauge\na 1\n", "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n# EOF\n",
                 "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"y\"} 1\n# EOF\n", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n"):
        with pytest.raises(ValueError):
            families(text)


def test_metrics(node):
    out, err = ctl(node, "metrics", user=USER)
    parsed = families(out)
    assert err == "" and "\033" not in out
    lan = {"iname": "lan-v4", "intf": "eno1", "vrid": "10"}
    gone = {"iname": "lan-gone", "intf": "eth9", "vrid": "11"}
    assert value(parsed, "keepalived_up") == 1
    assert value(parsed, "keepalived_vrrp_state", ip_address="192.168.120.3", **lan) == 2
    assert value(parsed, "keepalived_vrrp_state", ip_address="192.168.120.4", **lan) == 2
    assert value(parsed, "keepalived_vrrp_state", ip_address="192.168.120.5", **gone) == 3
    assert value(parsed, "keepalived_vrrp_state", iname="off", intf="eno1", vrid="12", ip_address="192.168.120.6") == 0
    assert value(parsed, "keepalived_become_master", **lan) == 1
    assert 0 < value(parsed, "keepalived_advertisements_sent", **lan) <= node.statistics("lan-v4")["AdvertisementsSent"]
    assert value(parsed, "vrrp_instance", instance="lan-v4", interface="eno1", vrid="10", family="ipv4", version="3") == 1
    for state in ("initialize", "backup", "master"):
        assert value(parsed, "vrrp_instance_state", instance="lan-v4", vrrp_instance_state=state) == (state == "master")
    assert value(parsed, "vrrp_instance_fault", instance="lan-gone", vrrp_instance_fault="interface-missing") == 1
    assert value(parsed, "vrrp_instance_fault", instance="lan-v4", vrrp_instance_fault="interface-missing") == 0
    assert value(parsed, "vrrp_instance_enabled", instance="off") == 0
    assert value(parsed, "vrrp_instance_priority", instance="lan-v4") == 200
    since = value(parsed, "vrrp_instance_last_transition_timestamp_seconds", instance="lan-v4")
    assert abs(since - node.properties("lan-v4")["StateSince"] / 1e6) < 1e-3
    assert parsed["vrrp_instance_last_transition_timestamp_seconds"].unit == "seconds"
    assert value(parsed, "vrrp_config_errors") == 0


def test_every_counter_is_a_metric(node):
    parsed = families(ctl(node, "metrics")[0])
    counters = [f for f in parsed.values() if f.type == "counter"]
    assert len(counters) == len(node.statistics("lan-v4")) + 1  # and vrrp_transitions
    assert all(f.documentation for f in parsed.values())


def test_the_manual_knows_every_metric(node):
    """Each of keepalived's names, and each of ours that is not made from a counter's name."""
    parsed = families(ctl(node, "metrics")[0])
    page = open(os.path.join(SOURCE, "man/vrrpctl.1.rst"), encoding="utf-8").read()
    told = set(re.findall(r"\*((?:vrrp|keepalived)_\w+)\*", page.split("\nMETRICS\n")[1].split("\nENVIRONMENT\n")[0]))
    real = {sample.name for family in parsed.values() for sample in family.samples}
    made = {name for name in real - told if name.startswith("vrrp_") and name.endswith("_total")}
    assert real - made == told and "vrrp_send_errors_total" in made


def test_metrics_without_a_daemon(silent):
    out, err = ctl(silent, "metrics")
    assert "vrrpd is not running" in err
    assert list(families(out)) == ["keepalived_up"] and value(families(out), "keepalived_up") == 0


# -- add, set, remove, enable, disable

ADD = ["Interface=eth9", "VirtualRouterId=50", "VirtualAddresses=192.168.120.50/21;192.168.120.51"]


def test_add_set_remove(node, new):
    path = f"{node.instances}/new.conf"
    assert ctl(node, "add", new, *ADD) == ("new was added.\n", "")
    assert node.properties(new)["VirtualAddresses"] == ["192.168.120.50/21", "192.168.120.51/32"]
    assert "VirtualRouterId=50" in open(path, encoding="utf-8").read()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    assert ctl(node, "set", new, "Priority=7", "AdvertisementInterval=250ms") == ("new was changed.\n", "")
    assert settings(node, new)["Priority"] == 7 and settings(node, new)["AdvertisementInterval"] == 250000
    ctl(node, "set", new, "Priority=")
    assert settings(node, new)["Priority"] == 100 and settings(node, new)["AdvertisementInterval"] == 250000
    assert ctl(node, "check", path)[0] == "1 instance is fine.\n"
    assert ctl(node, "remove", new) == ("new was removed.\n", "")
    wait_for(lambda: new not in names(node), 10, "new is gone")
    assert not os.path.exists(path)


def test_runtime(node, new):
    assert ctl(node, "add", "--runtime", new, *ADD)[0] == "new was added until vrrpd restarts.\n"
    assert not os.path.exists(f"{node.instances}/new.conf")
    assert node.properties(new)["Unsaved"] is True
    out, _ = ctl(node, "status", new)
    assert "File: none (runs with other settings than there)\n" in out
    assert ctl(node, "set", new, "--runtime", "Priority=7")[0] == "new was changed until vrrpd restarts.\n"
    assert ctl(node, "disable", "--runtime", new)[0] == "new was disabled until vrrpd restarts.\n"
    assert settings(node, new)["Enabled"] is False


def test_what_came_of_it_in_json(node, new):
    result = json.loads(ctl(node, "add", new, "--json=short", *ADD)[0])
    assert result["Name"] == new and result["VirtualRouterId"] == 50
    assert json.loads(ctl(node, "set", "-j", new, "Priority=7")[0])["Priority"] == 7
    out, err = ctl(node, "disable", "-j", new, "nothing", status=1)
    assert json.loads(out) == [{"Name": new, "Done": True}, {"Name": "nothing", "Done": False}]
    assert err.startswith("Failed to disable nothing: there is no such instance")
    assert ctl(node, "enable", "-q", new) == ("", "")
    assert json.loads(ctl(node, "set-priority", "-j", new, "9")[0])["Name"] == new


def test_several(node, new):
    ctl(node, "add", new, *ADD)
    out, err = ctl(node, "disable", new, "nothing", "lan-gone", status=1)
    assert out == "new was disabled.\nlan-gone was disabled.\n" and "Failed to disable nothing" in err
    assert ctl(node, "enable", new, "lan-gone")[0] == "new was enabled.\nlan-gone was enabled.\n"
    assert settings(node, "lan-gone")["Enabled"] is True


@pytest.mark.parametrize("verb, arguments, complaint, hint", [
    ("add", ["lan-v4", *ADD], "Failed to add lan-v4: ", "vrrpctl set changes it"),
    ("add", ["../x", *ADD], "Failed to add ../x: ", None),
    ("add", ["y", "Intrface=eno1"], "Failed to add y: Intrface", "vrrpd.instance(5) has all settings"),
    ("add", ["y", "VirtualRouterId=300"], "Failed to add y: VirtualRouterId=300", "vrrpd.instance(5) says what is valid"),
    ("add", ["y", "Interface=eno1", "VirtualRouterId=10", "VirtualAddresses=192.168.120.9"], "Failed to add y: ", None),
    ("set", ["lan-v4", "Priority=high"], "Failed to change lan-v4: Priority=high", "vrrpd.instance(5) says what is valid"),
    ("set", ["nothing", "Priority=7"], "Failed to change nothing: there is no such instance", None),
    ("remove", ["nothing"], "Failed to remove nothing: there is no such instance", None),
    ("set-priority", ["nothing", "7"], "Failed to set the priority of nothing: there is no such instance", None),
    ("announce", ["lan-gone"], "Failed to announce lan-gone: ", "run it on the router that is master"),
])
def test_errors_of_the_daemon_pass_through(node, verb, arguments, complaint, hint):
    before = names(node)
    out, err = ctl(node, verb, *arguments, status=1)
    assert out == "" and err.startswith(complaint), err
    assert hint is None or f"Hint: {hint}" in err, err
    assert names(node) == before


@pytest.mark.parametrize("arguments, doing, action", [
    (["add", "y", *ADD], "add y", "configure"), (["set", "lan-v4", "Priority=7"], "change lan-v4", "configure"),
    (["remove", "lan-v4"], "remove lan-v4", "configure"), (["enable", "off"], "enable off", "configure"),
    (["disable", "lan-v4"], "disable lan-v4", "configure"),
    (["set-priority", "lan-v4", "7"], "set the priority of lan-v4", "operate"),
    (["announce", "lan-v4"], "announce lan-v4", "operate"), (["hold", "lan-v4", "--", "true"], "hold lan-v4", "operate"),
])
def test_not_everybody_may(node, arguments, doing, action):
    out, err = ctl(node, *arguments, status=1, user=USER)
    assert out == "" and err.startswith(f"Failed to {doing}: ")
    assert f"Hint: this needs the polkit action org.vrrpd1.{action}. " in err
    assert node.state("lan-v4") == "master"


def test_set_priority_and_announce(node):
    assert ctl(node, "set-priority", "lan-v4", "17")[0] == "lan-v4 has priority 17 until vrrpd restarts.\n"
    wait_for(lambda: node.properties("lan-v4")["EffectivePriority"] == 17, 5, "the priority")
    assert ctl(node, "set-priority", "lan-v4", "0")[0] == "lan-v4 has the priority of its settings.\n"
    wait_for(lambda: node.properties("lan-v4")["EffectivePriority"] == 200, 5, "the priority")
    before = node.statistics("lan-v4")["AnnouncementsSent"]
    assert ctl(node, "announce", "lan-v4")[0] == "lan-v4 announces its addresses.\n"
    wait_for(lambda: node.statistics("lan-v4")["AnnouncementsSent"] > before, 5, "an announcement")


# -- secrets

SECURE = [*ADD, "Version=2", "AuthenticationType=ah", "AuthenticationKey=-"]


def test_a_key_from_a_pipe(node, new):
    done = subprocess.run(command(node, "add", new, *SECURE), input=KEY + "\n", capture_output=True, text=True, timeout=60,
                          env=environment(node), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "new was added.\n", "")
    assert f"AuthenticationKey={KEY}" in open(f"{node.instances}/new.conf", encoding="utf-8").read()
    shown = "".join(ctl(node, "show", new) + ctl(node, "status", "-j", new) + ctl(node, "status", new))
    assert "AuthenticationType=ah" in shown and KEY not in shown and KEY not in node.log()


def test_a_key_that_is_typed(node, new):
    ctl(node, "add", new, *ADD, "Version=2")
    screen = terminal(node, "set", new, "AuthenticationType=ah", "AuthenticationKey=-")
    screen.wait_text("AuthenticationKey of new: ")
    screen.type_secret(KEY)
    assert screen.finish() == "AuthenticationKey of new: \nnew was changed.\n"
    assert f"AuthenticationKey={KEY}" in open(f"{node.instances}/new.conf", encoding="utf-8").read()


def test_an_interrupted_question_gives_the_echo_back(node):
    screen = terminal(node, "set", "lan-v4", "AuthenticationKey=-", status=1)
    screen.wait_text("AuthenticationKey of lan-v4: ")
    screen.type_secret("\x03")
    screen.wait_text("Failed to read the key: Interrupted")
    assert screen.echoes()
    screen.finish()


# -- import

def seed_copy(tmp_path, head=""):
    """node1.conf with a VRID that is free here."""
    path = tmp_path / "keepalived.conf"
    with open(os.path.join(SEED, "node1.conf"), encoding="utf-8") as seed:
        text = seed.read()
    assert "virtual_router_id 10\n" in text
    path.write_text(head + text.replace("virtual_router_id 10\n", "virtual_router_id 77\n").replace(".120.3", ".120.77"))
    return str(path)


def test_import_adds(node, tmp_path):
    path = seed_copy(tmp_path)
    try:
        out, err = ctl(node, "import", path)
        assert out == "Added failover_test\n1 instance was imported.\n"
        assert re.fullmatch(rf"{path}:3: note: state MASTER: .*\n", err)
        assert settings(node, "failover_test")["Interface"] == "eno1"
        assert node.properties("failover_test")["AuthenticationType"] == "ah"
        assert "AuthenticationKey=1111" in open(f"{node.instances}/failover_test.conf", encoding="utf-8").read()
        _, err = ctl(node, "import", path, status=1)
        assert "Failed to add failover_test: there is an instance of this name already." in err
        assert "Nothing was added. Hint: --replace" in err
        ctl(node, "set", "failover_test", "MissedAdverts=5")
        out, _ = ctl(node, "import", "--replace", path)
        assert out == "Replaced failover_test\n1 instance was imported.\n"
        assert settings(node, "failover_test")["MissedAdverts"] == 3
        assert json.loads(ctl(node, "import", "--replace", "-j", path)[0])["Instances"] == [
            {"Name": "failover_test", "OriginalName": "failover_test", "File": None, "Added": True}]
    finally:
        ctl(node, "remove", "failover_test")
        wait_for(lambda: "failover_test" not in names(node), 20, "failover_test is gone")


def test_import_adds_nothing_that_changes_the_election(node, tmp_path):
    path = seed_copy(tmp_path, "global_defs {\n    vrrp_delay_after_boot 10\n}\n")
    before = names(node)
    _, err = ctl(node, "import", path, status=1)
    assert "1 of these can change who is master, so nothing was added." in err and names(node) == before


# -- status asks for all counters at once

def test_status_asks_once(node):
    with subprocess.Popen(["dbus-monitor", "--address", node.bus.address, "type='method_call',destination='org.vrrpd1'"],
                          stdout=subprocess.PIPE, text=True, env=environment(node)) as monitor:
        try:
            wait_for(lambda: "NameAcquired" in monitor.stdout.readline(), 10, "the monitor")
            assert "AdvertisementsSent" in ctl(node, "status")[0]
            ctl(node, "is-master", "nothing", status=1)  # what comes last
            calls = []
            for line in monitor.stdout:
                calls += re.findall(r"^method call .*member=(\w+)", line)
                if "GetInstance" in calls:
                    break
        finally:
            monitor.kill()
    assert calls.count("GetStatistics") == 1 and calls.count("GetManagedObjects") == 1
    assert len(calls) <= 7, calls
