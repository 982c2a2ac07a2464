# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl and the real daemon on a private bus: list, status, failover, reload, errors, and the terminal."""
import json
import os
import re
import signal

import pytest

from ctl import ctl, solo_node, terminal
from lab import Lab, VIP, wait_for
from nodes import USER, Vrrpd


@pytest.fixture(scope="module", name="node")
def fixture_node():
    """One router: lan-v4 is master, lan-gone waits for its interface, off is disabled."""
    with Lab(routers=1, clients=0) as lab:
        yield solo_node(lab)


@pytest.fixture(name="empty_lab")
def fixture_empty_lab():
    with Lab(routers=2, clients=0) as lab:
        yield lab


@pytest.fixture(name="pair")
def fixture_pair(empty_lab):
    """Two routers with one instance, node 1 is master."""
    nodes = [Vrrpd(empty_lab, 1), Vrrpd(empty_lab, 2)]
    for node, priority in zip(nodes, (200, 100)):
        node.write("lan-v4", Interface="eno1", VirtualRouterId=10, Priority=priority, AdvertisementInterval="100ms",
                   VirtualAddresses=f"{VIP}/21")
        node.start()
        wait_for(node.on_bus, 10, "the bus name")
    nodes[0].wait_state("master", 10, "lan-v4")
    nodes[1].wait_state("backup", 10, "lan-v4")
    return nodes


def label(text, name):
    """What stands behind a label of `vrrpctl status`, its further lines included."""
    match = re.search(rf"^ *{name}: (.*(?:\n {{14}}.*)*)", text, re.M)
    return [line.strip() for line in match[1].split("\n")] if match else None


# -- list

def test_list(node):
    out, err = ctl(node, "list")
    lines = out.splitlines()
    assert err == ""
    assert lines[0].split() == ["INSTANCE", "STATE", "PRIORITY", "INTERFACE", "VRID", "FAMILY", "MASTER", "WHY", "SINCE"]
    rows = [line.split() for line in lines[1:4]]
    assert rows[0][:8] == ["lan-gone", "initialize", "100", "eth9", "11", "ipv4", "-", "interface-missing"]
    assert rows[1][:8] == ["lan-v4", "master", "200", "eno1", "10", "ipv4", "192.168.120.1", "no-response"]
    assert rows[2][:8] == ["off", "initialize", "100", "eno1", "12", "ipv4", "-", "disabled"]
    assert lines[4:] == ["", "3 instances listed."]
    column = lines[0].index("STATE")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines[1:4])
    assert "\033" not in out
    assert [row.split()[0] for row in ctl(node)[0].splitlines()[1:4]] == ["lan-gone", "lan-v4", "off"]


def test_list_without_legend(node):
    out, _ = ctl(node, "list", "--no-legend")
    assert [line.split()[0] for line in out.splitlines()] == ["lan-gone", "lan-v4", "off"]


def test_list_patterns(node):
    out, _ = ctl(node, "--no-legend", "list", "lan-*")
    assert [line.split()[0] for line in out.splitlines()] == ["lan-gone", "lan-v4"]
    out, err = ctl(node, "--no-legend", "list", "off", "wan-*", status=1)
    assert [line.split()[0] for line in out.splitlines()] == ["off"]
    assert err == "There is no instance 'wan-*'.\n"


def test_list_json_is_what_the_bus_has(node):
    out, _ = ctl(node, "list", "--json=short")
    instances = json.loads(out)
    assert [i["Name"] for i in instances] == ["lan-gone", "lan-v4", "off"]
    for instance in instances:
        properties = node.properties(instance["Name"])
        for name in ("Peers", "MasterAddress"):
            instance.pop(name), properties.pop(name)
        assert instance == properties
    assert json.loads(ctl(node, "list", "--json=pretty", "off")[0])[0]["Name"] == "off"


# -- status

def test_status_of_a_master(node):
    out, err = ctl(node, "status", "lan-v4", LC_ALL="C.UTF-8")
    assert err == "" and "\033" not in out
    assert out.startswith("\u25cf lan-v4 - The address\n")
    assert re.fullmatch(r"master since \w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; (just now|\d.* ago)", label(out, "State")[0])
    assert label(out, "Reason") == ["no-response: no master was heard any more"]
    assert label(out, "Interface") == ["eno1 (index 2), sends from 192.168.120.1"]
    assert label(out, "Router") == ["VRID 10, IPv4, VRRP version 3"]
    assert label(out, "Priority") == ["200"]
    assert label(out, "Master") == ["this router"]
    assert label(out, "Timers") == ["adverts every 100ms"]
    assert label(out, "Addresses") == [f"{VIP}/21 (installed)", "192.168.120.4/32 (installed)"]
    assert label(out, "File") == [f"{node.instances}/lan-v4.conf"]
    assert label(out, "Faults") is None and label(out, "Releasing") is None
    names = {line.split()[0] for line in label(out, "Statistics")}
    assert {"AdvertisementsSent", "MasterTransitions"} <= names
    assert names <= {name for name, value in node.statistics("lan-v4").items() if value}


