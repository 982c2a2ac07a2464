# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl without a daemon: the command line, check and import. VRRPD_BUILD names the build folder."""
import grp
import json
import os
import pathlib
import re
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = ROOT / "tests/data/seed"
VRRPCTL = pathlib.Path(os.environ.get("VRRPD_BUILD", ROOT / "build"), "src/ctl/vrrpctl")
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
               "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
VERBS = ["list", "status", "show", "monitor", "wait", "is-master", "statistics", "metrics", "add", "set", "remove", "enable",
         "disable", "failover", "hold", "set-priority", "announce", "reload", "check", "import"]

GOOD = "[Instance]\nInterface=eth0\nVirtualRouterId=7\nVirtualAddresses=192.0.2.1/24\n"

SEED_FILE = """\
# {path}
# vrrp_instance failover_test, from node1.conf line 2

[Instance]
Interface=eno1
VirtualRouterId=10
Version=2
Priority=110
AdvertisementInterval=4s
VirtualAddresses=192.168.120.3/21 brd 192.168.127.255 dev eno1 label eno1:vip
UnicastPeers=192.168.120.2
AuthenticationType=ah
AuthenticationKey={key}
"""


def ctl(*arguments, status=0, **options):
    """Runs vrrpctl, expects that exit status, returns (stdout, stderr)."""
    done = subprocess.run([VRRPCTL, *map(str, arguments)], capture_output=True, text=True, env=ENVIRONMENT,
                          stdin=subprocess.DEVNULL, timeout=30, **options)
    assert done.returncode == status, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def lines_with(text, pattern):
    return [line for line in text.splitlines() if re.search(pattern, line)]


# -- the command line

@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(option):
    out, err = ctl(option)
    assert out.startswith("vrrpctl [OPTIONS...] VERB") and err == ""
    for verb in VERBS:
        assert lines_with(out, rf"^  {verb} "), verb


def test_help_is_about_the_verbs_that_exist():
    out, _ = ctl("--help")
    verbs = re.findall(r"^  (\w[\w-]*)", out.split("Verbs:")[1].split("Options:")[0], re.M)
    assert verbs == VERBS


def test_version():
    out, _ = ctl("--version")
    assert re.fullmatch(r"vrrpctl \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize("arguments, complaint", [
    (["lst"], r"no verb 'lst'\. Did you mean 'list'\?"),
    (["moniter"], r"Did you mean 'monitor'\?"),
    (["stat"], r"Did you mean 'status'\?"),
    (["failoverr", "x"], r"Did you mean 'failover'\?"),
    (["zzzzzzz"], r"no verb 'zzzzzzz'\.$"),
    ([""], r"no verb ''\.$"),
    (["failover"], r"failover: too few arguments\. Usage: vrrpctl failover NAME"),
    (["failover", "a", "b"], "failover: too many arguments"),
    (["reload", "a"], r"reload: too many arguments\. Usage: vrrpctl reload$"),
    (["import"], "import: too few arguments"),
    (["import", "a", "b"], "import: too many arguments"),
    (["list", "--hold=3s"], r"list: there is no option --hold= here"),
    (["check", "--output=x"], r"check: there is no option --output= here"),
    (["check", "--dry-run"], r"check: there is no option --dry-run here"),
    (["failover", "a", "--replace"], r"failover: there is no option --replace here"),
    (["failover", "a", "--accept-changes"], r"there is no option --accept-changes here"),
    (["--json=xml"], r"--json=xml: valid is pretty, short or off"),
    (["--json="], r"--json=: valid is pretty, short or off"),
    (["--timeout=0"], r"--timeout=0: valid is 1us to 1d"),
    (["--timeout=2d"], r"--timeout=2d: valid is 1us to 1d"),
    (["--timeout=soon"], r"--timeout=soon: "),
    (["failover", "a", "--hold=-1"], r"--hold=-1: "),
    (["failover", "a", "--hold=366d"], r"--hold=366d: valid is 0 to 365d"),
    (["--no-such-option"], "no-such-option"),
    (["-x"], "x"),
    (["list", "--quiet=yes"], "quiet"),
    (["show"], r"show: too few arguments\. Usage: vrrpctl show NAME"),
    (["list", "-p", "Name"], "list: there is no option --property= here"),
    (["list", "--value"], "list: there is no option --value here"),
    (["show", "x", "--property=A,,B"], "--property=A,,B: a name is missing"),
    (["wait", "x"], r"wait: too few arguments\. Usage: vrrpctl wait NAME STATE"),
    (["wait", "x", "mastr"], r"there is no state 'mastr'\. Did you mean 'master'\? The states are: initialize, backup, master"),
    (["is-master"], "is-master: too few arguments"),
    (["list", "--exec=true"], "list: there is no option --exec= here"),
    (["list", "--runtime"], "list: there is no option --runtime here"),
    (["add"], r"add: too few arguments\. Usage: vrrpctl add NAME KEY=VALUE\.\.\."),
    (["set", "x"], "set: too few arguments"),
    (["set", "x", "Priority"], "Priority: a setting is KEY=VALUE, and KEY= brings the default back"),
    (["add", "x", "=7"], "=7: a setting is KEY=VALUE"),
    (["add", "x", "Priority=7", "Priority=8"], "Priority is given twice"),
    (["set-priority", "x"], "set-priority: too few arguments"),
    (["set-priority", "x", "255"], r"set-priority 255: must be a whole number from 0 to 254\. 0 ends the override"),
    (["set-priority", "x", "high"], "set-priority high: must be a whole number"),
    (["hold", "x"], r"hold: too few arguments\. Usage: vrrpctl hold NAME -- COMMAND"),
    (["hold", "x", "--"], "hold: too few arguments"),
    (["failover", "x", "--why=y"], "failover: there is no option --why= here"),
    (["-H", "", "list"], "--host=: that is no name"),
    (["-H", "-oProxyCommand=x", "list"], "--host=-oProxyCommand=x: that is no name"),
    (["-M", "", "list"], "--machine=: that is no name"),
    (["-H", "a", "-M", "b", "list"], "--host= and --machine= cannot be used together"),
    (["import", "--runtime", "-o", "x", "y"], "import: --runtime is about a running vrrpd, --output= about files"),
])
def test_usage_errors(arguments, complaint):
    out, err = ctl(*arguments, status=2)
    assert out == ""
    assert re.search(complaint, err, re.M), err


