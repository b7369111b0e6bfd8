# SPDX-License-Identifier: Apache-2.0
"""hashscan query: answers, streaming, exit codes."""
import csv
import hashlib
import io
import os
import random
import select
import subprocess

import pytest
from conftest import build, flip_bits, run, start

KNOWN = f"{random.Random(7).getrandbits(256):064x}"
OTHER = f"{random.Random(8).getrandbits(256):064x}"
MD5 = hashlib.md5(b"x").hexdigest()
SHA1 = hashlib.sha1(b"x").hexdigest()
SHA256 = hashlib.sha256(b"x").hexdigest()


@pytest.fixture
def index(tmp_path):
    lines = ["hash,kind,id,labels", f"{KNOWN},pdq,k1,A1;B2", f"{MD5},md5,m1,", f"{SHA1},sha1,s1,",
             f"{SHA256},sha256,t1,"]
    return build(tmp_path, lines, "demo.csv", ("--list-version", "7"))


def test_a_match_says_what_it_matched(index):
    result = run("query", index, flip_bits(KNOWN, 8))
    assert result.code == 1
    query, summary = result.records
    assert query == {"type": "query", "query": 1, "kind": "pdq", "verdict": "match", "matches": [
        {"list": "demo", "version": "7", "id": "k1", "kind": "pdq", "distance": 8, "labels": ["A1", "B2"]}]}
    assert (summary["queries"], summary["match"], summary["no_match"], summary["unexamined"]) == (1, 1, 0, 0)
    assert summary["radius"] == 31 and summary["interrupted"] is False
    info = run("index", "info", index).records[0]
    assert summary["index"] == {"entries": 4, "digest": info["digest"]}


def test_no_match(index):
    result = run("query", index, OTHER)
    assert result.code == 0
    assert result.records[0] == {"type": "query", "query": 1, "kind": "pdq", "verdict": "no_match", "matches": []}


@pytest.mark.parametrize("radius, distance, code", [(None, 31, 1), (None, 32, 0), (0, 0, 1), (0, 1, 0), (40, 40, 1),
                                                    (40, 41, 0), (256, 256, 1)])
def test_the_radius_is_inclusive(index, radius, distance, code):
    options = () if radius is None else ("--radius", str(radius))
    result = run("query", *options, index, flip_bits(KNOWN, distance))
    assert result.code == code
    if code == 1:
        assert result.records[0]["matches"][0]["distance"] == distance


def test_digests_are_told_by_length_or_kind(index):
    records = run("query", index, MD5.upper(), SHA1, SHA256, flip_bits(KNOWN, 1)).records
    assert [record["verdict"] for record in records[:4]] == ["match", "match", "no_match", "match"]
    assert [record["kind"] for record in records[:4]] == ["md5", "sha1", "pdq", "pdq"]
    assert run("query", index, "--kind", "sha256", SHA256).records[0]["matches"][0]["id"] == "t1"


def test_hashes_are_left_out_unless_asked_for(index):
    query = flip_bits(KNOWN, 3)
    assert query not in run("query", index, query).text
    assert run("query", "--emit-hash", index, query.upper()).records[0]["hash"] == query


def test_standard_input_with_comments_and_bad_lines(index):
    lines = f"# header\n\n{KNOWN}\n  {OTHER}\t# tail\nxyz\n{KNOWN[:-1]}g\r\n{KNOWN}\r\n{MD5}"
    result = run("query", index, stdin=lines.encode())
    assert result.code == 1
    assert run("query", index, stdin=b"xyz\n").code == 3
    answers = result.records[:-1]
    assert [(answer["query"], answer["line"], answer["verdict"]) for answer in answers] == [
        (1, 3, "match"), (2, 4, "no_match"), (3, 5, "unexamined"), (4, 6, "unexamined"), (5, 7, "match"),
        (6, 8, "match")]
    assert all(("reason" in answer) == (answer["verdict"] == "unexamined") for answer in answers)
    assert KNOWN[:20] not in result.text
    assert (result.summary["queries"], result.summary["unexamined"]) == (6, 2)


def test_a_line_without_end_is_one_bad_query(index):
    result = run("query", index, stdin=b"a" * 300000 + b"\n" + KNOWN.encode() + b"\n")
    assert result.code == 1
    assert [answer["verdict"] for answer in result.records[:-1]] == ["unexamined", "match"]


def test_empty_input(index):
    result = run("query", index, stdin=b"")
    assert result.code == 0
    assert result.summary["queries"] == 0


def test_csv(index):
    result = run("query", "--format", "csv", "--emit-hash", index, flip_bits(KNOWN, 2), OTHER, "junk")
    rows = list(csv.DictReader(io.StringIO(result.text)))
    assert [row["verdict"] for row in rows] == ["match", "no_match", "unexamined"]
    assert rows[0] == {"query": "1", "verdict": "match", "kind": "pdq", "distance": "2", "list": "demo", "version": "7",
                       "id": "k1", "labels": "A1;B2", "reason": "", "hash": flip_bits(KNOWN, 2)}
    assert rows[1]["kind"] == "pdq" and rows[1]["hash"] == OTHER
    assert rows[2]["reason"] and rows[2]["hash"] == ""
    assert result.code == 1