def test_status_says_what_to_do_about_a_fault(node):
    out, _ = ctl(node, "status", "lan-gone")
    assert label(out, "Faults")[0].startswith("interface-missing: There is no such interface. Compare Interface=")
    assert label(out, "State")[0].startswith("initialize since ")
    assert label(out, "Master") == ["none is known"]
    assert label(out, "Addresses") == ["192.168.120.5/32 (not installed)"]
    assert label(out, "Interface") == ["eth9"]


def test_status_of_all(node):
    out, _ = ctl(node, "status", LC_ALL="C")
    assert re.match(r"vrrpd \d+\.\d+\.\d+, 3 instances, 1 of them master\n +Engine: with(out)? real-time scheduling, "
                    r"at most [\d.]+m?s late\n\n\* lan-gone\n", out)
    assert re.findall(r"^\* (\S+)", out, re.M) == ["lan-gone", "lan-v4", "off"]
    assert "initialize (disabled)" in out
    out, _ = ctl(node, "status", "--no-legend", LC_ALL="C")
    assert out.startswith("* lan-gone\n")


def test_status_json_is_the_daemons_own(node):
    described = json.loads(node.bus.call("/org/vrrpd1", "org.vrrpd1.Manager", "Describe")[0])
    result = json.loads(ctl(node, "status", "--json=pretty")[0])
    assert result.keys() == described.keys()
    assert [set(i) for i in result["Instances"]] == [set(i) for i in described["Instances"]]
    result = json.loads(ctl(node, "status", "--json=short", "lan-v4")[0])
    assert [i["Name"] for i in result] == ["lan-v4"] and result[0]["State"] == "master"
    out, err = ctl(node, "status", "--json=short", "nothing", status=1)
    assert json.loads(out) == [] and "There is no instance 'nothing'." in err


def test_status_shows_errors_of_the_settings(node):
    path = node.write("wrong", "[Instance]\nIntrface=x\n")
    try:
        ctl(node, "reload", status=1)
        out, _ = ctl(node, "status")
        assert label(out, "Settings")[0].startswith(f"error: {path}:2: Intrface")
    finally:
        node.remove("wrong")
        ctl(node, "reload")
    assert label(ctl(node, "status")[0], "Settings") is None


def test_a_key_is_shown_nowhere(node):
    node.write("secret", Interface="eno1", VirtualRouterId=20, Version=2, VirtualAddresses="192.168.120.20",
               AuthenticationType="ah", AuthenticationKey="s3same")
    try:
        printed = "".join(ctl(node, "reload"))
        for arguments in (["list"], ["status"], ["list", "-j"], ["status", "-j"], ["status", "-j", "secret"]):
            printed += "".join(ctl(node, *arguments))
        assert "authentication ah" in printed and "s3same" not in printed
    finally:
        node.remove("secret")
        ctl(node, "reload")


# -- failover

def test_failover(pair):
    first, second = pair
    out, err = ctl(first, "failover", "lan-v4")
    assert (out, err) == ("lan-v4: 192.168.120.2 is master now (priority 100).\n", "")
    assert first.state("lan-v4") == "backup"
    second.wait_state("master", 5, "lan-v4")
    wait_for(lambda: not first.properties("lan-v4")["Releasing"], 5, "the end of the handover")
    out, err = ctl(first, "failover", "lan-v4", status=1)
    assert out == "" and err.startswith("Failed to fail over lan-v4: 'lan-v4' is not master here")
    assert "Hint: run it on the router that is master" in err
    result = json.loads(ctl(second, "failover", "--json=short", "lan-v4")[0])
    assert result == {"Name": "lan-v4", "State": "backup", "MasterAddress": "192.168.120.1", "MasterPriority": 200}
    assert ctl(first, "failover", "-q", "lan-v4") == ("", "")


