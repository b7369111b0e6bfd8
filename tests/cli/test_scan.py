# SPDX-License-Identifier: Apache-2.0
"""hashscan scan: records, summary, order, sources of paths, interruption, progress."""
import collections
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest
from conftest import HASHSCAN, build, flat_picture, hash_of, picture, run, start, waves, write


def scan(tree, *arguments, **options):
    return run("scan", "--index", tree / "index", *arguments, **options)


def without_time(record):
    return {key: value for key, value in record.items() if key not in ("seconds", "images_per_second")}


# ---- Records and summary ---------------------------------------------------------------------------------------------

def test_records_and_summary(tree):
    result = scan(tree, tree / "in")
    assert (result.code, result.err) == (1, b"")
    paths = [record["path"] for record in result.records[:-1]]
    assert paths == [str(tree / "in" / f"{seed}.png") for seed in range(8)]
    two = result.files[str(tree / "in" / "2.png")]
    assert two == {"type": "file", "path": two["path"], "status": "ok", "verdict": "match", "format": "png",
                   "width": 160, "height": 128, "quality": 100, "method": two["method"], "bytes": os.path.getsize(two["path"]), "matches": [
                       {"list": "demo", "version": "v9", "id": "two", "kind": "pdq", "distance": 0,
                        "transform": "none", "labels": ["A1", "B2"]}]}
    assert result.files[str(tree / "in" / "3.png")]["matches"] == []
    methods = collections.Counter(record["method"] for record in result.records[:-1])
    info = run("index", "info", tree / "index").records[0]
    assert without_time(result.summary) == {
        "type": "summary", "inputs": 8, "match": 2, "no_match": 6, "not_image": 0, "unexamined": 0, "by_status": {"ok": 8},
        "by_method": dict(methods),
        "duplicates": 0, "bytes": sum(record["bytes"] for record in result.records[:-1]), "radius": 31,
        "transforms": "dihedral", "min_quality": 50, "profile": "full", "level": "fast", "links": "within",
        "index": {"entries": 2, "digest": info["digest"]}, "interrupted": False}
    assert result.summary["seconds"] >= 0 and result.summary["images_per_second"] > 0


def test_exit_codes(tree):
    text = write(tree / "notes.txt", b"notes")
    gif = write(tree / "a.gif", b"GIF89a\1\0\1\0")
    assert scan(tree, tree / "in" / "0.png").code == 0
    assert scan(tree, tree / "in" / "2.png").code == 1
    assert scan(tree, tree / "in" / "0.png", text).code == 0
    assert scan(tree, text).code == 0
    assert scan(tree, tree / "in" / "0.png", gif, text).code == 3
    assert scan(tree, tree / "in" / "0.png", tree / "missing").code == 3
    for beside in (text, gif, tree / "missing"):
        assert scan(tree, tree / "in" / "2.png", beside).code == 1
        assert scan(tree, beside, tree / "in" / "2.png").code == 1


def test_no_image_is_a_verdict_of_its_own(tree):
    text = write(tree / "notes.txt", b"notes")
    result = scan(tree, text, tree / "in" / "0.png")
    record = result.files[text]
    assert (record["status"], record["verdict"], record["matches"]) == ("not_image", "not_image", [])
    assert record["reason"] == "begins like no image"
    summary = result.summary
    assert [summary[key] for key in ("match", "no_match", "not_image", "unexamined")] == [0, 1, 1, 0]
    assert summary["by_status"] == {"ok": 1, "not_image": 1}


@pytest.mark.parametrize("wanted, code", [
    ("match,unexamined", 1), ("match", 1), ("match,corrupt", 1), ("unexamined", 3), ("not_image", 3), ("no_match", 3),
    ("unsupported", 3), ("low_quality", 3), ("unreadable,timeout", 3), ("ok", 3), ("corrupt", 0), ("limit,timeout", 0),
    ("damaged,changed,crash", 0), ("none", 0)])
