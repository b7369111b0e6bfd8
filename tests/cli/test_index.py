# SPDX-License-Identifier: Apache-2.0
"""hashscan index build, info and verify."""
import hashlib
import os

import pytest
from conftest import build, run, write

PDQ = ["%064x" % (k * 0x1234567890abcdef1234567890abcdef) for k in range(1, 5)]
MD5 = hashlib.md5(b"x").hexdigest()
SHA1 = hashlib.sha1(b"x").hexdigest()
SHA256 = hashlib.sha256(b"x").hexdigest()


def contents(folder):
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(parent, name), "rb") as file:
                found[os.path.relpath(os.path.join(parent, name), folder)] = file.read()
    return found


def test_text_list(tmp_path):
    lines = ["# a comment", "", PDQ[0], PDQ[1].upper() + "  # known", PDQ[0], MD5, SHA1]
    source = write(tmp_path / "hotline.txt", "\n".join(lines).encode())
    result = run("index", "build", "-o", tmp_path / "index", "--list-version", "3", source)
    assert (result.code, result.err) == (0, b"")
    record = result.records[0]
    assert len(record["digest"]) == 32 and record["bytes"] > 0
    assert record == {"type": "index", "path": str(tmp_path / "index"), "format_version": record["format_version"],
                      "entries": 5, "by_kind": {"pdq": 3, "md5": 1, "sha1": 1, "sha256": 0}, "distinct_pdq": 2,
                      "lists": [{"name": "hotline", "version": "3", "entries": 5}], "bytes": record["bytes"],
                      "digest": record["digest"], "bad_lines": 0}
    del record["bad_lines"]
    assert run("index", "info", tmp_path / "index").records == [record]
    assert run("index", "verify", tmp_path / "index").records == [dict(record, valid=True)]


def test_several_lists_in_one_index(tmp_path):
    first = write(tmp_path / "a.csv", f"hash,kind,id\n{PDQ[0]},pdq,1\n{SHA256},sha256,2\n".encode())
    second = write(tmp_path / "b.txt", (PDQ[1] + "\n").encode())
    record = run("index", "build", "-o", tmp_path / "index", first, second).records[0]
    assert record["lists"] == [{"name": "a", "version": "", "entries": 2}, {"name": "b", "version": "", "entries": 1}]
    assert record["by_kind"] == {"pdq": 2, "md5": 0, "sha1": 0, "sha256": 1}


def test_list_from_standard_input(tmp_path):
    result = run("index", "build", "-o", tmp_path / "index", "--list", "piped", "-", stdin=(PDQ[0] + "\n").encode())
    assert result.records[0]["lists"] == [{"name": "piped", "version": "", "entries": 1}]
    result = run("index", "build", "-o", tmp_path / "index", "-", stdin=b"nonsense\n")
    assert result.code == 2 and "stdin:1:" in result.errors[0]


def test_kind_of_64_digits_can_be_given(tmp_path):
    source = write(tmp_path / "a.txt", (SHA256 + "\n").encode())
    record = run("index", "build", "-o", tmp_path / "index", "--kind", "sha256", source).records[0]
    assert record["by_kind"]["sha256"] == 1


def test_a_bad_line_is_named_and_the_old_index_stays(tmp_path):
    index = build(tmp_path, PDQ)
    before = contents(index)
    bad = write(tmp_path / "bad.txt", f"{PDQ[0]}\n# fine\nzz{PDQ[1][2:]}\n{PDQ[2]}\n".encode())
    result = run("index", "build", "-o", index, bad)
    assert (result.code, result.out, len(result.errors)) == (2, b"", 1)
    assert f"{bad}:3:" in result.errors[0]
    assert PDQ[1][2:] not in result.errors[0]
    assert contents(index) == before


def test_bad_lines_can_be_skipped_and_are_counted(tmp_path):
    bad = write(tmp_path / "bad.txt", f"{PDQ[0]}\nzz\nabc\n{PDQ[2]}\n".encode())
    result = run("index", "build", "-o", tmp_path / "index", "--skip-bad-lines", bad)
    assert result.code == 0
    assert (result.records[0]["entries"], result.records[0]["bad_lines"]) == (2, 2)
    assert len(result.errors) == 1 and f"{bad}:2:" in result.errors[0] and "1 more" in result.errors[0]


def test_verbose_says_what_each_list_gave(tmp_path):
    source = write(tmp_path / "a.txt", (PDQ[0] + "\n").encode())
    result = run("index", "build", "-v", "-o", tmp_path / "index", source)
    assert result.errors == [f"hashscan: {source}: 1 entries from 1 lines"]


def test_a_new_build_replaces_the_index(tmp_path):
    index = build(tmp_path, PDQ)
    old = run("index", "info", index).records[0]
    assert run("index", "build", "-o", index, write(tmp_path / "b.txt", (PDQ[0] + "\n").encode())).code == 0
    new = run("index", "info", index).records[0]
    assert (old["entries"], new["entries"]) == (4, 1)
    assert old["digest"] != new["digest"]


def test_equal_lists_give_equal_digests(tmp_path):
    digests = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        digests.add(run("index", "info", build(tmp_path / name, PDQ)).records[0]["digest"])
    assert len(digests) == 1


def test_a_folder_of_other_things_is_refused(tmp_path):
    folder = tmp_path / "photos"
    kept = write(folder / "holiday.txt", b"precious")
    result = run("index", "build", "-o", folder, write(tmp_path / "a.txt", (PDQ[0] + "\n").encode()))
    assert (result.code, len(result.errors)) == (2, 1)
    assert contents(folder) == {"holiday.txt": b"precious"} and os.path.exists(kept)


@pytest.mark.parametrize("command", ["info", "verify"])
def test_what_is_no_index_is_one_line(tmp_path, command):
    (tmp_path / "empty").mkdir()
    file = write(tmp_path / "file", b"x")
    for path in (tmp_path / "missing", tmp_path / "empty", file):
        result = run("index", command, path)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), path
        assert os.fspath(path) in result.errors[0]


def test_usage_errors(tmp_path):
    source = write(tmp_path / "a.txt", (PDQ[0] + "\n").encode())
    for arguments in (("index",), ("index", "build", source), ("index", "build", "-o", tmp_path / "i"),
                      ("index", "info"), ("index", "info", "a", "b"), ("index", "compact", "a"), ("index", "build", "-o"),
                      ("index", "build", "-o", tmp_path / "i", "--kind", "crc", source),
                      ("index", "build", "-o", tmp_path / "i", tmp_path / "missing")):
        result = run(*arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), arguments
    assert not (tmp_path / "i").exists()
