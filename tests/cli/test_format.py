# SPDX-License-Identifier: Apache-2.0
"""The independent reader of FORMAT.md agrees with hashscan about what real indexes hold."""
import csv
import io
import os
import random
import struct

import pytest
from conftest import run
from format_reader import KINDS, Refused, digest, read_index

LABELS = ("A1", "A2", "série", "x y")


def entries_of(seed, count, name, version, kinds=None):
    """Made-up entries as read_index gives them. Some hashes come twice, under another id."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        kind, width = draw.choice([pair for pair in KINDS if kinds is None or pair[0] in kinds])
        again = [entry for entry in made[-50:] if entry[0] == kind]
        value = draw.choice(again)[1] if again and draw.random() < 0.1 else draw.randbytes(width).hex()
        labels = tuple(draw.sample(LABELS, draw.randrange(3)))
        own = draw.choice((0, number, 2**64 - 1 - number))
        made.append((kind, value, name, version, f"id-{seed}-{number}" if draw.random() < 0.9 else "", labels, own))
    return made


def write_list(path, entries):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("kind", "hash", "id", "labels", "number"))
    for kind, value, _, _, entry_id, labels, number in entries:
        writer.writerow((kind, value, entry_id, ";".join(labels), number or ""))
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def change(*arguments):
    result = run("index", *arguments)
    assert result.code == 0, result.errors


def check(index, expected):
    """Reader and program know the same entries; the program's answers come through `query`."""
    assert sorted(read_index(index)) == sorted(expected)
    info = run("index", "info", index).records[0]
    assert info["entries"] == len(expected)
    for kind, _ in KINDS:
        wanted = [entry for entry in expected if entry[0] == kind]
        assert info["by_kind"][kind] == len(wanted)
        hashes = sorted({entry[1] for entry in wanted})[:300]
        result = run("query", index, "--kind", kind, "--radius", "0", stdin="\n".join(hashes).encode())
        found = [(kind, hashes[record["query"] - 1], match["list"], match["version"], match["id"],
                  tuple(match["labels"]), match.get("number", 0)) for record in result.records[:-1] for match in record["matches"]]
        assert sorted(found) == sorted(entry for entry in wanted if entry[1] in set(hashes))


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


def test_all_kinds_and_live_changes(index, tmp_path):
    first, second = entries_of(1, 400, "one", "v1"), entries_of(2, 300, "two", "v1")
    change("build", "-o", index, "--list", "one", "--list-version", "v1", write_list(tmp_path / "one.csv", first))
    check(index, first)
    change("add", index, "--list", "two", "--list-version", "v1", write_list(tmp_path / "two.csv", second))
    check(index, first + second)

    gone = first[7][1]
    change("remove", index, "--hash", gone, "--kind", first[7][0])
    rest = [entry for entry in first + second if entry[:2] != (first[7][0], gone)]
    check(index, rest)

    new = entries_of(3, 40, "one", "v2")
    kept = [entry for entry in rest if entry[2] == "one"][:200]
    listed = [(*entry[:3], "v2", *entry[4:]) for entry in kept] + new
    change("update", index, "--list", "one", "--list-version", "v2", write_list(tmp_path / "one2.csv", listed))
    check(index, listed + [entry for entry in rest if entry[2] == "two"])

    change("remove", index, "--list", "two")
    check(index, listed)
    change("compact", index)
    check(index, listed)


@pytest.mark.parametrize("kind", ["pdq", "hash64"])
def test_rings(index, tmp_path, kind):
    entries = entries_of(4, 4700, "ring", "", kinds=(kind,))
    change("build", "-o", index, "--list", "ring", write_list(tmp_path / "ring.csv", entries))
    check(index, entries)


def seal(data):
    """The digest of a header goes into it."""
    return data[:32] + digest(data[:32] + bytes(16) + data[48:]) + data[48:]


def segment_of_version_2(data):
    """Without the section of numbers, which is empty: a table of 24 rows, and what follows moves up by 64 bytes."""
    rows = [struct.unpack_from("<IIQQ16s", data, 64 + 40 * row) for row in range(25)]
    assert rows[24][3] == 0
    end = rows[23][2] + rows[23][3]
    table = b"".join(struct.pack("<IIQQ16s", *row[:2], row[2] - 64, *row[3:]) for row in rows[:24])
    head = data[:8] + struct.pack("<IIQ", 2, 24, end - 64) + data[24:64] + table
    return seal(head) + data[64 + len(head):end]


def make_version_2(index):
    manifest = bytearray((index / "MANIFEST").read_bytes())
    manifest[8:12] = struct.pack("<I", 2)
    for at in range(128, len(manifest), 32):
        old = index / f"segment-{manifest[at:at + 8].hex()}.hsi"
        segment = segment_of_version_2(old.read_bytes())
        old.unlink()
        manifest[at:at + 24] = segment[32:48] + struct.pack("<Q", len(segment))
        (index / f"segment-{segment[32:40].hex()}.hsi").write_bytes(segment)
    number, size = struct.unpack_from("<QQ", manifest, 64)
    if number:
        path = index / f"log-{number:016x}.hsl"
        log = path.read_bytes()
        log = log[:8] + struct.pack("<I", 2) + log[12:]
        path.write_bytes(log)
        manifest[80:96] = digest(log[:size])
    (index / "MANIFEST").write_bytes(seal(bytes(manifest)))


def test_version_2_is_read_and_becomes_version_3(index, tmp_path):
    plain = [(*entry[:6], 0) for entry in entries_of(8, 4600, "one", "v1", kinds=("pdq", "md5"))]
    more = [(*entry[:6], 0) for entry in entries_of(9, 30, "two", "v1")]
    change("build", "-o", index, "--list", "one", "--list-version", "v1", write_list(tmp_path / "one.csv", plain))
    change("add", index, "--list", "two", "--list-version", "v1", write_list(tmp_path / "two.csv", more))
    make_version_2(index)
    assert run("index", "verify", index).code == 0
    assert run("index", "info", index).records[0]["format_version"] == 2
    check(index, plain + more)

    numbered = entries_of(10, 20, "three", "")
    logs = {name for name in os.listdir(index) if name.startswith("log-")}
    change("add", index, "--list", "three", write_list(tmp_path / "three.csv", numbered))
    assert logs.isdisjoint(os.listdir(index))
    assert run("index", "info", index).records[0]["format_version"] == 3
    check(index, plain + more + numbered)
    change("compact", index)
    check(index, plain + more + numbered)


def test_the_reader_refuses_damage(index, tmp_path):
    entries = entries_of(5, 60, "one", "")
    change("build", "-o", index, "--list", "one", write_list(tmp_path / "one.csv", entries))
    change("add", index, "--list", "two", write_list(tmp_path / "two.csv", entries_of(6, 20, "two", "")))
    draw = random.Random(7)
    for name in sorted(os.listdir(index)):
        path = index / name
        good = path.read_bytes()
        for place in draw.sample(range(len(good)), min(40, len(good))):
            path.write_bytes(good[:place] + bytes([good[place] ^ 1 << draw.randrange(8)]) + good[place + 1:])
            with pytest.raises((Refused, FileNotFoundError)):
                read_index(index)
        path.write_bytes(good)
    assert len(read_index(index)) == 80
