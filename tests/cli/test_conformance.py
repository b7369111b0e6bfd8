# SPDX-License-Identifier: Apache-2.0
"""Hashes equal the reference's: the conformance pictures when they are there, generated pictures always. At level fast they
may differ in the bits that are marked unknown, and in no other."""
import csv
import io
import json
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("HASHSCAN_BUILD", "build"))
HASHSCAN = os.path.join(BUILD, "hashscan")
DATASET = os.path.join(BUILD, "hashscan-dataset")
CONFORMANCE = os.environ.get("HASHSCAN_CONFORMANCE", os.path.join(ROOT, "..", "shared", "conformance"))
GOLDEN = os.path.join(ROOT, "tests", "golden", "golden.csv")
GOLDEN_COUNT, GOLDEN_SEED = "120", "77"  # as in tests/golden/make_golden.py
TRANSFORMS = ("rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1")


def read_csv(path):
    with open(path, encoding="ascii", newline="") as rows:
        return list(csv.DictReader(rows))


def hash_csv(folder, names, profile):
    done = subprocess.run([HASHSCAN, "hash", "--format", "csv", "--dihedral", "--profile", profile, *names], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return {row["file"]: row for row in csv.DictReader(io.StringIO(done.stdout.decode()))}


def check_fast(folder, rows, column):
    """How many were hashed at fast; the rest went to exact. Every bit that is not marked unknown is the reference's."""
    done = subprocess.run([HASHSCAN, "hash", "--level", "fast", "--dihedral", *(row["file"] for row in rows)], cwd=folder,
                          stdout=subprocess.PIPE, check=True)
    records = {record["path"]: record for record in map(json.loads, done.stdout.splitlines())}
    fast = 0
    for row in rows:
        record = records[row["file"]]
        names = {column: record["hash"], **record["dihedral"]}
        masks = {column: record.get("unknown", "0"), **record.get("dihedral_unknown", {})}
        for name, digits in names.items():
            differ = int(digits, 16) ^ int(row[name], 16)
            assert differ & ~int(masks.get(name, "0"), 16) == 0, (row["file"], name)
        if record["level"] == "fast":
            fast += 1
            assert abs(record["quality"] - int(row[column.replace("hash", "quality")])) <= 2, row["file"]
    return fast


@pytest.fixture(scope="module")
def expected():
    path = os.path.join(CONFORMANCE, "expected.csv")
    if not os.path.exists(path):
        pytest.skip(f"SKIPPED, NOT CHECKED: no reference pictures at {CONFORMANCE}; set HASHSCAN_CONFORMANCE")
    return read_csv(path)


def test_full_profile_equals_the_reference(expected):
    actual = hash_csv(CONFORMANCE, [row["file"] for row in expected], "full")
    for row in expected:
        ours = actual[row["file"]]
        assert (ours["hash"], ours["quality"]) == (row["full_hash"], row["full_quality"]), row["file"]
        assert [ours[name] for name in TRANSFORMS] == [row[name] for name in TRANSFORMS], row["file"]


def test_certain_bits_of_fast_hashes_equal_the_reference(expected):
    assert check_fast(CONFORMANCE, expected, "full_hash") > len(expected) / 2


def test_nn512_profile_equals_the_reference(expected):
    actual = hash_csv(CONFORMANCE, [row["file"] for row in expected], "nn512")
    for row in expected:
        ours = actual[row["file"]]
        assert (ours["hash"], ours["quality"]) == (row["nn512_hash"], row["nn512_quality"]), row["file"]


def test_generated_pictures_equal_the_golden_vectors(tmp_path):
    golden = read_csv(GOLDEN)
    subprocess.run([DATASET, "pictures", "--out", str(tmp_path), "--count", GOLDEN_COUNT, "--seed", GOLDEN_SEED],
                   check=True, stdout=subprocess.DEVNULL)
    actual = hash_csv(tmp_path, [row["file"] for row in golden], "full")
    for row in golden:
        ours = actual[row["file"]]
        assert (ours["hash"], ours["quality"]) == (row["hash"], row["quality"]), row["file"]
        assert [ours[name] for name in TRANSFORMS] == [row[name] for name in TRANSFORMS], row["file"]
    assert check_fast(tmp_path, golden, "hash") > len(golden) / 2
