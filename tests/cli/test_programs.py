# SPDX-License-Identifier: Apache-2.0
"""hashscan-dataset and hashscan-bench: what their parsers take, help, manual and completions come from one table and must
agree. test_help.py checks the same of hashscan, and more."""
import os
import re
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("HASHSCAN_BUILD", "build"))
COMMANDS = {"hashscan-dataset": ("pictures", "altered", "hashes"),
            "hashscan-bench": ("pdq", "pixels", "luma", "jpeg", "png", "index", "fidelity", "worst", "calibrate")}
EACH = [(program, command) for program, commands in COMMANDS.items() for command in commands]


def run(program, *arguments):
    done = subprocess.run([os.path.join(BUILD, program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def text_of(program, *arguments):
    code, output, errors = run(program, *arguments)
    assert (code, errors) == (0, "")
    return output


def options(text):
    """Of a help text; the names that are only mentioned in sentences stand elsewhere."""
    return re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", text, re.MULTILINE)


def complete_in_bash(program, *words):
    script = (f'source <("{BUILD}/{program}" completions bash)\nCOMP_WORDS=({program} {" ".join(map(repr, words))})\n'
              f'COMP_CWORD={len(words)}\n_{program.replace("-", "_")}\nprintf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stderr == b""
    return set(done.stdout.decode().split())


@pytest.mark.parametrize("program", COMMANDS)
def test_overview(program):
    text = text_of(program, "--help")
    assert re.findall(r"^  ([a-z]+) +\S", text, re.MULTILINE) == list(COMMANDS[program])
    assert text_of(program, "help") == text
    assert re.fullmatch(rf"{program} [0-9.]+ \(\w+\)\n", text_of(program, "--version"))
    assert complete_in_bash(program, "") == set(COMMANDS[program]) | {"help", "--help", "--version"}


@pytest.mark.parametrize("program, command", EACH)
def test_help_manual_and_completions_list_the_same_options(program, command):
    listed = options(text_of(program, command, "--help"))
    assert listed[-1] == "help" and len(listed) > 1 and len(set(listed)) == len(listed)
    section = re.search(rf"^\.Ss {command}\b.*?^\.El$", text_of(program, "man-page"), re.MULTILINE | re.DOTALL).group(0)
    assert re.findall(r"Fl -([a-z-]+)", section) == listed
    assert complete_in_bash(program, command, "--") == {"--" + option for option in listed}
    part = re.search(rf"^  '{command}'\)\n(.*?);;$", text_of(program, "completions", "zsh"), re.MULTILINE | re.DOTALL).group(1)
    assert re.findall(r"'\*?--([a-z-]+)", part) == listed
    lines = [line for line in text_of(program, "completions", "fish").splitlines()
             if f"'__fish_seen_subcommand_from {command}'" in line]
    assert [re.search(r" -l ([a-z-]+)", line).group(1) for line in lines] == listed


@pytest.mark.parametrize("program, command", EACH)
def test_what_the_parser_does_not_know_is_one_line_and_status_2(program, command):
    for arguments in (["--frobnicate"], ["--rounds"], ["--rounds", "0"], ["--seed", "-1"], ["--seed", "1x"]):
        code, output, errors = run(program, command, *arguments)
        assert (code, output, errors.count("\n")) == (2, "", 1)
        assert errors.startswith(f"{program}: {command}: ")


def test_choices_are_completed():
    assert complete_in_bash("hashscan-dataset", "hashes", "--format", "") == {"text", "binary", "csv"}
    assert complete_in_bash("hashscan-bench", "index", "--data", "") == {"uniform", "pdq", "clustered", "adversarial"}
    assert complete_in_bash("hashscan-bench", "fidelity", "--level", "b") == {"blocks"}


def test_counts_may_be_written_with_an_exponent(tmp_path):
    for entries in ("1e3", "1000"):
        dump = tmp_path / entries
        assert run("hashscan-bench", "index", "--entries", entries, "--queries", "1e2", "--dump", str(dump))[0] == 0
        assert dump.stat().st_size == 32 * 1100
    for entries in ("0", "1e-3", "1.5", "1e99", "0x10", "-1", "", "e"):
        assert run("hashscan-bench", "index", "--entries", entries)[0] == 2


def test_a_size_is_two_sides_of_a_picture():
    for size in ("4x5", "640", "640x", "70000x5", "65500x65500"):
        code, _, errors = run("hashscan-bench", "worst", "--size", size)
        assert code == 2 and f"'{size}'" in errors


@pytest.mark.parametrize("program", COMMANDS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_takes_its_completions(program, shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: the syntax of its completions was not checked")
    path = tmp_path / "completions"
    path.write_text(text_of(program, "completions", shell))
    done = subprocess.run([shell, "-n", path], stderr=subprocess.PIPE, check=False, env=dict(os.environ, HOME=str(tmp_path)))
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("program", COMMANDS)
def test_the_manual_is_well_formed(program, tmp_path):
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    path = tmp_path / f"{program}.1"
    path.write_text(text_of(program, "man-page"))
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], stdout=subprocess.PIPE, check=False)
    assert done.stdout == b""