@pytest.mark.parametrize("wanted, code", [("match", 1), ("match,no_match", 1), ("no_match", 3), ("unexamined", 3),
                                          ("not_image", 0), ("none", 0)])
def test_fail_on(index, wanted, code):
    assert run("query", "--fail-on", wanted, index, KNOWN, OTHER, "junk").code == code
    assert run("query", "--fail-on", "corrupt", index, KNOWN).code == 2  # a status of files


def test_many_queries_equal_brute_force(tmp_path):
    values = random.Random(3)
    listed = [values.getrandbits(256) for _ in range(300)]
    listed += listed[:20]  # equal hashes under other ids
    index = build(tmp_path, ["hash,id"] + [f"{value:064x},{i}" for i, value in enumerate(listed)], "many.csv")
    queries = [int(flip_bits(f"{values.choice(listed):064x}", values.randrange(60), i), 16) for i in range(2500)]
    result = run("query", "--radius", "40", index, stdin="".join(f"{query:064x}\n" for query in queries).encode())
    for query, answer in zip(queries, result.records):
        distances = ((bin(query ^ value).count("1"), i) for i, value in enumerate(listed))
        expected = sorted(pair for pair in distances if pair[0] <= 40)
        assert [(match["distance"], int(match["id"])) for match in answer["matches"]] == expected
    assert [answer["query"] for answer in result.records[:-1]] == list(range(1, 2501))


def test_more_hits_than_a_batch_may_hold(tmp_path):
    """A radius of 256 matches everything: 1500 queries x 1000 entries overflow a batch, and are answered in parts."""
    values = random.Random(4)
    index = build(tmp_path, [f"{values.getrandbits(256):064x}" for _ in range(1000)])
    queries = "".join(f"{values.getrandbits(256):064x}\n" for _ in range(1500))
    result = run("query", "--radius", "256", "--format", "csv", index, stdin=queries.encode())
    counts = {}
    for line in result.text.splitlines()[1:]:
        number = int(line.split(",")[0])
        counts[number] = counts.get(number, 0) + 1
    assert counts == {number: 1000 for number in range(1, 1501)}
    assert list(counts) == sorted(counts)


def test_answers_come_while_the_stream_is_open(index):
    process = start("query", index, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for query, verdict in ((KNOWN, b'"match"'), (OTHER, b'"no_match"')):
        process.stdin.write(query.encode() + b"\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], 30)[0], "no answer while the pipe is open"
        assert verdict in process.stdout.readline()
    process.stdin.close()
    assert process.wait(30) == 1


@pytest.mark.parametrize("number", [2, 15])
@pytest.mark.parametrize("query, code", [(KNOWN, 1), (OTHER, 4)])
def test_a_signal_ends_the_stream_cleanly(index, number, query, code):
    process = start("query", index, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(query.encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    os.kill(process.pid, number)
    assert process.wait(30) == code
    assert b'"interrupted":true' in process.stdout.read()
    process.stdin.close()


def test_usage_and_index_errors(index, tmp_path):
    for arguments in (("query",), ("query", "--radius", "257", index, KNOWN), ("query", "--radius", "-1", index, KNOWN),
                      ("query", "--radius", "3x", index, KNOWN), ("query", tmp_path / "missing", KNOWN)):
        result = run(*arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), arguments


def test_many_queries_are_answered_as_single_ones_are(tmp_path):
    """So many that the tables of an index of this size are swept once for all of them, and more than fit one batch."""
    numbers = random.Random(9)
    entries = [f"{numbers.getrandbits(256):064x}" for _ in range(30000)]
    index = build(tmp_path, ["hash,id"] + [f"{entry},{i}" for i, entry in enumerate(entries)], "many.csv")
    queries = [f"{numbers.getrandbits(256):064x}" for _ in range(40000)]
    planted = {i: (numbers.randrange(30000), numbers.randrange(36)) for i in range(0, 40000, 37)}
    for i, (entry, distance) in planted.items():
        queries[i] = flip_bits(entries[entry], distance)
    queries[5] = "not a hash"
    records = run("query", index, stdin="\n".join(queries).encode()).records
    assert [record["query"] for record in records[:-1]] == list(range(1, 40001))
    expected = {i: [(str(entry), distance)] for i, (entry, distance) in planted.items() if distance <= 31}
    found = {i: [(match["id"], match["distance"]) for match in record["matches"]]
             for i, record in enumerate(records[:-1]) if record["matches"]}
    assert found == expected and records[5]["verdict"] == "unexamined"
    assert records[-1]["match"] == len(expected)
    some = sorted(expected)[:3]
    for i in some:
        assert run("query", index, queries[i]).records[0]["matches"] == records[i]["matches"]
