# SPDX-License-Identifier: Apache-2.0
"""Help, version, the parser, the manual and the completions: all come from one table and must agree."""
import importlib.util
import os
import re
import shutil
import subprocess

import pytest
from conftest import HASHSCAN, ROOT, picture, run, write

COMMANDS = ("hash", "index build", "index add", "index remove", "index update", "index compact", "index info",
            "index verify", "query", "scan", "selftest")
MANUAL = os.path.join(ROOT, "core", "doc", "hashscan.1")


def flags(text):
    return set(re.findall(r"(?<![\w-])--([a-z0-9][a-z0-9-]*)", text))


def help_of(command):
    result = run(*command.split(), "--help")
    assert (result.code, result.err) == (0, b"")
    return result.text


def read_manual():
    with open(MANUAL, encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_three_ways_and_one_text(command):
    text = help_of(command)
    assert f"Usage: hashscan {command} " in text
    assert run(*command.split(), "-h").text == text
    assert run("help", *command.split()).text == text
    assert max(map(len, text.splitlines())) <= 110


def test_overview_names_every_command():
    text = run("--help").text
    assert run("-h").text == run("help").text == text
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", text, re.MULTILINE)


def test_version():
    with open(os.path.join(ROOT, "core", "include", "hashscan.h"), encoding="utf-8") as file:
        numbers = re.findall(r"define HASHSCAN_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", file.read())
    assert re.fullmatch(rf"hashscan {'.'.join(numbers)} \((scalar|avx2|avx512|neon)\)\n", run("--version").text)
    assert run("-V").out == run("--version").out


def test_forced_cpu_tier(tmp_path):
    image = write(tmp_path / "a.png", picture(1))
    assert "(scalar)" in run("--version", env={"HASHSCAN_CPU": "scalar"}).text
    assert run("hash", image, env={"HASHSCAN_CPU": "scalar"}).out == run("hash", image).out
    result = run("hash", image, env={"HASHSCAN_CPU": "fast"})
    assert (result.code, result.out, len(result.errors)) == (2, b"", 1) and "HASHSCAN_CPU" in result.errors[0]


@pytest.mark.parametrize("arguments", [
    (), ("frobnicate",), ("--frobnicate",), ("index", "frobnicate"), ("help", "x"), ("completions", "tcsh"),
    ("scan", "--index"), ("hash", "--frobnicate", "x"), ("hash", "-x", "x"), ("hash", "--dihedral=yes", "x"),
    ("hash", "--max-pixels", "1e6", "x"), ("hash", "--max-pixels", "0", "x"), ("hash", "--max-pixels", "-1", "x"),
    ("hash", "--max-pixels", "18446744073709551616", "x"), ("hash", "--max-memory", "9999999999999999", "x"),
    ("hash", "--timeout", "inf", "x"), ("hash", "--format", "", "x"), ("hash", "--format", "js", "x"),
    ("hash", "--level", "quick", "x")])
def test_wrong_usage_is_one_line_and_status_2(arguments):
    result = run(*arguments)
    assert (result.code, result.out, len(result.errors)) == (2, b"", 1)
    assert result.errors[0].startswith("hashscan: ")


def test_ways_to_write_an_option(tmp_path):
    write(tmp_path / "a.png", picture(1))
    write(tmp_path / "--help", picture(1))
    expected = run("hash", "--format", "hex", "a.png", cwd=tmp_path).out
    assert run("hash", "a.png", "--format=hex", cwd=tmp_path).out == expected
    assert run("hash", "--format", "csv", "--format", "hex", "a.png", cwd=tmp_path).out == expected
    dashes = run("hash", "--format", "hex", "--", "--help", cwd=tmp_path)
    assert dashes.text.endswith("  --help\n") and dashes.code == 0


def test_letters_join_their_values(tmp_path):
    source = write(tmp_path / "a.txt", b"0" * 64 + b"\n")
    for spelling in (("-o", "i1"), ("-oi2",), ("-voi3",), ("--output=i4",)):
        assert run("index", "build", *spelling, source, cwd=tmp_path).code == 0
        assert run("index", "verify", spelling[-1][-2:], cwd=tmp_path).code == 0


def test_control_characters_do_not_reach_the_terminal(tmp_path):
    result = run("hash", "--format", "hex", "no\x1b[31m\nfile")
    assert len(result.errors) == 1 and "\x1b" not in result.errors[0]


# ---- Manual ----------------------------------------------------------------------------------------------------------

def test_the_manual_has_the_options_of_the_program():
    spec = importlib.util.spec_from_file_location("refresh_man", os.path.join(ROOT, "core", "doc", "refresh_man.py"))
    refresh_man = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(refresh_man)
    generated = run("man-options").text
    manual = read_manual()
    assert [block.group(1) for block in refresh_man.BLOCK.finditer(manual)] == list(COMMANDS)
    assert refresh_man.refreshed(manual, generated) == manual, "run core/doc/refresh_man.py"
    for command in COMMANDS:
        block = re.search(rf'options of {command}\n(.*?)\.\\" end', generated, re.DOTALL).group(1)
        assert set(re.findall(r"Fl -([a-z0-9-]+)", block)) == flags(help_of(command))


def test_the_manual_names_no_other_option():
    known = flags(run("--help").text).union(*(flags(help_of(command)) for command in COMMANDS))
    text = read_manual().replace(r"\-", "-")
    prose = re.sub(r"^\.Dl .*jq.*$|--?print0", "", text, flags=re.MULTILINE)
    assert set(re.findall(r"Fl -([a-z0-9-]+)", prose)) | flags(prose) == known


@pytest.mark.parametrize("tool", [("mandoc", "-T", "lint", "-W", "warning"),
                                  ("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z")])
def test_the_manual_is_well_formed(tool):
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not installed")
    done = subprocess.run([*tool, MANUAL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ, MANROFFSEQ="", LC_ALL="C.UTF-8"))
    complaints = done.stderr.decode() + (done.stdout.decode() if tool[0] == "mandoc" else "")
    assert complaints == ""


# ---- Completions -----------------------------------------------------------------------------------------------------

def complete_in_bash(line):
    """What bash offers after the words of `line`, of which the last is being typed."""
    words = line.split(" ")
    script = (f'source <("{HASHSCAN}" completions bash)\nCOMP_WORDS=({" ".join(repr(word) for word in words)})\n'
              f'COMP_CWORD={len(words) - 1}\n_hashscan\nprintf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stderr == b""
    return set(done.stdout.decode().split())


def first_words():
    return {command.split()[0] for command in COMMANDS}


def second_words():
    return {command.split()[1] for command in COMMANDS if command.startswith("index ")}


def test_bash_completions():
    assert complete_in_bash("hashscan ") == first_words() | {"help", "--help", "--version"}
    assert complete_in_bash("hashscan index ") == second_words()
    assert complete_in_bash("hashscan hash --format ") == {"jsonl", "csv", "hex", "binary"}
    assert complete_in_bash("hashscan index build --kind m") == {"md5"}
    assert complete_in_bash("hashscan scan --fail-on un") == {"unexamined", "unsupported", "unreadable"}
    assert complete_in_bash("hashscan query --fail-on ") == {"none", "match", "no_match", "not_image", "unexamined"}
    assert complete_in_bash("hashscan scan pictures") == set()
    for command in COMMANDS:
        assert complete_in_bash(f"hashscan {command} --") == {"--" + flag for flag in flags(help_of(command))}


def test_zsh_completions():
    """Each command's part has the options of its help, and choices beside those that have them."""
    parts = re.findall(r"^  '([a-z ]+)'\)\n    _arguments -s -S(.*?);;$", run("completions", "zsh").text,
                       re.MULTILINE | re.DOTALL)
    assert [command for command, _ in parts] == list(COMMANDS)
    for command, part in parts:
        assert set(re.findall(r"'\*?--([a-z0-9-]+)", part)) == flags(help_of(command))
    assert ":format:(jsonl csv hex binary)'" in dict(parts)["hash"]


def test_fish_completions():
    text = run("completions", "fish").text
    for command in COMMANDS:
        condition = " ; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.split()).replace(" ;", ";")
        lines = [line for line in text.splitlines() if f"-n '{condition}'" in line and " -l " in line]
        assert {re.search(r" -l ([a-z0-9-]+)", line).group(1) for line in lines} == flags(help_of(command))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_takes_its_completions(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: the syntax of its completions was not checked")
    path = write(tmp_path / "completions", run("completions", shell).out)
    done = subprocess.run([shell, "-n", path], stderr=subprocess.PIPE, check=False, env=dict(os.environ, HOME=str(tmp_path)))
    assert (done.returncode, done.stderr) == (0, b"")


def test_fish_offers_options_and_values(tmp_path):
    """fish itself completes a few lines."""
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed: nothing was completed in it")
    path = write(tmp_path / "hashscan.fish", run("completions", "fish").out)

    def offered(line):
        done = subprocess.run(["fish", "--no-config", "-c", f'source "{path}"; complete -C "{line}"'], check=True,
                              stdout=subprocess.PIPE, env=dict(os.environ, HOME=str(tmp_path)))
        return {row.split("\t")[0] for row in done.stdout.decode().splitlines()}

    assert offered("hashscan index ") >= second_words()
    assert offered("hashscan hash --format ") == {"jsonl", "csv", "hex", "binary"}
    assert offered("hashscan index build --") == {"--" + flag for flag in flags(help_of("index build"))}


def test_a_group_lists_its_commands():
    for arguments in (("index",), ("index", "frobnicate")):
        result = run(*arguments)
        assert result.code == 2 and set(re.search(r"one of ([a-z, ]+)", result.errors[0]).group(1).strip().split(", ")) == second_words()