def test_failover_hold(pair):
    first, second = pair
    ctl(first, "failover", "--hold=500ms", "lan-v4")
    second.wait_state("master", 5, "lan-v4")
    first.wait_state("master", 5, "lan-v4")


def test_failover_of_nothing(node):
    out, err = ctl(node, "failover", "nothing", status=1)
    assert out == "" and err == "Failed to fail over nothing: there is no such instance; vrrpctl list names them all\n"
    out, err = ctl(node, "failover", "off", status=1)
    assert err.startswith("Failed to fail over off: ")


def test_failover_without_another_router(node):
    out, err = ctl(node, "failover", "lan-v4", status=1)
    assert out == "" and "Hint: is vrrpd running on the other router" in err
    node.wait_state("master", 5, "lan-v4")


# -- reload

def test_reload(node):
    assert ctl(node, "reload") == ("Nothing changed.\n", "")
    original = dict(Interface="eno1", VirtualRouterId=30, VirtualAddresses="192.168.120.30")
    node.write("new-2", **original)
    node.write("new-10", **dict(original, VirtualRouterId=31, VirtualAddresses="192.168.120.31"))
    try:
        assert ctl(node, "reload") == ("Added: new-2 new-10\n", "")
        node.write("new-2", **original, Priority=7)
        node.remove("new-10")
        path = node.write("wrong", "[Instance]\nVirtualRouterId=300\n")
        out, err = ctl(node, "reload", status=1)
        assert out == "Changed: new-2\nRemoved: new-10\n"
        assert err.startswith(f"{path}:2: VirtualRouterId") and "1 to 255" in err
        out, err = ctl(node, "reload", "--json=short", status=1)
        result = json.loads(out)
        assert err == "" and (result["Added"], result["Changed"], result["Removed"]) == ([], [], [])
        assert (result["Errors"][0]["File"], result["Errors"][0]["Line"]) == (path, 2)
        out, err = ctl(node, "reload", "-q", status=1)
        assert out == "" and err.startswith(f"{path}:2: ")
    finally:
        for name in ("new-2", "new-10", "wrong"):
            if os.path.exists(f"{node.instances}/{name}.conf"):
                node.remove(name)
        assert ctl(node, "-q", "reload") == ("", "")


def test_a_warning_is_no_error(node):
    path = node.write("keyed", Interface="eno1", VirtualRouterId=21, Version=2, VirtualAddresses="192.168.120.21",
                      AuthenticationType="pass", AuthenticationKey="s3same")
    os.chmod(path, 0o644)
    try:
        out, err = ctl(node, "reload")
        assert out == "Added: keyed\n" and re.fullmatch(rf"{path}:7: warning: AuthenticationKey: .*\n", err)
        assert label(ctl(node, "status")[0], "Settings")[0].startswith(f"warning: {path}:7: AuthenticationKey")
        assert json.loads(ctl(node, "reload", "-j")[0])["Errors"][0]["Severity"] == "warning"
    finally:
        node.remove("keyed")
        ctl(node, "reload")


# -- who may, and what is said where something is not there

def test_everybody_may_look(node):
    out, err = ctl(node, "list", user=USER)
    assert "lan-v4" in out and err == ""
    assert "Statistics:" in ctl(node, "status", "lan-v4", user=USER)[0]


@pytest.mark.parametrize("arguments, doing, action", [
    (["failover", "lan-v4"], "fail over lan-v4", "org.vrrpd1.operate"),
    (["reload"], "reload the settings", "org.vrrpd1.configure"),
])
def test_not_everybody_may_act(node, arguments, doing, action):
    out, err = ctl(node, *arguments, status=1, user=USER)
    assert out == "" and err.startswith(f"Failed to {doing}: ")
    assert f"Hint: this needs the polkit action {action}. Run it as root, or have a rule allow it, see vrrpd(8).\n" in err
    assert node.state("lan-v4") == "master"


def test_no_answer(node):
    node.signal(signal.SIGSTOP)
    try:
        out, err = ctl(node, "list", "--timeout=200ms", status=1)
        assert out == "" and err.startswith("Failed to list the instances: ")
        assert "Hint: see what vrrpd is doing: systemctl status vrrpd" in err
    finally:
        node.signal(signal.SIGCONT)
    ctl(node, "list")


def test_no_daemon(empty_lab):
    node = Vrrpd(empty_lab, 1)
    for arguments in (["list"], ["status"], ["status", "-j"], ["failover", "x"], ["reload"]):
        out, err = ctl(node, *arguments, status=1)
        assert out == "" and re.fullmatch(r"Failed to [a-z ]+: vrrpd is not running\n"
                                          r"Hint: start it with: systemctl enable --now vrrpd\n", err)


