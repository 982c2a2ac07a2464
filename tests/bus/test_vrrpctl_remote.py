# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl -H over a real ssh, and -M into a container. The ssh server and all of its files are the test's own."""
import json
import os
import pwd
import shutil
import subprocess
import tempfile

import pytest

from conftest import wait_master
from ctl import Terminal
from lab import run, wait_for
from nodes import Bus, binary
from private_bus import SOCKET, as_user

PORT = 2222
SSHD_CONFIG = """Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host
AuthorizedKeysFile {directory}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
"""
SSH_CONFIG = """IdentityFile {directory}/user
IdentitiesOnly yes
UserKnownHostsFile {directory}/known
GlobalKnownHostsFile /dev/null
BatchMode yes
LogLevel ERROR
"""


@pytest.fixture(scope="module", name="ssh")
def fixture_ssh(daemon):
    """An ssh server for this private system, and the environment in which `ssh` is a client that knows it."""
    if not os.path.exists("/usr/sbin/sshd"):
        pytest.skip("openssh-server is not installed")
    directory = tempfile.mkdtemp(prefix="vrrpd-ssh-")
    os.chmod(directory, 0o755)
    for name in ("host", "user"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{directory}/{name}"])
    with open(f"{directory}/host.pub", encoding="ascii") as key, open(f"{directory}/known", "w", encoding="ascii") as known:
        known.write(f"[127.0.0.1]:{PORT} {key.read()}")
    for name, text in (("sshd_config", SSHD_CONFIG), ("ssh_config", SSH_CONFIG)):
        with open(f"{directory}/{name}", "w", encoding="ascii") as file:
            file.write(text.format(directory=directory, port=PORT))
    with open(f"{directory}/ssh", "w", encoding="ascii") as wrapper:
        wrapper.write(f"#!/bin/sh\nexec /usr/bin/ssh -F {directory}/ssh_config \"$@\"\n")
    os.chmod(f"{directory}/ssh", 0o755)
    os.makedirs("/run/sshd", exist_ok=True)
    server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", f"{directory}/sshd_config", "-E", f"{directory}/log"])
    environment = {"PATH": f"{directory}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TERM": "xterm", "TZ": "UTC",
                   "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    wait_for(lambda: ctl(environment, *to("root"), "list", status=None)[0], 20, lambda: open(f"{directory}/log").read())
    yield environment
    server.kill()
    server.wait()
    shutil.rmtree(directory)


def to(user):
    return ("-H", f"{user}@127.0.0.1:{PORT}")


def ctl(environment, *arguments, status=0):
    """With status None every exit status is fine."""
    done = subprocess.run([binary("vrrpctl"), *arguments], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env=environment)
    assert status is None or done.returncode == status, f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def test_another_host(system, ssh):
    out, err = ctl(ssh, *to("root"), "list", "--no-legend")
    assert [line.split()[0] for line in out.splitlines()] == ["failover_test", "keyed", "other"] and err == ""
    assert "State: master" in ctl(ssh, *to("bob"), "status", "other")[0]
    assert ctl(ssh, *to("root"), "is-master", "other") == ("", "")
    assert ctl(ssh, *to("root"), "wait", "other", "master", "--timeout=20s") == ("", "")
    assert json.loads(ctl(ssh, *to("root"), "show", "keyed", "-j")[0])["AuthenticationType"] == "ah"


def test_rights_are_those_over_there(system, ssh):
    """root here, bob there."""
    assert pwd.getpwuid(os.getuid()).pw_name == "root"
    _, err = ctl(ssh, *to("bob"), "set-priority", "other", "17", status=1)
    assert err.startswith("Failed to set the priority of other: ") and "org.vrrpd1.operate" in err
    assert ctl(ssh, *to("root"), "set-priority", "other", "110")[0] == "other has priority 110 until vrrpd restarts.\n"
    ctl(ssh, *to("root"), "set-priority", "other", "0")
    wait_master(system, "other")


def test_no_agent_for_another_host(ssh):
    """On a terminal too: it would speak for a process here, and polkit is over there."""
    directory = ssh["PATH"].split(":")[0]
    program = shutil.copy(binary("vrrpctl"), directory)
    shutil.chown(f"{directory}/user", "bob")
    with open(f"{directory}/pkttyagent", "w", encoding="ascii") as agent:
        agent.write("#!/bin/sh\necho an agent was started\n")
    os.chmod(f"{directory}/pkttyagent", 0o755)
    screen = Terminal(as_user("bob", [program, *to("bob"), "announce", "other"]), ssh, status=1)
    text = screen.finish()
    assert "an agent was started" not in text and "org.vrrpd1.operate" in text


def test_a_host_that_refuses(ssh):
    out, err = ctl(ssh, *to("nobody-of-that-name"), "list", status=1)
    assert out == "" and "Permission denied" in err
    assert f"the system bus of host nobody-of-that-name@127.0.0.1:{PORT} does not answer: " in err


@pytest.fixture(name="machine")
def fixture_machine(tmp_path):
    """What a running container is to sd-bus: a process in namespaces of its own whose system bus is another one."""
    bus = Bus(str(tmp_path))
    bus.start()
    script = f"mount --bind {bus.path} {SOCKET}; echo ready; exec sleep infinity"
    leader = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script], stdout=subprocess.PIPE,
                              text=True)
    assert leader.stdout.readline() == "ready\n"
    os.makedirs("/run/systemd/machines", exist_ok=True)
    with open("/run/systemd/machines/box", "w", encoding="ascii") as file:
        file.write(f"NAME=box\nCLASS=container\nLEADER={leader.pid}\n")
    yield bus
    os.unlink("/run/systemd/machines/box")
    leader.kill()
    leader.communicate()
    bus.stop()


def test_a_machine(daemon, machine):
    """The bus in there is asked, where no daemon runs, and not the one out here."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    assert "failover_test" in ctl(environment, "list")[0]
    out, err = ctl(environment, "-M", "box", "list", status=1)
    assert out == "" and err.startswith("Failed to list the instances: vrrpd is not running\n")
    out, err = ctl(environment, "--machine=box2", "list", status=1)
    assert out == "" and "the system bus of machine box2 does not answer: " in err