@pytest.mark.parametrize("verb", ["lst", "zzzzzzz"])
def test_a_wrong_verb_is_told_the_right_ones(verb):
    _, err = ctl(verb, status=2)
    assert err.splitlines()[-1] == f"The verbs are: {', '.join(VERBS)}."


@pytest.mark.parametrize("verb", ["export", "help", "delete", "restart"])
def test_verbs_that_do_not_exist(verb):
    _, err = ctl(verb, "x", status=2)
    assert f"There is no verb '{verb}'." in err


KEY = "s3same"


@pytest.mark.parametrize("verb", ["add", "set"])
@pytest.mark.parametrize("key", ["AuthenticationKey", "authenticationkey", "AuthenticatonKey"])
def test_a_secret_on_the_command_line_is_refused(verb, key):
    out, err = ctl(verb, "lan", f"{key}={KEY}", status=2)
    assert out == "" and KEY not in err
    assert "can be read by every user of this host" in err and f"Hint: {key}=- asks for it, or takes the first line of stdin" in err


@pytest.mark.parametrize("text, complaint", [
    ("", "Failed to read the key: there is none. Hint: it is the first line of stdin."),
    ("\n", "Failed to read the key: there is none."),
    ("a\0b\n", "Failed to read the key: Invalid argument"),
    ("x" * 1025, "Failed to read the key: the line has more than 1024 bytes."),
    (KEY + "\nmore", "Failed to change lan: the system bus does not answer"),
])
def test_a_secret_from_stdin(text, complaint):
    done = subprocess.run([VRRPCTL, "set", "lan", "AuthenticationKey=-"], input=text, capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=30, check=False)
    assert done.returncode == 1 and done.stdout == "" and complaint in done.stderr and KEY not in done.stderr


def test_what_follows_the_secret_is_left_to_others():
    script = f"{VRRPCTL} set lan AuthenticationKey=- 2>&-; cat"
    done = subprocess.run(["sh", "-c", script], input="one\ntwo\n", capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=30, check=False)
    assert done.stdout == "two\n"


def test_options_of_a_command_are_not_ours():
    """Nothing is held, since there is no bus: it is about who reads --version."""
    for arguments in (["--", "ls", "--version"], ["ls", "--version"], ["ls", "--no-such-option", "--", "-x"]):
        out, err = ctl("hold", "lan", *arguments, status=1)
        assert out == "" and err.startswith("Failed to hold lan: the system bus does not answer")


