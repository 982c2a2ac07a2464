# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completions for bash and zsh offer what vrrpctl --help and the settings' schema have, and nothing else.

They are run as the shells run them. VRRPD_BUILD names the build folder."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))
from ctl import Terminal  # noqa: E402
from lab import wait_for  # noqa: E402

BUILD = pathlib.Path(os.environ.get("VRRPD_BUILD", ROOT / "build"))
VRRPCTL = BUILD / "src/ctl/vrrpctl"
FOLDER = ROOT / "data/completions"
NAMES = ["failover_test", "lan-v4", "lan-v6"]
NO_BUS = "unix:path=/nonexistent/bus"


def run(*argv, **options):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, text=True, check=True, timeout=30, **options).stdout


HELP = run(VRRPCTL, "--help")
SETTINGS = {line.split()[0]: set(line.split()[1:]) for line in run(BUILD / "tests/lint/schema-words").splitlines()}


def help_verbs():
    return re.findall(r"^  (\w[\w-]*)", HELP.split("Verbs:")[1].split("\n\n")[0], re.M)


def help_options(verb):
    """Long forms with their = where they take an argument, and short ones."""
    options = set()
    for title, text in re.findall(r"^Options(.*):\n((?:  .*\n)+)", HELP, re.M):
        if not title or verb in re.findall(r"[\w-]+", title.removeprefix(" of ").replace(" and ", " ")):
            for short, long in re.findall(r"^  (?:  |(-\w))(?:, )?(?:  )?(--[\w-]+=?)?", text, re.M):
                options |= {short, long} - {""}
    return options


@pytest.fixture(scope="module", name="path")
def fixture_path(tmp_path_factory):
    """PATH with a vrrpctl that has three instances where there is a bus, and is the real one where there is none."""
    folder = tmp_path_factory.mktemp("bin")
    rows = "".join(f"{name} master 100 eno1 10 ipv4 - startup now\\n" for name in NAMES)
    (folder / "vrrpctl").write_text(f"""#!/bin/sh
echo "$*" >>{folder}/calls
[ "$DBUS_SYSTEM_BUS_ADDRESS" ] && exec {VRRPCTL} "$@"
[ "$*" = "--no-pager --no-legend --json=off --timeout=2s list" ] || exit 1
printf '{rows}'
""")
    (folder / "vrrpctl").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


class Bash:
    """Calls the completion as bash does for a line with the cursor at its end; = is a word of its own, as by default."""

    SCRIPT = """compopt() { options+=" $*"; }
source "$1"
shift
COMP_WORDBREAKS=$1
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_vrrpctl
printf '%s\\n' "${COMPREPLY[@]}"
"""

    def __init__(self, path):
        self.environment = {"PATH": path}

    def complete(self, line, breaks=" =:", **variables):
        words = [word for part in line.split(" ") for word in (re.split("(=)", part) if "=" in breaks else [part])]
        words = [word for i, word in enumerate(words) if word or i == len(words) - 1]
        if words[-2:] == ["=", ""]:
            words.pop()  # the cursor is right behind it
        text = run("bash", "--norc", "-c", self.SCRIPT, "bash", FOLDER / "vrrpctl", breaks, *words,
                   env=dict(self.environment, **variables))
        return set(text.split("\n")) - {""}

    def offers(self, line, **variables):
        """Settings and options without their =, as zsh has them."""
        return {word.rstrip("=") for word in self.complete(line, **variables)}

    def close(self):
        pass


