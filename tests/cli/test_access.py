# SPDX-License-Identifier: Apache-2.0
"""Who can read an index: its owner alone, unless --mode says otherwise; and what is said when everybody can."""
import os

import pytest
from conftest import build, picture, run, write

HASHES = ["%064x" % (k * 0x1234567890abcdef1234567890abcdef) for k in range(1, 5)]
WARNING = "every user of this machine can read this index"


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def modes(index):
    """The modes of the files, and that of the folder."""
    return {os.stat(os.path.join(index, name)).st_mode & 0o7777 for name in os.listdir(index)}, \
        os.stat(index).st_mode & 0o7777


def test_a_new_index_is_for_its_owner(tmp_path):
    index = build(tmp_path, HASHES)
    assert modes(index) == ({0o600}, 0o700)
    more = write(tmp_path / "more.txt", HASHES[0].encode())
    assert run("index", "add", index, more).code == 0
    assert modes(index) == ({0o600}, 0o700)


def test_every_command_that_writes_takes_a_mode(tmp_path):
    more = write(tmp_path / "list.txt", HASHES[0].encode())
    index = str(tmp_path / "index")
    commands = (("build", "-o", index, more), ("add", index, more), ("update", "--list", "list", index, more),
                ("remove", "--id", "nobody's", index), ("compact", index), ("compact", index), ("build", "-o", index, more))
    for given in ("0640", "660", "0600"):
        for command in commands:
            for option in (("--mode", given), ()):  # and without one it stays
                result = run("index", *command, *option)
                assert (result.code, result.err) == (0, b""), command
                assert modes(index) == ({int(given, 8)}, int(given, 8) | (int(given, 8) & 0o444) >> 2), command
            assert run("index", "compact", "--mode", "0600", index).code == 0
            assert run("index", "compact", "--mode", given, index).code == 0
    for bad in ("0", "400", "0755", "1600", "640x", "0o640", "-640", "", "00640", "u=rw"):
        for command in commands:
            result = run("index", *command, "--mode", bad)
            assert (result.code, result.out, len(result.errors)) == (2, b"", 1) and "--mode is" in result.errors[0]
    assert modes(index) == ({0o600}, 0o700)


def test_opening_an_index_that_everybody_can_read_warns(tmp_path):
    index = build(tmp_path, HASHES, options=("--mode", "0644"))
    image = write(tmp_path / "a.png", picture(1))
    commands = (("scan", "--index", index, image), ("query", index, HASHES[0]), ("index", "info", index),
                ("index", "verify", index), ("index", "compact", index))
    for mode, warned in ((0o644, True), (0o640, False), (0o604, True), (0o600, False)):
        for name in os.listdir(index):
            os.chmod(os.path.join(index, name), mode)
        for command in commands:
            result = run(*command)
            assert [WARNING in line for line in result.errors] == [True] * warned, (command, oct(mode), result.errors)
            assert result.records, "the warning changes nothing else"
            assert not any(digest.encode() in result.err for digest in HASHES)
    os.chmod(os.path.join(index, "MANIFEST"), 0o644)
    for name in os.listdir(index):
        os.chmod(os.path.join(index, name), 0o644)
    os.chmod(index, 0o700)
    assert run("index", "info", index).err == b"", "nobody gets through the folder"