def test_fail_on(tree, wanted, code):
    inputs = (write(tree / "notes.txt", b"notes"), write(tree / "a.gif", b"GIF89a\1\0\1\0"), tree / "missing",
              write(tree / "flat.png", flat_picture()), tree / "in" / "0.png", tree / "in" / "2.png")
    result = scan(tree, "--fail-on", wanted, *inputs)
    assert (result.code, result.err, result.summary["inputs"]) == (code, b"", 6)


@pytest.mark.parametrize("wanted", ["", "match,", ",match", "matches", "none,match", "match,none", "Match", "match, ok",
                                    "all"])
def test_fail_on_refuses_what_it_does_not_know(tree, wanted):
    for command in (("scan", "--index", tree / "index", "--fail-on", wanted, tree / "in" / "0.png"),
                    ("query", "--fail-on", wanted, tree / "index", "0" * 64)):
        result = run(*command)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1)
        assert "no_match" in result.errors[0]


def test_hashes_only_when_asked_for(tree):
    path = str(tree / "in" / "2.png")
    digest = hash_of(path)
    assert digest not in scan(tree, path).text
    emitted = scan(tree, "--emit-hash", path)
    assert emitted.files[path]["hash"] == digest
    assert (emitted.files[path]["method"], emitted.summary["level"]) == ("exact", "exact")


@pytest.mark.parametrize("level", ["fast", "blocks"])
def test_screening_gives_the_matches_of_exact(tmp_path, dataset, level):
    paths = sorted(str(dataset / name) for name in os.listdir(dataset))
    index = build(tmp_path, [hash_of(path) for path in paths[::8]])
    screened = run("scan", "--index", index, *([] if level == "fast" else ["--level", level]), dataset)
    exact = run("scan", "--index", index, "--level", "exact", dataset)
    assert screened.code == exact.code == 1
    assert screened.summary["level"] == level
    assert set(screened.files) == set(exact.files) == set(paths)
    for path, record in exact.files.items():
        assert record["method"] == "exact" and "quality_range" not in record
        found = screened.files[path]
        same = ("status", "verdict", "width", "height", "matches") if level == "fast" else ("verdict", "matches")
        assert [found[key] for key in same] == [record[key] for key in same]
        # What is not exact's own says so.
        low, high = found.get("quality_range", [found["quality"]] * 2)
        assert low <= record["quality"] <= high
    assert screened.summary["by_method"][level] > 0 and screened.summary["by_method"]["fast-confirmed"] > 0
    assert (exact.summary["by_method"], exact.summary["level"]) == ({"exact": len(paths)}, "exact")


def test_copies_of_the_same_bytes_are_flagged(tree):
    shutil.copy(tree / "in" / "2.png", tree / "in" / "9.png")
    result = scan(tree, tree / "in")
    first, second = result.files[str(tree / "in" / "2.png")], result.files[str(tree / "in" / "9.png")]
    assert "duplicate" not in first and second["duplicate"] is True
    assert first["matches"] == second["matches"]
    assert result.summary["duplicates"] == 1 and result.summary["match"] == 3


def test_radius(tree, tmp_path):
    path = str(tree / "in" / "2.png")
    far = f"{int(hash_of(path), 16) ^ ((1 << 40) - 1):064x}"
    (tmp_path / "far").mkdir()
    index = build(tmp_path / "far", [far])
    assert run("scan", "--index", index, path).code == 0
    assert run("scan", "--index", index, "--radius", "39", path).code == 0
    result = run("scan", "--index", index, "--radius", "40", path)
    assert result.code == 1 and result.files[path]["matches"][0]["distance"] <= 40


