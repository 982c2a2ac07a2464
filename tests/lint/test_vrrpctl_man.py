# SPDX-License-Identifier: LGPL-2.1-or-later
"""vrrpctl --help and vrrpctl(1) name the same verbs and options, and the examples use no other."""
import os
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
VRRPCTL = pathlib.Path(os.environ.get("VRRPD_BUILD", ROOT / "build"), "src/ctl/vrrpctl")
PAGE = (ROOT / "man/vrrpctl.1.rst").read_text()


def section(text, title, underline):
    """What stands below a title of the page, up to the next one of its kind."""
    start = text.index(f"\n{title}\n{underline * len(title)}\n")
    rest = text[start + len(title) + 1:]
    end = re.search(rf"\n\S.*\n{re.escape(underline)}{{3,}}\n", rest[len(title) + 1:])
    return rest[:end.start() + len(title) + 1] if end else rest


def help_lines():
    text = subprocess.run([VRRPCTL, "--help"], capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines() if line.startswith("  ")]


def entries(text):
    """The terms of a definition list: lines at the margin with an indented one below."""
    return re.findall(r"^(\S.*)\n(?= +\S)", text, re.M)


def plain(term):
    return term.replace("*", "").replace("\\ ", "").replace("\\", "")


def help_terms(start):
    """The first column of the lines that begin so."""
    return [re.split(r"  +", line.strip())[0] for line in help_lines() if line.strip().startswith(start)]


def help_verbs():
    return {term for term in help_terms("") if not term.startswith("-")}


def help_options():
    return {form for term in help_terms("-") for form in term.split(", ")}


def page_options():
    text = section(PAGE, "OPTIONS", "=")
    return {re.sub(r"^(-\w) \S+$", r"\1", form) for term in entries(text) if term.startswith("-")
            for form in plain(term).split(", ")}


def test_verbs():
    assert {plain(term) for term in entries(section(PAGE, "VERBS", "="))} == help_verbs()


def test_options():
    assert page_options() == help_options()


def own_words(command):
    """The words of an example that are vrrpctl's: not those of a pipe behind it, or of the command that it runs."""
    words = shlex.split(command)
    for end in ("|", "||", "&&", ">", "--"):
        if end in words:
            words = words[:words.index(end)]
    return words


def test_examples_use_what_exists():
    verbs = {verb.split()[0] for verb in help_verbs()}
    options = {option.split("=")[0] for option in help_options()}
    commands = re.findall(r"^ +[#$] vrrpctl(.*)$", section(PAGE, "EXAMPLES", "="), re.M)
    assert len(commands) > 5
    for command in commands:
        words = own_words(command)
        for place in ("-H", "-M"):
            if place in words:
                del words[words.index(place) + 1]
        named = [word for word in words if not word.startswith("-")]
        assert not named or named[0] in verbs, command
        for word in words:
            assert not word.startswith("-") or word.split("=")[0] in options, command


def test_every_verb_has_an_example_or_needs_none():
    used = {own_words(command)[0] for command in re.findall(r"^ +[#$] vrrpctl (.*)$", PAGE, re.M)}
    assert {"add", "set", "show", "hold", "wait", "is-master", "metrics", "failover", "import", "monitor"} <= used