def test_a_command_that_does_not_exist_takes_no_hold():
    out, err = ctl("hold", "lan", "--", "no-such-program", status=127)
    assert (out, err) == ("", "Failed to run no-such-program: there is no such program. Nothing is held.\n")


def test_a_hold_does_not_go_through_ssh():
    out, err = ctl("-H", "elsewhere", "hold", "lan", "--", "true", status=1)
    assert out == "" and "a hold cannot be passed over ssh" in err and "ssh elsewhere vrrpctl hold lan -- COMMAND" in err


@pytest.mark.parametrize("command, complaint", [
    ("no-such-program -x", "--exec=no-such-program -x: there is no program 'no-such-program'."),
    ("sh -c 'x", "--exec=sh -c 'x: "),
    ("", "--exec=: "),
])
def test_monitor_exec_of_what_cannot_run(command, complaint):
    out, err = ctl("monitor", f"--exec={command}", status=1)
    assert out == "" and complaint in err


def ssh_double(tmp_path):
    """An ssh that writes down how it was called, and fails."""
    path = tmp_path / "ssh"
    path.write_text(f"#!/bin/sh\nfor word; do echo \"$word\"; done >{tmp_path}/words\nexit 255\n")
    path.chmod(0o755)
    return dict(ENVIRONMENT, PATH=f"{tmp_path}:{ENVIRONMENT['PATH']}")


@pytest.mark.parametrize("option", [["-H", "admin@router2"], ["--host=admin@router2"]])
def test_the_other_host_is_asked_over_ssh(tmp_path, option):
    done = subprocess.run([VRRPCTL, *option, "list"], capture_output=True, text=True, env=ssh_double(tmp_path), timeout=30,
                          stdin=subprocess.DEVNULL, check=False)
    words = (tmp_path / "words").read_text().split()
    assert words == ["-xT", "--", "admin@router2", "systemd-stdio-bridge"]
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("Failed to list the instances: the system bus of host admin@router2 does not answer: ")
    assert "Hint: does this work? ssh admin@router2 vrrpctl list" in done.stderr


def test_a_machine_that_is_not_there():
    out, err = ctl("-M", "no-such-machine", "list", status=1)
    assert out == "" and err.startswith("Failed to list the instances: the system bus of machine no-such-machine does not answer: ")
    assert "machinectl list" in err


def test_without_a_bus():
    for arguments in ([], ["list"], ["status"], ["failover", "x"], ["reload"], ["monitor"], ["show", "x"], ["is-master", "x"],
                      ["wait", "x", "master"], ["statistics"], ["metrics"], ["add", "x"], ["set", "x", "Priority=7"],
                      ["remove", "x"], ["enable", "x"], ["disable", "x"], ["hold", "x", "--", "true"],
                      ["set-priority", "x", "7"], ["announce", "x"], ["import", SEED / "node1.conf"]):
        out, err = ctl(*arguments, status=1)
        assert out == ""
        err = re.sub(r"^\S*node1.conf:.*\n", "", err)
        assert re.match(r"Failed to [a-z ]+x?: the system bus does not answer: No such file or directory\nHint: ", err)


def test_a_full_disk_is_an_error(tmp_path):
    (tmp_path / "a.conf").write_text(GOOD)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([VRRPCTL, "check", tmp_path], stdout=full, stderr=subprocess.PIPE, text=True,
                              env=ENVIRONMENT, timeout=30, check=False)
    assert done.returncode == 1 and done.stderr == "Failed to write the output.\n"


# -- check

def test_check_counts(tmp_path):
    (tmp_path / "a.conf").write_text(GOOD)
    assert ctl("check", tmp_path) == ("1 instance is fine.\n", "")
    (tmp_path / "b.conf").write_text(GOOD.replace("=7", "=8").replace("192.0.2.1", "192.0.2.2"))
    assert ctl("check", tmp_path) == ("2 instances are fine.\n", "")
    assert ctl("check", tmp_path / "a.conf") == ("1 instance is fine.\n", "")
    assert ctl("check", "--quiet", tmp_path) == ("", "")


def test_check_names_the_place(tmp_path):
    (tmp_path / "a.conf").write_text(GOOD)
    (tmp_path / "b.conf").write_text("[Instance]\n# a comment\nIntrface=eth0\nVirtualRouterId=300\n")
    out, err = ctl("check", tmp_path, status=1)
    assert out == "1 instance is fine.\n1 instance has errors.\n"
    first, second = err.splitlines()
    assert first.startswith(f"{tmp_path}/b.conf:3: ") and "Intrface" in first and "Interface" in first
    assert second.startswith(f"{tmp_path}/b.conf:4: ") and "VirtualRouterId" in second and "1 to 255" in second