def test_flips_are_found_unless_told_not_to(tree):
    upright = write(tree / "up.png", waves())
    flipped = write(tree / "flip.png", waves(mirrored=True))
    (tree / "flips").mkdir()
    index = build(tree / "flips", [hash_of(upright)])
    result = run("scan", "--index", index, flipped)
    assert result.code == 1
    assert result.files[flipped]["matches"][0]["transform"] == "flipy"
    assert run("scan", "--index", index, "--transforms", "none", flipped).code == 0
    assert run("scan", "--index", index, "--transforms", "none", upright).code == 1


def test_low_quality_is_a_status(tree):
    path = write(tree / "flat.png", flat_picture())
    record = scan(tree, path).files[path]
    assert (record["status"], record["quality"]) == ("low_quality", 0) and record["reason"]
    assert scan(tree, "--min-quality", "0", path).files[path]["status"] == "ok"


def test_digests_match_whatever_the_bytes_are(tree):
    path = write(tree / "note.txt", b"not an image")
    (tree / "digests").mkdir()
    index = build(tree / "digests", [hashlib.sha1(b"not an image").hexdigest()])
    result = run("scan", "--index", index, path)
    assert result.code == 1
    assert (result.files[path]["status"], result.files[path]["verdict"]) == ("not_image", "match")
    assert result.files[path]["matches"][0]["kind"] == "sha1"


def test_generated_pictures_match_their_own_hashes(dataset, tmp_path):
    rows = [record for record in run("hash", *sorted(dataset.rglob("*.jpg")), *sorted(dataset.rglob("*.png"))).records
            if record["quality"] >= 50]
    assert len(rows) >= 10
    index = build(tmp_path, ["hash,id"] + [f"{row['hash']},{row['path']}" for row in rows], "own.csv")
    result = run("scan", "--index", index, dataset)
    for row in rows:
        match = result.files[row["path"]]["matches"][0]
        assert match["distance"] == 0
        assert row["path"] in [match["id"] for match in result.files[row["path"]]["matches"]]


# ---- Order and threads -----------------------------------------------------------------------------------------------

def test_the_output_does_not_depend_on_threads(tree, dataset):
    for seed in range(100, 140):
        write(tree / "in" / f"{seed % 7}" / f"{seed}.png", picture(seed))
    write(tree / "in" / "3" / "broken.jpg", b"\xff\xd8\xff\xe0junk")
    runs = [scan(tree, "--threads", str(threads), dataset, tree / "in", tree / "in" / "0.png") for threads in (1, 2, 7)]
    outputs = [[without_time(record) for record in result.records] for result in runs]
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0]) > 60


# ---- Where paths come from -------------------------------------------------------------------------------------------

def test_files_from(tree):
    listed = [str(tree / "in" / "5.png"), str(tree / "missing.png"), str(tree / "in" / "0.png")]
    source = write(tree / "paths", ("\n".join(listed) + "\n\n").encode())
    result = scan(tree, "--files-from", source)
    assert [record["path"] for record in result.records[:-1]] == listed
    assert [record["verdict"] for record in result.records[:-1]] == ["match", "unexamined", "no_match"]
    assert result.files[listed[1]]["status"] == "unreadable"
    assert result.code == 1 and result.summary["by_status"] == {"ok": 2, "unreadable": 1}
    piped = scan(tree, "--files-from", "-", stdin="\n".join(listed).encode())
    assert [without_time(record) for record in piped.records] == [without_time(record) for record in result.records]


def test_files_from_after_operands(tree):
    result = scan(tree, tree / "in" / "7.png", "--files-from=-", stdin=f"{tree}/in/1.png\n".encode())
    assert [os.path.basename(record["path"]) for record in result.records[:-1]] == ["7.png", "1.png"]


def test_files_from_with_nul_bytes(tree):
    name = write(tree / "new\nline.png", picture(2))
    result = scan(tree, "--files-from", "-", "--null", stdin=f"{name}\0{tree}/in/0.png\0".encode())
    assert [record["path"] for record in result.records[:-1]] == [name, f"{tree}/in/0.png"]


