# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the tree to its own rules. VRRPD_BUILD names the build folder for the checks of what was built."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import checks

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("VRRPD_BUILD", ROOT / "build"))
SKIP_FOLDERS = re.compile(r"\.git|build.*|__pycache__|\.pytest_cache|corpus|pcaps")
SOURCE = (".c", ".h")
# Declared for the API, but nothing in this version leads to them.
WORDS_WITHOUT_A_CAUSE = {"resumed", "address-lost", "tracking", "sync-group"}


def walk():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if not SKIP_FOLDERS.fullmatch(f))
        for name in sorted(set(files) - {".git"}):  # a file in a second working tree
            yield pathlib.Path(folder, name).relative_to(ROOT).as_posix()


def read_tree():
    """path -> text of every text file."""
    tree = {}
    for path in walk():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            tree[path] = data.decode()
    return tree


TREE = read_tree()


def is_script(path):
    return TREE[path].startswith("#!")


def chosen(*suffixes, under=""):
    return [path for path in TREE if path.endswith(suffixes) and path.startswith(under)]


def no_complaints(complaints):
    complaints = list(complaints)
    assert not complaints, "\n" + "\n".join(complaints)


def over(paths, check):
    assert paths, "nothing to check: the tree has moved"
    no_complaints(c for path in paths for c in check(path, TREE[path]))


def run(*argv, **options):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def archive(layer, name):
    options = run("meson", "introspect", "--buildoptions", BUILD).stdout
    if re.search(r'"b_sanitize", "value": "(?!none)', options):
        pytest.skip("a build with sanitizers calls their library from everywhere")
    return checks.undefined_symbols(run("nm", BUILD / "src" / layer / f"lib{name}.a", check=True).stdout)


def test_includes():
    over(chosen(*SOURCE, under="src/"),
         lambda path, text: checks.includes(path, text, lambda name: (ROOT / "src" / name).is_file()))


def test_core_calls_nothing():
    symbols = archive("core", "vrrp-core")
    assert symbols, "nm found nothing"
    no_complaints(checks.core_symbols(symbols))


@pytest.mark.parametrize("layer", ["exchange", "engine", "netlink"])
def test_threads_without_glib(layer):
    symbols = archive(layer, f"vrrp-{layer}")
    assert symbols, "nm found nothing"
    no_complaints(checks.glib_symbols(layer, symbols))


def test_file_lengths():
    over(chosen(*SOURCE, ".py", ".sh") + [p for p in TREE if is_script(p)], checks.file_length)


def test_function_lengths():
    over(chosen(*SOURCE, ".py"), checks.function_lengths)


@pytest.mark.parametrize("tree", ["src/", "tests/"])
def test_function_median(tree):
    lengths = [lines for path in chosen(".c", under=tree) for _, _, lines in checks.functions(path, TREE[path])]
    median = checks.median(lengths)
    print(f"{tree}: {len(lengths)} functions, median {median} lines, longest {max(lengths)}")
    assert median < checks.FUNCTION_MEDIAN_MAX, f"{tree}: the median function has {median} lines"


def test_spdx():
    over(chosen(*SOURCE, ".py", ".sh", ".service.in", ".rules", under="")
         + [p for p in TREE if is_script(p)], checks.spdx)


def test_essays():
    over(chosen(".c"), checks.essay)


def test_words():
    over([p for p in TREE if p != "LICENSE"], checks.words)


def test_whitespace():
    over([p for p in TREE if p != "LICENSE"], checks.whitespace)


def test_python_parses():
    for path in chosen(".py"):
        compile(TREE[path], path, "exec")


def test_shell_parses():
    shells = {path: re.match(r"#!\S*?(?:/env )?(\w*sh)\b", TREE[path]) for path in TREE}
    found = [(path, match[1]) for path, match in shells.items() if match]
    assert found
    no_complaints(r.stdout for r in (run(shell, "-n", ROOT / path) for path, shell in found) if r.returncode)