def test_no_instances(empty_lab):
    node = Vrrpd(empty_lab, 1)
    node.start()
    wait_for(node.on_bus, 10, "the bus name")
    assert ctl(node, "list") == ("0 instances listed.\n", "")
    assert ctl(node, "list", "--no-legend") == ("", "")
    assert ctl(node, "list", "-j") == ("[]\n", "")


# -- the terminal

def test_colours_only_on_a_terminal(node):
    green = "\033[0;1;32mmaster\033[0m"
    assert green in terminal(node, "--no-pager", "list").finish()
    assert "\033" not in terminal(node, "--no-pager", "list", NO_COLOR="1").finish()
    assert "\033" not in terminal(node, "--no-pager", "list", TERM="dumb").finish()
    assert "\033" not in terminal(node, "--no-pager", "list", SYSTEMD_COLORS="no").finish()
    assert green in terminal(node, "--no-pager", "list", SYSTEMD_COLORS="yes", NO_COLOR="1").finish()
    assert green in ctl(node, "list", SYSTEMD_COLORS="yes")[0]
    assert green in terminal(node, "--no-pager", "status", "lan-v4").finish()


def test_json_follows_the_terminal(node):
    pretty = terminal(node, "-j", "list", "off").finish()
    assert pretty.startswith('[\n\t{\n\t\t"Name": "off",\n') and json.loads(pretty)
    assert ctl(node, "-j", "list", "off")[0].startswith('[{"Name":"off",')


def test_pager(node, tmp_path):
    def paged(*arguments, **variables):
        return terminal(node, "list", *arguments, NO_COLOR="1", **variables).finish()

    assert paged(SYSTEMD_PAGER="sed s/^/paged:/").startswith("paged:INSTANCE")
    assert paged(PAGER="sed s/^/paged:/").startswith("paged:INSTANCE")
    assert paged(SYSTEMD_PAGER="", PAGER="sed s/^/paged:/").startswith("INSTANCE")
    assert paged("--no-pager", SYSTEMD_PAGER="sed s/^/paged:/").startswith("INSTANCE")
    assert paged(SYSTEMD_PAGER=f"{tmp_path}/missing").startswith("INSTANCE")
    assert paged(TERM="dumb", SYSTEMD_PAGER="sed s/^/paged:/").startswith("INSTANCE")
    assert "INSTANCE" in paged()  # less(1) ends by itself where all of it fits
    # With rights that are not the caller's own, nothing but less, in its secure mode.
    less = tmp_path / "less"
    less.write_text("#!/bin/sh\necho \"less:$LESSSECURE:$LESS\"\nexec cat\n")
    less.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    for variables in ({"SUDO_UID": "1000"}, {"PKEXEC_UID": "1000"}, {"SYSTEMD_PAGERSECURE": "1"}):
        out = paged(SYSTEMD_PAGER="sed s/^/paged:/", PATH=path, **variables)
        assert out.startswith("less:1:FRSXMK\nINSTANCE"), variables


def agent(tmp_path):
    """A pkttyagent that writes what it was called with, and when it was ended."""
    path = tmp_path / "pkttyagent"
    path.write_text(f"#!/bin/sh\necho started $1 >>{tmp_path}/log\n"
                    f"trap 'echo ended >>{tmp_path}/log; exit' TERM\neval \"exec $2>&-\"\nwhile sleep 0.1; do :; done\n")
    path.chmod(0o755)
    tmp_path.chmod(0o777)
    return tmp_path / "log"


def test_the_agent_is_there_while_it_is_needed(node, tmp_path):
    log = agent(tmp_path)
    for parent in tmp_path.parents:
        if str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    out = terminal(node, "failover", "lan-v4", status=1, user=USER, PATH=path).finish()
    assert "polkit action org.vrrpd1.operate" in out
    assert log.read_text() == "started --notify-fd\nended\n"
    log.unlink()
    terminal(node, "reload", "--no-ask-password", status=1, user=USER, PATH=path).finish()
    terminal(node, "failover", "lan-v4", status=1, PATH=path).finish()  # root needs none
    ctl(node, "reload", status=1, user=USER, PATH=path)  # no terminal to ask on
    terminal(node, "list", user=USER, PATH=path).finish()  # nothing to ask
    assert not log.exists()
