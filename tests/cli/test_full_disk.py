# SPDX-License-Identifier: Apache-2.0
"""Changing an index where there is no room, no right, or not all of the index: one clear error, and the old index stays.

The disk is a small tmpfs in a mount namespace of its own, which a shell keeps alive; it is reached through /proc. Each
command is tried with no free page, with one, two, ... until it succeeds, so that every write of it fails once."""
import os
import re
import subprocess

import pytest
from conftest import build, run, write

PAGE = 4096
PAGES = 4096  # of the disk: room for an index of MANY, which has a ring, twice
OLD = ["%064x" % (k * 0x1234567890abcdef1234567890abcdef1234567890abcdef) for k in range(1, 61)]
NEW = ["%064x" % (k * 0xfedcba0987654321fedcba0987654321fedcba09876543) for k in range(1, 301)]
MANY = ["%064x" % (k * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251 % 2**256) for k in range(1, 5001)]


class Disk:
    """A tmpfs on `folder`. Raises OSError where namespaces or mounts are not to be had."""

    def __init__(self, folder, options=""):
        said = "no unshare"
        for unshare in (["unshare", "-rm"], ["unshare", "-m"]):
            self.shell = subprocess.Popen([*unshare, "/bin/sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT)
            said = self.do(f"mount -t tmpfs -o size={PAGES * PAGE}{options} tmpfs '{folder}'")
            self.path = f"/proc/{self.shell.pid}/root{folder}"
            if said == "" and os.path.isdir(self.path) and os.statvfs(self.path).f_blocks == PAGES:
                self.filler = os.path.join(self.path, "filler")
                return
            self.close()
        raise OSError(said or "the mount is out of reach")

    def do(self, command):
        """Runs a command inside; '' when it succeeded and said nothing."""
        lines = []
        try:
            self.shell.stdin.write(f"{command} 2>&1 || echo failed\necho done\n".encode())
            self.shell.stdin.flush()
        except BrokenPipeError:
            lines.append("the namespace was refused: ")
        for line in self.shell.stdout:
            if line == b"done\n":
                return "".join(lines)
            lines.append(line.decode(errors="replace"))
        return "".join(lines) or "the shell ended"

    def leave(self, pages):
        """Fills the disk but for so many pages."""
        with open(self.filler, "wb") as filler:
            filler.write(bytes(PAGE * (os.statvfs(self.path).f_bfree - pages)))
        assert os.statvfs(self.path).f_bfree == pages

    def make_room(self):
        os.unlink(self.filler)

    def close(self):
        try:
            self.shell.stdin.close()
        except BrokenPipeError:
            pass
        self.shell.wait()
        self.shell.stdout.close()


def open_disk(folder, options=""):
    try:
        os.mkdir(folder)
        return Disk(str(folder), options)
    except OSError as reason:
        pytest.skip(f"cannot mount a small tmpfs in a namespace of its own: {reason}")


@pytest.fixture
def disk(tmp_path):
    small = open_disk(tmp_path / "disk")
    yield small
    small.close()


@pytest.fixture
def lists(tmp_path):
    """Paths of lists that do not lie on the small disk."""
    made = {name: write(tmp_path / f"{name}.txt", "".join(line + "\n" for line in lines).encode())
            for name, lines in (("old", OLD), ("new", NEW), ("many", MANY))}
    return made


def state(index):
    """What the index holds and answers, from each command that reads it."""
    verified = run("index", "verify", index)
    assert verified.code == 0, verified.errors
    asked = run("query", "--radius", "0", index, OLD[0], OLD[59], NEW[0], MANY[0])
    assert asked.code in (0, 1), asked.errors
    return verified.records, [record["matches"] for record in asked.records if record["type"] == "query"]


def files(index):
    """Names and bytes, without the lock, which holds nothing."""
    found = {}
    for name in os.listdir(index):
        with open(os.path.join(index, name), "rb") as file:
            found[name] = file.read()
    found.pop("LOCK", None)
    return found


def assert_refused(result, message):
    assert (result.code, result.out, len(result.errors)) == (2, b"", 1), (result.code, result.out, result.errors)
    assert message in result.errors[0]


def assert_same_files(index, before):
    """As before; only a log may hold more, behind what MANIFEST counts: the next writer cuts it off."""
    now = files(index)
    assert set(now) == set(before)
    for name, data in before.items():
        assert now[name] == data or (name.startswith("log-") and now[name].startswith(data)), name


def assert_tidy(index):
    """The files that MANIFEST names and nothing else."""
    info = run("index", "info", index).records[0]
    names = set(os.listdir(index)) - {"LOCK", "MANIFEST"}
    assert len([name for name in names if re.fullmatch(r"segment-[0-9a-f]{16}\.hsi", name)]) == info["segments"]
    assert len([name for name in names if re.fullmatch(r"log-[0-9a-f]{16}\.hsl", name)]) == (info["log_bytes"] > 0)
    assert len(names) == info["segments"] + (info["log_bytes"] > 0)


def wider(pages):
    """One page more at first, where the small files are, then an eighth more."""
    return pages + 1 + pages // 8 * (pages > 16)


def with_log(index, lists):
    assert run("index", "add", index, lists["new"]).code == 0


COMMANDS = {
    "add": (False, lambda index, lists: ("add", index, lists["new"])),
    "add to a log": (True, lambda index, lists: ("add", index, lists["many"])),
    "remove": (False, lambda index, lists: ("remove", index, "--hash", OLD[0])),
    "remove from a log": (True, lambda index, lists: ("remove", index, "--list", "new")),
    "update": (False, lambda index, lists: ("update", "--list", "old", "--list-version", "2", index, lists["many"])),
    "compact": (True, lambda index, lists: ("compact", index)),
    "build": (True, lambda index, lists: ("build", "-o", index, lists["many"])),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk(disk, lists, name):
    has_log, command = COMMANDS[name]
    index = os.path.join(disk.path, "index")
    assert run("index", "build", "-o", index, lists["old"]).code == 0
    if has_log:
        with_log(index, lists)
    before, held = state(index), files(index)
    refused = 0
    pages = 0
    while True:
        disk.leave(pages)
        result = run("index", *command(index, lists))
        if result.code == 0:
            break
        assert_refused(result, "No space left on device")
        assert index in result.errors[0]
        assert state(index) == before
        assert_same_files(index, held)
        disk.make_room()
        refused += 1
        pages = wider(pages)
    assert refused >= 1
    disk.make_room()
    assert state(index) != before
    assert_tidy(index)
    assert run("index", "compact", index).code == 0
    assert_tidy(index)


def test_a_new_index_on_a_full_disk(disk, lists):
    index = os.path.join(disk.path, "index")
    pages = 0
    refused = 0
    while True:
        disk.leave(pages)
        result = run("index", "build", "-o", index, lists["many"])
        if result.code == 0:
            break
        assert_refused(result, "No space left on device")
        assert not os.path.exists(index)
        disk.make_room()
        refused += 1
        pages = wider(pages)
    assert refused > 20
    assert run("index", "verify", index).records[0]["entries"] == len(MANY)
    assert_tidy(index)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_without_inodes(tmp_path, lists, name):
    """There is room for bytes, but not for another file."""
    has_log, command = COMMANDS[name]
    disk = open_disk(tmp_path / "few", ",nr_inodes=40")
    try:
        index = os.path.join(disk.path, "index")
        assert run("index", "build", "-o", index, lists["old"]).code == 0
        if has_log:
            with_log(index, lists)
        before, held = state(index), files(index)
        taken = []
        while os.statvfs(disk.path).f_ffree > 0:
            taken.append(write(os.path.join(disk.path, f"file{len(taken)}"), b""))
        while True:
            result = run("index", *command(index, lists))
            if result.code == 0:
                break
            assert_refused(result, "No space left on device")
            assert state(index) == before
            assert_same_files(index, held)
            os.unlink(taken.pop())
        assert len(taken) < 39
        assert state(index) != before
        assert_tidy(index)
    finally:
        disk.close()


def test_a_disk_that_is_mounted_read_only(disk, lists):
    index = os.path.join(disk.path, "index")
    assert run("index", "build", "-o", index, lists["old"]).code == 0
    with_log(index, lists)
    before, held = state(index), files(index)
    assert disk.do(f"mount -o remount,ro '{disk.path.split('/root', 1)[1]}'") == ""
    for _, command in COMMANDS.values():
        assert_refused(run("index", *command(index, lists)), "Read-only file system")
        assert state(index) == before
        assert files(index) == held
    assert_refused(run("index", "build", "-o", os.path.join(disk.path, "fresh"), lists["old"]), "Read-only file system")
    assert disk.do(f"mount -o remount,rw '{disk.path.split('/root', 1)[1]}'") == ""
    assert run("index", "add", index, lists["many"]).code == 0


def test_writers_refuse_an_index_with_a_missing_file(tmp_path, lists):
    index = build(tmp_path, OLD)
    with_log(index, lists)
    whole = files(index)
    assert len(whole) == 3
    for missing in whole:
        for name in COMMANDS:
            if name == "build":
                continue
            os.unlink(os.path.join(index, missing))
            rest = files(index)
            assert_refused(run("index", *COMMANDS[name][1](index, lists)), index)
            assert files(index) == rest
            write(os.path.join(index, missing), whole[missing])
    assert state(index)[0][0]["valid"] is True
    # A build from lists needs nothing of the old index, so it is the way back.
    for missing in whole:
        if os.path.exists(os.path.join(index, missing)):
            os.unlink(os.path.join(index, missing))
        assert run("index", "build", "-o", index, lists["many"]).code == 0
        assert run("index", "verify", index).records[0]["entries"] == len(MANY)
        assert_tidy(index)