class Zsh:
    """An interactive zsh on a terminal; every word that is offered is written to a file."""

    SETUP = r"""PS1='ready> '
fpath=({folder} $fpath)
autoload -U compinit && compinit -u -D
compadd() {{
    local -a hits
    if [[ " ${{(j: :)@[1,(i)(-|--)]}} " != *' -'(O|A|D)' '* ]]; then
        builtin compadd -O hits "$@"
        print -rl -- $hits >>{log}
    fi
    builtin compadd "$@"
}}
capture() {{
    _main_complete
    compstate[insert]='' compstate[list]=''
    print -r -- END >>{log}
}}
zle -C capture complete-word capture
bindkey '^I' capture
"""

    def __init__(self, path, folder):
        self.log = folder / "log"
        (folder / ".zshrc").write_text(self.SETUP.format(folder=FOLDER, log=self.log))
        self.environment = {"PATH": path, "TERM": "dumb", "ZDOTDIR": str(folder), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        self.terminals = {}

    def terminal(self, variables):
        key = tuple(sorted(variables.items()))
        if key not in self.terminals:
            self.terminals[key] = Terminal(["zsh", "-f", "-i"], dict(self.environment, **variables), status=None)
            os.write(self.terminals[key].master, b"source $ZDOTDIR/.zshrc\n")
            self.terminals[key].wait_text("ready> ")
        return self.terminals[key]

    def offers(self, line, **variables):
        screen = self.terminal(variables)
        self.log.write_text("")
        os.write(screen.master, line.encode() + b"\t")
        wait_for(lambda: self.log.read_text().endswith("END\n"), 20, lambda: f"{line}: {screen.text}")
        os.write(screen.master, b"\x15")  # forget the line
        return {word.rstrip("=") for word in self.log.read_text().splitlines()} - {"", "END"}

    def close(self):
        for screen in self.terminals.values():
            screen.process.kill()
            screen.process.wait()


@pytest.fixture(scope="module", name="shell", params=["bash", "zsh"])
def fixture_shell(request, path, tmp_path_factory):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    shell = Bash(path) if request.param == "bash" else Zsh(path, tmp_path_factory.mktemp("zsh"))
    yield shell
    shell.close()


def test_verbs(shell):
    assert shell.offers("vrrpctl ") == set(help_verbs())
    assert shell.offers("vrrpctl sta") == {"status", "statistics"}
    assert shell.offers("vrrpctl --no-legend -q is") == {"is-master"}


@pytest.mark.parametrize("verb", help_verbs())
def test_options(shell, verb):
    expected = {option.rstrip("=") for option in help_options(verb)}
    offered = shell.offers(f"vrrpctl {verb} -")
    if isinstance(shell, Zsh) and verb == "hold":
        assert offered >= expected - {"-h", "--help", "--version"}
    else:
        assert offered == expected


def test_which_options_take_an_argument(path):
    """zsh's own _arguments sees to it there."""
    for verb in help_verbs():
        assert Bash(path).complete(f"vrrpctl {verb} -") == help_options(verb)


def test_settings(shell):
    for verb in ("add", "set"):
        assert shell.offers(f"vrrpctl {verb} lan-v4 ") == set(SETTINGS)
    assert shell.offers("vrrpctl set lan-v4 Priority=7 P") == {"Preempt", "PreemptDelay"}


@pytest.mark.parametrize("key", sorted(SETTINGS))
def test_values(shell, key):
    offered = shell.offers(f"vrrpctl set lan-v4 {key}=")
    assert offered == (set(os.listdir("/sys/class/net")) if key == "Interface" else SETTINGS[key])


def test_values_that_have_begun(shell):
    assert shell.offers("vrrpctl add new Checksum=p") == {"pseudo-header"}
    assert shell.offers("vrrpctl list --json=p") == {"pretty"}
    assert shell.offers("vrrpctl list --json=") == {"pretty", "short", "off"}


def test_values_where_equals_is_no_break(path):
    assert Bash(path).complete("vrrpctl add new Checksum=p", breaks=" :") == {"Checksum=pseudo-header"}
    assert Bash(path).complete("vrrpctl list --json=o", breaks=" :") == {"--json=off"}


INSTANCE_VERBS = ["list", "status", "show", "monitor", "wait", "is-master", "statistics", "set", "remove", "enable", "disable",
                  "failover", "hold", "set-priority", "announce"]


@pytest.mark.parametrize("verb", INSTANCE_VERBS)
def test_instances(shell, verb):
    assert shell.offers(f"vrrpctl {verb} ") == set(NAMES)
    assert shell.offers(f"vrrpctl {verb} lan-") == {"lan-v4", "lan-v6"}


def nothing(shell, line):
    """zsh offers options where there is nothing else."""
    return not {word for word in shell.offers(line) if not word.startswith("-")}


def test_several_instances(shell):
    assert shell.offers("vrrpctl enable failover_test lan-v6 ") >= {"lan-v4"}
    assert shell.offers("vrrpctl show -p State lan-v") == {"lan-v4", "lan-v6"}
    assert nothing(shell, "vrrpctl add ") and nothing(shell, "vrrpctl failover lan-v4 ")


@pytest.mark.parametrize("option", ["-H other", "--host=other", "-M box", "--machine=box"])
def test_another_host_is_not_asked(shell, path, option):
    calls = pathlib.Path(path.split(":")[0], "calls")
    calls.write_text("")
    assert not shell.offers(f"vrrpctl {option} show ")
    assert calls.read_text() == ""


def test_silence_where_there_is_no_daemon(shell):
    assert not shell.offers("vrrpctl show ", DBUS_SYSTEM_BUS_ADDRESS=NO_BUS)


def test_other_arguments(shell):
    assert shell.offers("vrrpctl wait lan-v4 ") == {"initialize", "backup", "master"}
    assert nothing(shell, "vrrpctl metrics ") and nothing(shell, "vrrpctl reload ")
    assert "systemctl" in shell.offers("vrrpctl hold lan-v4 -- systemct")


@pytest.mark.parametrize("verb", ["check", "import"])
def test_files(shell, verb):
    found = shell.offers(f"vrrpctl {verb} {ROOT}/READ")
    assert {word.split("/")[-1] for word in found} == {"README.md"}


def test_in_a_real_bash(path):
    """With readline, so that what is inserted is seen too."""
    screen = Terminal(["bash", "--norc", "-i"], {"PATH": path, "TERM": "dumb", "PS1": "ready> ", "HOME": "/"}, status=None)
    try:
        screen.wait_text("ready> ")
        os.write(screen.master, f"source {FOLDER}/vrrpctl; vrrpctl() {{ command vrrpctl \"$@\"; echo \"[$*]\"; }}\n".encode())
        screen.wait_text("ready> ", start=screen.text.rindex("ready> ") + 1)
        os.write(screen.master, b"vrrpctl --j\tp\tis-m\tlan-v4\n")
        screen.wait_text("[--json=pretty is-master lan-v4]")
        os.write(screen.master, b"vrrpctl set fail\tAcc\tn\tChe\tps\t\n")
        screen.wait_text("[set failover_test AcceptMode=no Checksum=pseudo-header]")
    finally:
        screen.process.kill()
        screen.process.wait()