def test_check_sees_all_instances_together(tmp_path):
    (tmp_path / "a.conf").write_text(GOOD)
    (tmp_path / "b.conf").write_text(GOOD)
    _, err = ctl("check", tmp_path, status=1)
    assert err.startswith(f"{tmp_path}/b.conf:3: ")


def test_check_of_what_is_not_there(tmp_path):
    path = tmp_path / "missing.conf"
    out, err = ctl("check", path, status=1)
    assert str(path) in err and out.startswith("0 instances are fine.\n")


def test_check_warns_of_a_readable_key_and_never_shows_it(tmp_path):
    path = tmp_path / "a.conf"
    path.write_text(GOOD + "Version=2\nAuthenticationType=pass\nAuthenticationKey=s3same\n")
    path.chmod(0o640)
    assert ctl("check", path) == ("1 instance is fine.\n", "")
    path.chmod(0o644)
    out, err = ctl("check", path)
    assert out == "1 instance is fine.\n" and err.startswith(f"{path}:7: warning: AuthenticationKey")
    path.write_text(GOOD + "AuthenticationKey=s3same-is-far-too-long\n")
    out, err = ctl("check", path, status=1)
    assert "AuthenticationKey" in err and "s3same" not in out + err


def test_check_json(tmp_path):
    (tmp_path / "b.conf").write_text(GOOD)
    (tmp_path / "a.conf").write_text(GOOD.replace("=7", "=8").replace("192.0.2.1", "192.0.2.2"))
    (tmp_path / "c.conf").write_text("[Instance]\nOops=\"1\\2\"\n")
    out, err = ctl("check", "--json=short", tmp_path, status=1)
    result = json.loads(out)
    assert err == "" and out.count("\n") == 1
    assert result["Instances"] == ["a", "b"]
    assert [(e["File"], e["Line"], e["Severity"]) for e in result["Errors"]] == [(f"{tmp_path}/c.conf", 2, "error")]
    pretty, _ = ctl("check", "--json=pretty", tmp_path, status=1)
    assert json.loads(pretty) == result and '\n\t"Instances": [\n\t\t"a",\n\t\t"b"\n\t],\n' in pretty
    assert json.loads(ctl("check", "-j", tmp_path, status=1)[0]) == result
    assert ctl("check", "--json=off", tmp_path, status=1)[0].startswith("2 instances")


