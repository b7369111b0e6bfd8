# SPDX-License-Identifier: Apache-2.0
"""What `hashscan hash` prints, `hashscan query` reads: image hashes as JSON, with their unknown bits as wildcards and the
gate of quality, and the answers that they have as pictures in a scan."""
import csv
import hashlib
import io
import json

import pytest
from conftest import flat_picture, picture, run, write


def hash_lines(*arguments):
    return run("hash", *arguments).records


def query(index, records, *options):
    stdin = "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records)
    return run("query", *options, index, stdin=stdin.encode())


def index_of(tmp_path, hashes, name="lists"):
    path = write(tmp_path / f"{name}.txt", "".join(value + "\n" for value in hashes).encode())
    assert run("index", "build", "-o", tmp_path / name, path).code == 0
    return str(tmp_path / name)


def flip(value, bits):
    return f"{int(value, 16) ^ sum(1 << bit for bit in bits):064x}"


@pytest.fixture
def folder(tmp_path, jpeg):
    names = {"a.png": picture(1), "b.png": picture(2), "c.jpg": jpeg, "flat.png": flat_picture(),
             "cut.jpg": jpeg[:len(jpeg) // 2], "text": b"no image at all", "gif": b"GIF89a\1\0\1\0"}
    return {name: write(tmp_path / "in" / name, data) for name, data in names.items()}


def exact_of(path):
    return hash_lines(path)[0]["hash"]


@pytest.mark.parametrize("level", ["exact", "fast", "blocks"])
def test_answers_are_those_of_a_scan_or_say_what_they_need(tmp_path, folder, level):
    index = index_of(tmp_path, [exact_of(folder["a.png"]), flip(exact_of(folder["c.jpg"]), range(9, 29))])
    files = run("scan", "--index", index, "--level", level, str(tmp_path / "in")).files
    records = hash_lines("--dihedral", "--level", level, *folder.values())
    result = query(index, records, "--level", level)
    answers = result.records[:-1]
    assert [answer["line"] for answer in answers] == list(range(1, len(folder) + 1))
    needing = 0
    for record, answer in zip(records, answers):
        file = files[record["path"]]
        assert answer["kind"] == "image"
        if "needs" in answer:
            assert answer["verdict"] == "unexamined" and answer["matches"] == []
            assert answer["needs"] == [{"picture": 0, "view": "stored",
                                        "level": "fast" if record["level"] == "blocks" else "exact"}]
            needing += 1
            continue
        assert (answer["verdict"], answer["status"]) == (file["verdict"], file["status"])
        assert answer["matches"] == file["matches"]
    assert needing == 0 if level == "exact" else needing >= 2
    assert result.code == 1 if level == "exact" else result.code == 3


def test_exact_lines_settle_what_fast_lines_left_open(tmp_path, folder):
    index = index_of(tmp_path, [exact_of(folder["a.png"])])
    fast = query(index, hash_lines("--level", "fast", folder["a.png"], folder["b.png"]))
    assert [answer["verdict"] for answer in fast.records[:-1]] == ["unexamined", "no_match"]
    exact = query(index, hash_lines(folder["a.png"]))
    assert (exact.records[0]["verdict"], exact.records[0]["matches"][0]["distance"]) == ("match", 0)
    assert "needs" not in exact.records[0]
    assert exact.code == 1


def test_unknown_bits_are_wildcards(tmp_path, folder):
    known = exact_of(folder["a.png"])
    index = index_of(tmp_path, [known])
    record = hash_lines("--level", "fast", folder["a.png"])[0]
    bits = [3, 77, 200]
    record["hash"] = flip(known, bits)
    record["unknown"] = flip("0", bits)
    answer = query(index, [record], "--radius", "0").records[0]
    assert answer["verdict"] == "unexamined" and answer["needs"][0]["level"] == "exact"
    record["unknown"] = flip("0", bits[:2])  # now one certain bit differs
    assert query(index, [record], "--radius", "0").records[0]["verdict"] == "no_match"
    assert query(index, [record], "--radius", "1").records[0]["verdict"] == "unexamined"


def test_dihedral_masks_are_wildcards_too(tmp_path, folder):
    exact = hash_lines("--dihedral", folder["a.png"])[0]
    index = index_of(tmp_path, [exact["dihedral"]["rot270"]])
    record = hash_lines("--level", "fast", "--dihedral", folder["a.png"])[0]
    record["dihedral"]["rot270"] = flip(exact["dihedral"]["rot270"], [5])
    record["dihedral_unknown"]["rot270"] = flip("0", [5])
    assert query(index, [record], "--radius", "0").records[0]["verdict"] == "unexamined"
    assert query(index, [record], "--radius", "0", "--transforms", "none").records[0]["verdict"] == "no_match"
    del record["dihedral"], record["dihedral_unknown"]
    assert query(index, [record], "--radius", "0").records[0]["verdict"] == "no_match"
    answer = query(index, [record], "--transforms", "dihedral").records[0]
    assert answer["verdict"] == "unexamined" and answer["needs"][0]["level"] == "fast"


def test_the_gate_of_quality(tmp_path, folder):
    index = index_of(tmp_path, ["5a" * 32])
    record = hash_lines("--level", "fast", folder["b.png"])[0]
    for quality, interval, options, verdict, status in (
            (60, [55, 65], [], "no_match", "ok"), (60, [45, 65], [], "unexamined", "ok"),
            (40, [35, 49], [], "no_match", "low_quality"), (40, [35, 50], [], "unexamined", "ok"),
            (40, [35, 50], ["--min-quality", "35"], "no_match", "ok")):
        record.update(quality=quality, quality_range=interval)
        answer = query(index, [record], *options).records[0]
        assert (answer["verdict"], answer["status"]) == (verdict, status)
        assert ("needs" in answer) == (verdict == "unexamined")


def test_blocks_tell_no_quality(tmp_path, folder):
    index = index_of(tmp_path, ["5a" * 32])
    record = hash_lines("--level", "fast", folder["b.png"])[0]
    record.update(level="blocks", quality=20, quality_range=[0, 100])
    assert query(index, [record], "--level", "blocks").records[0]["verdict"] == "unexamined"
    record["quality_range"] = [0, 49]
    assert "quality_high" in query(index, [record], "--level", "blocks").records[0]["reason"]
    del record["quality_range"]
    assert "quality_low" in query(index, [record], "--level", "blocks").records[0]["reason"]


def test_levels_and_profiles_are_the_policys(tmp_path, folder):
    index = index_of(tmp_path, ["5a" * 32])
    record = hash_lines("--level", "fast", folder["b.png"])[0]
    assert query(index, [record], "--level", "exact").records[0]["needs"][0]["level"] == "exact"
    record.update(level="blocks", quality_range=[0, 100])
    assert query(index, [record]).records[0]["needs"][0]["level"] == "fast"
    assert query(index, [record], "--level", "blocks").records[0]["verdict"] == "no_match"
    record = hash_lines("--profile", "nn512", folder["b.png"])[0]
    assert "profile" in query(index, [record]).records[0]["reason"]
    assert query(index, [record], "--profile", "nn512").records[0]["verdict"] == "no_match"


def test_views_pictures_and_what_nobody_sees(tmp_path, folder):
    index = index_of(tmp_path, ["5a" * 32])
    record = hash_lines(folder["b.png"])[0]
    assert query(index, [record]).records[0]["verdict"] == "no_match"
    views = dict(record, views=["on-white", "gamma"])
    assert [need["view"] for need in query(index, [views]).records[0]["needs"]] == ["on-white", "gamma"]
    view = dict(record, view="on-black")
    assert [need["view"] for need in query(index, [view]).records[0]["needs"]] == ["stored"]
    many = dict(record, pictures=2)
    assert [need["picture"] for need in query(index, [many]).records[0]["needs"]] == [1]
    unseen = query(index, [dict(record, unseen=True, reason="animated")]).records[0]
    assert (unseen["verdict"], unseen["reason"], "needs" in unseen) == ("unexamined", "animated", False)


def test_digests_are_compared_and_needed(tmp_path, folder):
    with open(folder["text"], "rb") as file:
        listed = hashlib.sha256(file.read()).hexdigest()
    lists = write(tmp_path / "d.csv", f"kind,hash\nsha256,{listed}\n".encode())
    index = str(tmp_path / "digests")
    assert run("index", "build", "-o", index, lists).code == 0
    without = query(index, hash_lines(folder["text"], folder["b.png"]))
    assert [answer["needs"][0]["digests"] for answer in without.records[:-1]] == [["sha256"], ["sha256"]]
    assert without.code == 3
    answers = query(index, hash_lines("--digests", "md5,sha256", folder["text"], folder["b.png"])).records
    assert [answer["verdict"] for answer in answers[:-1]] == ["match", "no_match"]
    assert answers[0]["status"] == "not_image" and answers[0]["matches"][0]["kind"] == "sha256"
    only = query(index, hash_lines(folder["text"], folder["b.png"]), "--kind", "pdq")
    assert [answer["verdict"] for answer in only.records[:-1]] == ["not_image", "no_match"]
    assert (only.summary["not_image"], only.summary["no_match"]) == (1, 1)


def test_hex_and_json_lines_mix_in_order(tmp_path, folder):
    known = exact_of(folder["a.png"])
    index = index_of(tmp_path, [known])
    record = hash_lines(folder["a.png"])[0]
    record["path"] = "a # b.png"  # no comment in JSON
    lines = [known + " # hex", record, "# nothing", "  " + json.dumps(record) + "\t", "00", known]
    answers = query(index, lines).records[:-1]
    assert [(answer["line"], answer["verdict"], answer.get("kind")) for answer in answers] == [
        (1, "match", "pdq"), (2, "match", "image"), (4, "match", "image"), (5, "unexamined", None), (6, "match", "pdq")]
    result = query(index, lines, "--format", "csv", "--emit-hash")
    rows = list(csv.DictReader(io.StringIO(result.text)))
    assert [(row["query"], row["verdict"], row["kind"], row["hash"]) for row in rows] == [
        ("1", "match", "pdq", known), ("2", "match", "pdq", known), ("3", "match", "pdq", known),
        ("4", "unexamined", "", ""), ("5", "match", "pdq", known)]
    other = hash_lines("--level", "fast", folder["a.png"])
    row = list(csv.DictReader(io.StringIO(query(index, other, "--format", "csv").text)))[0]
    assert (row["kind"], row["reason"]) == ("image", "needs the exact hash of view stored of picture 0")


def test_more_lines_than_a_batch(tmp_path, folder):
    index = index_of(tmp_path, [exact_of(folder["a.png"])])
    match, other = (json.dumps(hash_lines(folder[name])[0]) for name in ("a.png", "b.png"))
    lines = [match if number % 1000 == 0 else other for number in range(9001)]
    answers = query(index, lines).records[:-1]
    assert [number for number, answer in enumerate(answers) if answer["verdict"] == "match"] == list(range(0, 9001, 1000))
    assert len(answers) == 9001


def edited(record, drop=(), **changes):
    return json.dumps({key: value for key, value in {**record, **changes}.items() if key not in drop})


def test_lines_that_are_no_image_hash_are_refused(tmp_path, folder):
    index = index_of(tmp_path, ["5a" * 32])
    record = hash_lines("--level", "fast", "--dihedral", "--digests", "md5", folder["b.png"])[0]
    text = json.dumps(record)
    assert query(index, [text]).records[0]["verdict"] == "no_match"
    partial = {key: value for key, value in record["dihedral"].items() if key != "flipy"}
    bad = [edited(record, drop=[key]) for key in ("type", "status", "profile", "level", "view", "picture", "pictures",
                                                  "quality", "hash", "unknown", "dihedral_unknown", "width", "dihedral")]
    bad += [edited(record, **change) for change in (
        {"level": "exact"}, {"level": "slow"}, {"type": "file"}, {"status": "low_quality"}, {"status": "corrupt"},
        {"format": "gif"}, {"quality": 101}, {"quality": -1}, {"quality": 50.5}, {"quality": "50"}, {"quality": None},
        {"quality_range": [100]}, {"quality_range": [100, 100, 100]}, {"quality_range": [0, 1]}, {"hash": "12"},
        {"hash": "g" * 64}, {"unknown": "0" * 63}, {"dihedral": partial}, {"dihedral": {**partial, "none": "0" * 64}},
        {"digests": {"pdq": "0" * 64}}, {"digests": {"md5": ""}}, {"views": ["stored"]}, {"views": ["inside"]},
        {"views": ["gamma", "gamma"]}, {"unseen": False}, {"unseen": 1}, {"picture": 1}, {"pictures": 2**32},
        {"width": 0}, {"mask": "0" * 64}, {"path_base64": "YQ=="}, {"reason": "x" * 160}, {"reason": "bell\7"})]
    bad += [text[:-1], text + "}", text + ",", text.replace('"picture": 0', '"picture": 00'), text[:40], "{", "{}",
            "{\"type\":\"hash\"}", text.replace('"type"', '"typ\\u0000"'), text.replace('"hash",', '"hash" '),
            text[:-1] + ',"view":"stored"}', text.replace("stored", "\\ud800"), "{" * 5000,
            text[:-1] + ',"path_base64":"' + "A" * 70000 + '"}']
    for line in bad:
        result = query(index, [line])
        answer = result.records[0]
        assert answer["verdict"] == "unexamined" and answer["reason"] and result.code == 3, line[:300]
        assert record["hash"][:16] not in answer["reason"]
    assert "hash64" in query(index, [text], "--kind", "hash64").records[0]["reason"]
    # Names may be escaped; the order does not count.
    fine = json.dumps(dict(reversed(record.items()))).replace("view", "v\\u0069ew").replace('": ', '"\t:  ')
    assert query(index, [fine]).records[0]["verdict"] == "no_match"
