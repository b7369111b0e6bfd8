# SPDX-License-Identifier: Apache-2.0
"""hashscan index: building an index, showing it, changing it."""
import fcntl
import hashlib
import os
import subprocess

import pytest
from conftest import DATASET, build, run, write

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
                      "entries": 5, "by_kind": {"pdq": 3, "md5": 1, "sha1": 1, "sha256": 0, "hash64": 0}, "distinct_pdq": 2,
                      "lists": [{"name": "hotline", "version": "3", "entries": 5}], "segments": 1, "log_bytes": 0,
                      "dead": 0, "bytes": record["bytes"],
                      "digest": record["digest"], "bad_lines": 0}
    del record["bad_lines"]
    assert run("index", "info", tmp_path / "index").records == [record]
    assert run("index", "verify", tmp_path / "index").records == [dict(record, valid=True)]


def test_several_lists_in_one_index(tmp_path):
    first = write(tmp_path / "a.csv", f"hash,kind,id\n{PDQ[0]},pdq,1\n{SHA256},sha256,2\n".encode())
    second = write(tmp_path / "b.txt", (PDQ[1] + "\n").encode())
    record = run("index", "build", "-o", tmp_path / "index", first, second).records[0]
    assert record["lists"] == [{"name": "a", "version": "", "entries": 2}, {"name": "b", "version": "", "entries": 1}]
    assert record["by_kind"] == {"pdq": 2, "md5": 0, "sha1": 0, "sha256": 1, "hash64": 0}


def test_list_from_standard_input(tmp_path):
    result = run("index", "build", "-o", tmp_path / "index", "--list", "piped", "-", stdin=(PDQ[0] + "\n").encode())
    assert result.records[0]["lists"] == [{"name": "piped", "version": "", "entries": 1}]
    result = run("index", "build", "-o", tmp_path / "index", "-", stdin=b"nonsense\n")
    assert result.code == 2 and "stdin:1:" in result.errors[0]


def raw(*hashes):
    return b"".join(map(bytes.fromhex, hashes))


def test_binary_list(tmp_path):
    def digest(*arguments, stdin=b""):
        result = run("index", "build", "-o", tmp_path / "index", "--list", "a", *arguments, stdin=stdin)
        assert (result.code, result.err) == (0, b""), result.errors
        return result.records[0]["digest"]

    binary = ("--format", "binary", "--kind")
    for kind, hashes in (("pdq", PDQ), ("sha256", [SHA256]), ("md5", [MD5, MD5]), ("sha1", [SHA1]), ("pdq", [])):
        text = write(tmp_path / "list.txt", "".join(line + "\n" for line in hashes).encode())
        source = write(tmp_path / "list.bin", raw(*hashes))
        assert digest(*binary, kind, source) == digest("--kind", kind, text)
        assert digest(*binary, kind, "-", stdin=raw(*hashes)) == digest("--kind", kind, text)


def test_a_binary_list_of_the_generator(tmp_path):
    digests = set()
    for form in ("text", "binary"):
        subprocess.run([DATASET, "hashes", "--out", tmp_path / "list", "--count", "3000", "--format", form], check=True)
        options = ("--format", "binary", "--kind", "pdq") if form == "binary" else ()
        result = run("index", "build", "-v", "-o", tmp_path / "index", *options, tmp_path / "list")
        assert result.errors == [f"hashscan: {tmp_path / 'list'}: 3000 entries" +
                                 (" from 3000 lines" if form == "text" else "")]
        digests.add(result.records[0]["digest"])
    assert len(digests) == 1


def test_a_binary_list_that_does_not_fit_is_refused(tmp_path):
    index = build(tmp_path, PDQ)
    before = contents(index)
    cut = write(tmp_path / "cut.bin", raw(*PDQ)[:-1])
    for command in (("build", "-o", index), ("add", index), ("update", "--list", "list", index)):
        for arguments, message in (
                (("--kind", "pdq"), f"{cut}: 127 bytes are no whole number of pdq hashes of 32 bytes"),
                (("--skip-bad-lines", "--kind", "hash64"), f"{cut}: 127 bytes are no whole number"),
                ((), "the kind must be given")):
            result = run("index", *command, "--format", "binary", *arguments, cut)
            assert (result.code, result.out, len(result.errors)) == (2, b"", 1) and message in result.errors[0]
    result = run("index", "add", "--kind", "pdq", index, cut)
    assert (result.code, len(result.errors)) == (2, 1) and "(raw bytes need the format binary)" in result.errors[0]
    assert contents(index) == before


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
    index = build(tmp_path, PDQ)
    for arguments in (("index", "add", index), ("index", "add", source), ("index", "update", index, source),
                      ("index", "update", "--list", "a", index), ("index", "remove", index),
                      ("index", "remove", "--hash", "zz", index), ("index", "remove", "--hash", PDQ[0]),
                      ("index", "remove", "--kind", "md5", "--hash", PDQ[0], index), ("index", "compact", source),
                      ("index", "add", tmp_path / "none", source), ("index",), ("index", "build", source), ("index", "build", "-o", tmp_path / "i"),
                      ("index", "info"), ("index", "info", "a", "b"), ("index", "compact"), ("index", "build", "-o"),
                      ("index", "build", "-o", tmp_path / "i", "--kind", "crc", source),
                      ("index", "build", "-o", tmp_path / "i", tmp_path / "missing")):
        result = run(*arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), arguments
    assert not (tmp_path / "i").exists()