def test_json_of_bytes_that_are_no_text(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\x01\"\\.conf"
    with open(name, "wb") as file:
        file.write(b"[Instance]\nVirtualRouterId=\xfe\n")
    done = subprocess.run([VRRPCTL, "--json=short", "check", tmp_path], capture_output=True, env=ENVIRONMENT, timeout=30,
                          check=False)
    assert done.returncode == 1
    files = {error["File"] for error in json.loads(done.stdout)["Errors"]}
    assert files == {f"{tmp_path}/\ufffd\u0001\"\\.conf"}


def test_a_file_cannot_steer_the_terminal(tmp_path):
    (tmp_path / "a.conf").write_text("[Instance]\nInterface=\033]0;title\007\nVirtual\033[2J=1\n")
    done = subprocess.run([VRRPCTL, "check", tmp_path], capture_output=True, env=ENVIRONMENT, timeout=30, check=False)
    assert done.returncode == 1 and not re.search(rb"[^\n\x20-\xff]", done.stdout + done.stderr)


# -- import

def test_import_dry_run_of_the_seed():
    out, err = ctl("import", "--dry-run", SEED / "node1.conf")
    assert out == SEED_FILE.format(path="failover_test.conf", key="(hidden)")
    assert re.fullmatch(rf"{SEED}/node1.conf:3: note: state MASTER: .*\n", err)
    assert ctl("import", "-n", SEED / "node1.conf")[0] == out


def test_import_writes(tmp_path):
    group = 0 if os.getuid() else grp.getgrnam("daemon").gr_gid
    if group:
        os.chown(tmp_path, -1, group)
    out, _ = ctl("import", f"--output={tmp_path}", SEED / "node1.conf")
    path = tmp_path / "failover_test.conf"
    assert out.splitlines()[0] == f"Wrote {path}"
    assert "1 instance was imported." in out and "1111" not in out
    assert path.read_text() == SEED_FILE.format(path=path, key="1111").split("\n", 1)[1]
    status = path.stat()
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert not group or status.st_gid == group
    assert os.listdir(tmp_path) == ["failover_test.conf"]
    assert ctl("check", tmp_path) == ("1 instance is fine.\n", "")


def test_import_replaces_only_when_told(tmp_path):
    path = tmp_path / "failover_test.conf"
    path.write_text("mine")
    out, err = ctl("import", "-o", tmp_path, SEED / "node1.conf", status=1)
    assert out == "" and path.read_text() == "mine"
    assert f"Failed to write {path}: it is there already." in err and "--replace" in err
    ctl("import", "-o", tmp_path, "--replace", SEED / "node1.conf")
    assert "[Instance]" in path.read_text()
    path.unlink()
    path.symlink_to("/nonexistent")
    ctl("import", "-o", tmp_path, SEED / "node1.conf", status=1)
    assert path.is_symlink()


def test_import_writes_all_or_nothing(tmp_path):
    text = (SEED / "node1.conf").read_text()
    both = tmp_path / "both.conf"
    both.write_text(text.replace("failover_test", "one") + text.replace("failover_test", "two").replace("_id 10", "_id 11"))
    output = tmp_path / "out"
    output.mkdir()
    (output / "two.conf").write_text("mine")
    ctl("import", "-o", output, both, status=1)
    assert os.listdir(output) == ["two.conf"]
    out, _ = ctl("import", "-o", output, "--replace", both)
    assert sorted(os.listdir(output)) == ["one.conf", "two.conf"]
    assert "2 instances were imported." in out


def election(tmp_path):
    """A file whose import can change who is master."""
    path = tmp_path / "delayed.conf"
    path.write_text("global_defs {\n    vrrp_delay_after_boot 10\n}\n" + (SEED / "node1.conf").read_text())
    return path


def test_import_refuses_what_changes_the_election(tmp_path):
    path = election(tmp_path)
    output = tmp_path / "out"
    output.mkdir()
    out, err = ctl("import", "-o", output, path, status=1)
    assert out == "" and os.listdir(output) == []
    assert lines_with(err, rf"^{path}:2: election: vrrp_delay_after_boot")
    assert "1 of these can change who is master, so nothing was written." in err and "--accept-changes" in err
    out, err = ctl("import", "-n", path, status=1)
    assert "[Instance]" in out and lines_with(err, "election")
    out, err = ctl("import", "-o", output, "--accept-changes", path)
    assert os.listdir(output) == ["failover_test.conf"] and lines_with(err, "election")


def test_import_needs_a_directory(tmp_path):
    _, err = ctl("import", "-o", tmp_path / "none", SEED / "node1.conf", status=1)
    assert err.endswith(f"Failed to write to {tmp_path}/none: it is not a directory.\n")


@pytest.mark.parametrize("text, complaint", [
    ("vrrp_instance a {\n", r":\d+: "),
    ("", "There is no instance to import"),
    ("global_defs {\n}\n", "There is no instance to import"),
])
def test_import_of_broken_files(tmp_path, text, complaint):
    path = tmp_path / "keepalived.conf"
    path.write_text(text)
    out, err = ctl("import", "-n", path, status=1)
    assert out == "" and re.search(complaint, err), err


def test_import_of_what_is_not_there(tmp_path):
    _, err = ctl("import", "-n", tmp_path / "missing", status=1)
    assert f"{tmp_path}/missing" in err and "No such file" in err


def test_import_json(tmp_path):
    out, err = ctl("import", "--json=short", "-o", tmp_path, SEED / "node1.conf")
    result = json.loads(out)
    assert err == "" and "1111" not in out
    assert result["Instances"] == [{"Name": "failover_test", "OriginalName": "failover_test", "Written": True,
                                    "File": f"{tmp_path}/failover_test.conf"}]
    assert [(m["Line"], m["Severity"]) for m in result["Messages"]] == [(3, "note")]
    result = json.loads(ctl("import", "--json=pretty", "-n", SEED / "node1.conf")[0])
    assert result["Instances"][0]["Written"] is False


def test_import_is_quiet_when_told(tmp_path):
    out, err = ctl("import", "-q", "-o", tmp_path, SEED / "node2.conf")
    assert (out, err) == ("", "")