def test_forgotten_null_is_noticed(tree):
    """`find -print0` without --null must not scan the first path alone and call that complete."""
    result = scan(tree, "--files-from", "-", stdin=f"{tree}/in/0.png\0{tree}/in/2.png\0".encode())
    assert result.code == 2
    assert len(result.errors) == 1 and "--null" in result.errors[0]
    assert "--null" in result.summary["error"]


def test_a_match_outranks_an_error_that_is_told(tree):
    """Whether the first path is done before the error is met is up to the threads."""
    bad = f"{tree}/in/2.png\n{tree}/in/0.png\0\n".encode()
    for _ in range(10):
        result = scan(tree, "--files-from", "-", stdin=bad)
        matched = result.summary["match"] == 1
        assert result.code == (1 if matched else 2)
        assert len(result.errors) == 1 and "--null" in result.summary["error"]
        assert ("1 inputs had matched before" in result.errors[0]) == matched
    assert scan(tree, "--fail-on", "none", "--files-from", "-", stdin=bad).code == 2
    many = "".join(f"{tree}/in/2.png\n" for _ in range(3000)).encode() + bad
    assert scan(tree, "--files-from", "-", stdin=many).code == 1


def test_an_empty_list_of_files(tree):
    result = scan(tree, "--files-from", "/dev/null")
    assert (result.code, result.summary["inputs"]) == (0, 0)


def test_a_path_longer_than_any_file_name(tree):
    result = scan(tree, "--files-from", "-", stdin=b"x" * 200000 + f"\n{tree}/in/2.png\n".encode())
    assert result.code == 1
    assert [record["status"] for record in result.records[:-1]] == ["unreadable", "ok"]


def test_an_image_on_standard_input(tree):
    with open(tree / "in" / "2.png", "rb") as file:
        data = file.read()
    result = scan(tree, tree / "in" / "0.png", "-", stdin=data)
    assert result.code == 1
    assert [record["path"] for record in result.records[:-1]] == ["-", str(tree / "in" / "0.png")]
    record = result.records[0]
    assert (record["verdict"], record["bytes"], record["matches"][0]["id"]) == ("match", len(data), "two")
    assert (result.summary["inputs"], result.summary["match"]) == (2, 1)
    assert result.summary["bytes"] == len(data) + os.path.getsize(tree / "in" / "0.png")


def test_standard_input_is_read_once(tree):
    for arguments in (("-", "-"), ("-", "--files-from", "-")):
        result = scan(tree, *arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1)


def test_a_file_called_dash(tree):
    write(tree / "-", picture(2))
    result = scan(tree, "./-", cwd=tree)
    assert result.records[0]["path"] == "./-" and result.code == 1


# ---- Result files ----------------------------------------------------------------------------------------------------

def test_output_file(tree):
    target = tree / "results.jsonl"
    result = scan(tree, "--output", target, tree / "in")
    assert (result.code, result.out, result.err) == (1, b"", b"")
    lines = target.read_text().splitlines()
    assert len(lines) == 9 and json.loads(lines[-1])["type"] == "summary"
    assert not (tree / "results.jsonl.partial").exists()
    assert scan(tree, "-o", target, tree / "in" / "0.png").code == 0
    assert len(target.read_text().splitlines()) == 2


def test_output_never_replaces_what_is_no_result(tree):
    image = tree / "in" / "1.png"
    before = image.read_bytes()
    for target in (image, tree / "in", tree / "nowhere" / "results.jsonl"):
        result = scan(tree, "--output", target, tree / "in" / "2.png")
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), target
    assert image.read_bytes() == before
    assert sorted(os.listdir(tree / "in")) == [f"{seed}.png" for seed in range(8)]


def test_verbose_summary(tree):
    result = scan(tree, "-v", tree / "in")
    assert len(result.errors) == 1
    assert result.errors[0].startswith("hashscan: 8 inputs: 2 match, 6 do not, 0 unexamined, 0 no images;")


# ---- Links -----------------------------------------------------------------------------------------------------------

