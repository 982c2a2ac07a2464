# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of a manual page and what it says they print.

An example is a literal block after the comment `.. example: NAME`; what it prints, after `.. output: NAME`, which one line of
text may follow. NAME ends in .sh, .py, .c or .rules. In an output a line [...] stands for any number of lines, and every number, blank and time stamp for any
other: what is compared is the shape and the words."""
import re

ANY = "[...]"


def blocks(page, kind):
    """{NAME: text} of all blocks of a kind in the text of a page, in their order."""
    found = {}
    pattern = rf"^\.\. {kind}: (\S+)\n\n.*::\n\n((?:    .*\n|\n)+)"
    for name, text in re.findall(pattern, page, re.M):
        assert name not in found, f"the {kind} {name} is there twice"
        found[name] = "".join(line[4:] if line.strip() else "\n" for line in text.splitlines(True)).strip("\n") + "\n"
    assert len(found) == len(re.findall(rf"^\.\. {kind}:", page, re.M)), f"a block of kind {kind} is not in the form"
    return found


def shape(line):
    """A line without what differs from run to run."""
    line = re.sub(r'"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [^"]*"', '"TIME"', line)
    line = re.sub(r":\d+\.\d+", ":N", line)     # unique names
    line = re.sub(r"(?<![\w.])\d+(?![\w./]|:\d)", "N", line)
    return " ".join(line.split())


def fits(expected, actual):
    """Does the output have the shape that the page shows?"""
    wanted, lines = [shape(line) for line in expected.splitlines()], [shape(line) for line in actual.splitlines()]
    return _fits(wanted, lines)


def _fits(wanted, lines):
    # Between two [...] the first place that fits is as good as any.
    groups, current = [], []
    for line in wanted:
        if line == ANY:
            groups.append(current)
            current = []
        else:
            current.append(line)
    if not groups:
        return lines == current
    first, middle, last = groups[0], groups[1:], current
    if lines[:len(first)] != first:
        return False
    lines = lines[len(first):]
    for group in middle:
        place = next((i for i in range(len(lines) - len(group) + 1) if lines[i:i + len(group)] == group), None)
        if place is None:
            return False
        lines = lines[place + len(group):]
    return len(lines) >= len(last) and lines[len(lines) - len(last):] == last
