# SPDX-License-Identifier: Apache-2.0
"""CONTRIBUTING.md names files, functions and targets that exist."""
import os
import re
import subprocess

from conftest import ROOT

ROOMS = ("core", "bench", "datasets-synthetic", "tests")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def words():
    return re.findall(r"`([^`\n]+)`", read("CONTRIBUTING.md"))


def test_every_path_exists():
    paths = [word.rstrip("/") for word in words() if word.split("/")[0] in ROOMS or word in ("Makefile", "README.md")]
    assert len(set(paths)) > 40
    assert [path for path in paths if not os.path.exists(os.path.join(ROOT, path))] == []


def test_every_make_target_exists():
    targets = {target for line in re.findall(r"^    make (.*)$", read("CONTRIBUTING.md"), re.MULTILINE)
               for target in re.findall(r"(?<!\S)[a-z]+(?!\S)", re.sub(r'"[^"]*"', "", line.split("#")[0]))}
    assert {"test", "asan", "fuzz", "musl", "cross", "lint", "analyze"} <= targets
    known = set(re.findall(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE))
    assert targets <= {target for line in known for target in line.split()}


def test_every_name_is_in_a_file_that_is_named_with_it():
    """Identifiers stand in a file of the same section."""
    for section in read("CONTRIBUTING.md").split("\n## ")[1:]:
        marked = re.findall(r"`([^`\n]+)`", section)
        text = "\n".join(read(word) for word in marked if os.path.isfile(os.path.join(ROOT, word)))
        names = [word for word in marked if re.fullmatch(r"(list|bucket|hashscan|make)_\w+|LLVM\w+|TIERED|PKGS", word)]
        assert [name for name in names if not re.search(rf"\b{name}\b", text)] == [], section.split("\n")[0]


def test_the_readme_points_to_it():
    assert "CONTRIBUTING.md" in read("README.md")


def test_git_has_what_it_names():
    """A path that only this build folder has would be missing elsewhere."""
    tracked = subprocess.run(["git", "-C", ROOT, "-c", "safe.directory=*", "ls-files", "--cached", "--others",
                              "--exclude-standard"], stdout=subprocess.PIPE, check=False)
    if tracked.returncode != 0:
        return
    files = set(tracked.stdout.decode().splitlines())
    folders = {os.path.dirname(name) for name in files} | {name.split("/")[0] for name in files}
    for word in words():
        if word.split("/")[0] in ROOMS:
            assert word.rstrip("/") in files | folders, word