def test_clang_format():
    program = shutil.which("clang-format-14") or "clang-format"
    need(program)
    version = run(program, "--version").stdout
    if not re.search(r"version 14\.", version):
        pytest.skip(f"the style is pinned to clang-format 14, this is: {version.strip()}")
    result = run(program, "--dry-run", "-Werror", *chosen(*SOURCE), cwd=ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("page", sorted(chosen(".rst", under="man/")))
def test_man_page(page):
    need("rst2man")
    result = run("rst2man", "--strict", ROOT / page, "/dev/null")
    assert result.returncode == 0 and not result.stdout, result.stdout


def test_man_pages_are_built():
    listed = set(re.findall(r"'([\w.]+\.\d)'", TREE["man/meson.build"]))
    assert listed == {pathlib.Path(page).name.removesuffix(".rst") for page in chosen(".rst", under="man/")}


@pytest.mark.parametrize("table, form", [("VRRP_REJECTS", r"^(?:.*, )?{}(?:, .*)?$"), ("VRRP_FAULTS", r"^{}$"),
                                         ("VRRP_REASONS", r"\*{}\*")])
def test_manual_knows_every_word(table, form):
    """Whoever meets a word in the log at night finds it in vrrpd(8)."""
    text = re.search(rf"#define {table}\(X\)((?:.*\\\n)*.*\n)", TREE["src/core/vrrp-types.h"])[1]
    words = set(re.findall(r'X\(\w+,[^"]*"([a-z-]+)"', text)) - {"none"} - WORDS_WITHOUT_A_CAUSE
    assert words
    no_complaints(f"man/vrrpd.8.rst does not explain {word} ({table})" for word in sorted(words)
                  if not re.search(form.format(word), TREE["man/vrrpd.8.rst"], re.MULTILINE))


def test_journal():
    """The ids and fields of the messages: the code, the catalog and the manual have the same."""
    header = TREE["src/core/vrrp-journal.h"]
    assert len(checks.journal_names(header)) > 20 and len(checks.journal_names(header, "FIELD_")) > 10
    sources = {path: TREE[path] for path in chosen(".c", under="src/daemon/") + chosen(".c", under="src/bus/")}
    no_complaints([*checks.journal_header(header), *checks.journal_use(header, sources),
                   *checks.journal_catalog(header, TREE["data/vrrpd.catalog"]),
                   *checks.journal_manual(header, TREE["man/vrrpd.8.rst"])])


def test_catalog_is_read(tmp_path):
    """journalctl itself compiles the catalog and shows each entry."""
    need("journalctl")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    (folder / "vrrpd.catalog").write_text(TREE["data/vrrpd.catalog"])
    result = run("journalctl", f"--root={tmp_path}", "--update-catalog")
    assert result.returncode == 0 and not result.stdout, result.stdout
    # What was compiled: --dump-catalog does not look below a root.
    compiled = (tmp_path / "var/lib/systemd/catalog/database").read_bytes()
    for name, head, text in checks.catalog_entries(TREE["data/vrrpd.catalog"]):
        assert bytes.fromhex(name) in compiled, f"{name} is not in what journalctl made"
        assert f"Subject: {head['Subject']}".encode() in compiled and text.encode() in compiled


def configured(path):
    """The text of a template as the default build makes it."""
    return TREE[path].replace("@USER@", "vrrpd").replace("@user@", "vrrpd")


def test_introspection_xml():
    paths = chosen(".xml", under="dbus/")
    assert paths, "nothing to check: the tree has moved"
    for path in paths:
        root, complaints = checks.xml_document(path, TREE[path])
        no_complaints(complaints or checks.introspection(path, root))


@pytest.mark.parametrize("path", sorted(chosen(".xml", under="dbus/")))
def test_introspection_is_understood(path, tmp_path):
    """By the program that makes code of it for others."""
    need("gdbus-codegen")
    result = run("gdbus-codegen", "--interface-info-body", "--output", tmp_path / "body.c", ROOT / path)
    assert result.returncode == 0, result.stdout
    assert pathlib.Path(path).stem in (tmp_path / "body.c").read_text()


def test_bus_policy():
    paths = chosen(".conf", ".conf.in", under="dbus/")
    assert paths, "nothing to check: the tree has moved"
    for path in paths:
        root, complaints = checks.xml_document(path, configured(path))
        no_complaints(complaints or checks.bus_policy(path, root))


def test_polkit_policy():
    paths = chosen(".policy", ".policy.in", under="polkit/")
    assert paths, "nothing to check: the tree has moved"
    for path in paths:
        root, complaints = checks.xml_document(path, configured(path))
        no_complaints(complaints or checks.polkit_policy(path, root, "vrrpd"))


@pytest.fixture
def unit(tmp_path):
    """The unit file with the programs of the build folder in the place of the installed ones."""
    need("systemd-analyze")
    text = (BUILD / "data" / "vrrpd.service").read_text()
    for program in (BUILD / "src/daemon/vrrpd", BUILD / "src/ctl/vrrpctl"):
        assert program.exists(), f"{program} is not built"
        text = re.sub(rf"(?<=[=+])/\S+/{program.name}\b", str(program), text)
    path = tmp_path / "vrrpd.service"
    path.write_text(text)
    return path


def test_unit_is_valid(unit):
    result = run("systemd-analyze", "verify", "--man=no", unit)
    assert result.returncode == 0 and not result.stdout, result.stdout


def test_unit_exposure(unit):
    result = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=25", unit)
    print(result.stdout.strip().splitlines()[-1])
    assert result.returncode == 0, result.stdout


def test_example_is_accepted():
    result = run(BUILD / "src/ctl/vrrpctl", "check", ROOT / "data/example.conf")
    assert result.returncode == 0, result.stdout


def test_documented_settings_are_accepted(tmp_path):
    samples = [s for path in chosen(".md") for s in re.findall(r"```ini\n(.*?)```", TREE[path], re.DOTALL)]
    assert samples, "nothing to check: the documents have moved"
    pages = [re.sub(r"^    ", "", s, flags=re.M) for path in chosen(".rst", under="man/")
             for s in re.findall(r"^    \[Instance\]\n(?:    .*\n|\n)*", TREE[path], re.M)]
    assert pages, "nothing to check: the manual has moved"
    samples += pages
    for number, text in enumerate(samples):
        path = tmp_path / f"sample{number}.conf"
        path.write_text(text)
        path.chmod(0o640)
        result = run(BUILD / "src/ctl/vrrpctl", "check", path)
        assert result.returncode == 0, f"{text}\n{result.stdout}"