# ---- Changing ----------------------------------------------------------------------------------------------------------

def change(*arguments, **keywords):
    """Runs an index command that must succeed, and returns its line."""
    result = run("index", *arguments, **keywords)
    assert (result.code, result.err) == (0, b""), result.errors
    return result.records[0]


def counts(record):
    return tuple(record[key] for key in ("entries", "added", "removed", "kept"))


def matches(index, *hashes):
    return sorted((m["list"], m["version"], m["id"]) for record in run("query", "--radius", "0", index, *hashes).records
                  if record["type"] == "query" for m in record["matches"])


def test_adding_and_removing(tmp_path):
    index = build(tmp_path, PDQ[:2])
    before = contents(index)
    more = write(tmp_path / "more.csv", f"hash,id\n{PDQ[2]},x\n{PDQ[3]},y\n{PDQ[3]},x\n{MD5},z\n".encode())
    added = change("add", "--list-version", "7", index, more)
    assert counts(added) == (6, 4, 0, 0) and added["bad_lines"] == 0 and added["log_bytes"] > 0
    assert {"name": "more", "version": "7", "entries": 4} in added["lists"]
    assert {name: data for name, data in contents(index).items() if name.startswith("segment-")} == \
           {name: data for name, data in before.items() if name.startswith("segment-")}
    assert matches(index, PDQ[3]) == [("more", "7", "x"), ("more", "7", "y")]
    assert counts(change("remove", "--id", "x", "--list", "other", index)) == (6, 0, 0, 0)
    assert counts(change("remove", "--id", "x", "--id", "none", "--list", "more", index)) == (4, 0, 2, 0)
    assert matches(index, PDQ[2], PDQ[3]) == [("more", "7", "y")]
    assert counts(change("remove", "--hash", PDQ[0].upper(), "--hash", MD5, index)) == (2, 0, 2, 0)
    removed = change("remove", "--list", "more", index)
    assert counts(removed) == (1, 0, 1, 0) and [entry["name"] for entry in removed["lists"]] == ["list"]
    assert removed["dead"] == 5
    compacted = change("compact", index)
    assert counts(compacted) == (1, 0, 0, 0)
    assert (compacted["dead"], compacted["log_bytes"], compacted["segments"]) == (0, 0, 1)
    assert matches(index, *PDQ) == [("list", "", "")]
    again = change("compact", index)
    assert again["digest"] == compacted["digest"]
    assert run("index", "verify", index).records[0]["valid"] is True


def test_a_list_is_replaced_by_its_next_version(tmp_path):
    index = build(tmp_path, [PDQ[0], PDQ[1], MD5], options=("--list-version", "1"))
    other = write(tmp_path / "other.txt", (PDQ[1] + "\n").encode())
    change("add", index, other)
    update = ("update", index, "--list", "list", "--list-version")
    record = change(*update, "2", write(tmp_path / "new.txt", f"{PDQ[1]}\n{PDQ[2]}\n{MD5}\n".encode()))
    assert counts(record) == (4, 1, 1, 2)
    assert {(entry["name"], entry["version"], entry["entries"]) for entry in record["lists"]} == \
           {("list", "2", 3), ("other", "", 1)}
    assert matches(index, *PDQ) == [("list", "2", ""), ("list", "2", ""), ("other", "", "")]
    assert counts(change(*update, "3", "-", stdin=(PDQ[0] + "\n").encode())) == (2, 1, 3, 0)
    assert counts(change(*update, "4", write(tmp_path / "none.txt", b"# nobody\n"))) == (1, 0, 1, 0)
    binary = ("--format", "binary", "--kind", "pdq")
    assert counts(change(*update, "5", *binary, write(tmp_path / "new.bin", raw(*PDQ)))) == (5, 4, 0, 0)
    assert counts(change(*update, "6", *binary, "-", stdin=raw(PDQ[3], PDQ[2]))) == (3, 0, 2, 2)
    assert counts(change("add", index, *binary, "-", stdin=raw(PDQ[3]))) == (4, 1, 0, 0)


def test_a_list_that_cannot_be_read_changes_nothing(tmp_path):
    index = build(tmp_path, PDQ)
    before = run("index", "info", index).records
    bad = write(tmp_path / "bad.txt", f"{PDQ[0]}\nzz\n".encode())
    for command in (("add", index, bad), ("update", "--list", "list", index, bad)):
        result = run("index", *command)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1) and f"{bad}:2:" in result.errors[0]
        assert run("index", "info", index).records == before
    skipped = run("index", "add", "--skip-bad-lines", index, bad)
    assert skipped.code == 0 and skipped.records[0]["bad_lines"] == 1 and skipped.records[0]["added"] == 1


def test_one_writer_at_a_time(tmp_path):
    index = build(tmp_path, PDQ)
    source = write(tmp_path / "a.txt", (PDQ[0] + "\n").encode())
    with open(os.path.join(index, "LOCK"), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (("add", index, source), ("remove", index, "--list", "list"), ("compact", index),
                        ("update", index, "--list", "list", source), ("build", "-o", index, source)):
            result = run("index", *command)
            assert (result.code, result.out, len(result.errors)) == (2, b"", 1)
            assert "another process is changing this index" in result.errors[0]
        assert run("index", "verify", index).code == 0
    assert counts(change("add", index, source)) == (5, 1, 0, 0)