def test_links(tree):
    os.symlink("2.png", tree / "in" / "8.png")
    write(tree / "elsewhere.png", picture(5))
    os.symlink("../elsewhere.png", tree / "in" / "9.png")
    for arguments, eight, nine in (((), "ok", "unreadable"), (("--links", "within"), "ok", "unreadable"),
                                   (("--links", "follow"), "ok", "ok"), (("--links=skip",), "unreadable", "unreadable")):
        result = scan(tree, *arguments, tree / "in")
        found = [result.files[str(tree / "in" / f"{name}.png")] for name in (8, 9)]
        assert [record["status"] for record in found] == [eight, nine]
        assert all(("reason" in record) == (record["status"] != "ok") for record in found)
        assert result.summary["inputs"] == 10 and result.summary["links"] == (arguments[-1].split("=")[-1] if arguments else "within")
    for option in ("skip", "within"):
        assert scan(tree, "--links", option, tree / "in" / "9.png").summary["match"] == 1, "named by the operator"
    assert scan(tree, "--links", "no", tree / "in").code == 2


# ---- Interruption ----------------------------------------------------------------------------------------------------

def open_ended_scan(tree, *arguments):
    """A scan that has been given three paths, through a pipe that stays open."""
    process = start("scan", "--index", tree / "index", "--files-from", "-", *arguments, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for seed in range(3):
        process.stdin.write(f"{tree}/in/{seed}.png\n".encode())
    process.stdin.flush()
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("wanted, code", [("match", 1), ("unexamined", 4), ("no_match", 4), ("none", 4)])
def test_a_signal_ends_the_scan_cleanly(tree, number, wanted, code):
    process = open_ended_scan(tree, "--fail-on", wanted)
    records = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(number)
    assert process.wait(30) == code
    rest = [json.loads(line) for line in process.stdout.read().splitlines()]
    process.stdin.close()
    assert [record["verdict"] for record in records] == ["no_match", "no_match", "match"]
    assert len(rest) == 1 and rest[0]["interrupted"] is True
    assert (rest[0]["inputs"], rest[0]["match"]) == (3, 1)
    assert process.stderr.read() == b""


def test_an_interrupted_scan_keeps_its_results(tree):
    target, partial = tree / "results.jsonl", tree / "results.jsonl.partial"
    process = open_ended_scan(tree, "--output", target)
    until = time.monotonic() + 30
    while time.monotonic() < until and not (partial.exists() and partial.read_text().count("\n") == 3):
        time.sleep(0.01)
    assert not target.exists()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1
    process.stdin.close()
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(lines) == 4 and lines[-1]["interrupted"] is True
    assert not partial.exists()


def test_a_signal_while_reading_an_image_from_standard_input(tree):
    process = start("scan", "--index", tree / "index", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"\x89PNG")
    process.stdin.flush()
    wait_until_caught(process, signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 4
    records = [json.loads(line) for line in process.stdout.read().splitlines()]
    process.stdin.close()
    assert len(records) == 1 and records[0]["interrupted"] is True and records[0]["inputs"] == 0


def wait_until_caught(process, number):
    """Until the process has installed a handler and sleeps in a system call (Linux: /proc)."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
            text = status.read()
        caught = int(re.search(r"SigCgt:\s*(\w+)", text).group(1), 16)
        if caught >> (number - 1) & 1 and re.search(r"State:\s*S", text):
            return
        time.sleep(0.01)


def test_an_ignored_signal_stays_ignored(tree):
    """nohup and background jobs ignore SIGINT; so must the scan."""
    command = [HASHSCAN, "scan", "--index", str(tree / "index"), "--files-from", "-"]
    process = subprocess.Popen(["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *command], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    process.stdin.write(f"{tree}/in/2.png\n".encode())
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.stdin.write(f"{tree}/in/0.png\n".encode())
    process.stdin.close()
    assert process.wait(30) == 1
    assert json.loads(process.stdout.read().splitlines()[-1])["inputs"] == 2


# ---- Progress --------------------------------------------------------------------------------------------------------

def read_terminal(master, until, seconds=20):
    """What the program wrote to the terminal until the text `until` was among it."""
    text, end = b"", time.monotonic() + seconds
    while until not in text and time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                text += os.read(master, 65536)
            except OSError:
                break
    return text


def test_progress_on_a_terminal_only(tree):
    master, terminal = pty.openpty()
    process = start("scan", "--index", tree / "index", tree / "in", "--files-from", "-", stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = read_terminal(master, b"8/")
    process.stdin.close()
    shown += read_terminal(master, b"inputs")
    out = process.stdout.read()
    assert process.wait(30) == 1
    os.close(master)
    assert b"images/s" in shown and b"MB/s" in shown and b"matches" in shown
    assert shown.rindex(b"\x1b[K") > shown.rindex(b"MB/s"), "the line is erased at the end"
    assert shown.rstrip().splitlines()[-1].split(b"\x1b[K")[-1].startswith(b"hashscan: 8 inputs")
    assert all(json.loads(line) for line in out.splitlines()) and b"\x1b" not in out


def test_no_progress(tree):
    master, terminal = pty.openpty()
    process = start("scan", "--index", tree / "index", "--no-progress", tree / "in", stdout=subprocess.PIPE,
                    stderr=terminal)
    os.close(terminal)
    shown = read_terminal(master, b"images/s")
    process.stdout.read()
    assert process.wait(30) == 1
    os.close(master)
    assert b"\x1b" not in shown and shown.startswith(b"hashscan: 8 inputs")


def test_usage_errors(tree):
    for arguments in (("scan", "x"), ("scan", "--index", tree / "index"),
                      ("scan", "--index", tree / "index", "--threads", "9999999", "x"),
                      ("scan", "--index", tree / "index", "--min-quality", "101", "x"),
                      ("scan", "--index", tree / "index", "--transforms", "all", "x"),
                      ("scan", "--index", tree / "index", "--timeout", "0", "x"),
                      ("scan", "--index", tree / "index", "--files-from", tree / "missing"),
                      ("scan", "--index", tree / "missing", "x")):
        result = run(*arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), arguments


def test_several_indexes_each_named_by_its_matches(tmp_path):
    known = [write(tmp_path / "in" / f"{number}.png", picture(number)) for number in (1, 2, 3)]
    lists = {}
    for name, numbers in (("a", (0, 1)), ("b", (1,)), ("c", ())):
        path = write(tmp_path / f"{name}.txt",
                     "".join(run("hash", known[number]).records[0]["hash"] + "\n" for number in numbers).encode())
        lists[name] = str(tmp_path / name)
        assert run("index", "build", "-o", lists[name], path).code == 0
    result = run("scan", "--index", lists["a"], "--index", lists["b"], "--index", lists["c"], str(tmp_path / "in"))
    assert result.code == 1
    found = {path: [(match["index"], match["list"], match["distance"]) for match in record["matches"]]
             for path, record in result.files.items()}
    assert found == {known[0]: [(lists["a"], "a", 0)], known[1]: [(lists["a"], "a", 0), (lists["b"], "b", 0)],
                     known[2]: []}
    digests = {path: run("index", "info", path).records[0]["digest"] for path in lists.values()}
    assert [(index["path"], index["digest"]) for index in result.summary["indexes"]] == list(digests.items())
    assert "index" not in result.summary
    alone = run("scan", "--index", lists["b"], str(tmp_path / "in"))
    assert alone.summary["index"]["digest"] == digests[lists["b"]] and "indexes" not in alone.summary
    assert all("index" not in match for record in alone.files.values() for match in record["matches"])
    # One bad index and nothing is compared with the others.
    assert run("scan", "--index", lists["a"], "--index", str(tmp_path / "none"), str(tmp_path / "in")).code == 2
