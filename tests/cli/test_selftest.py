# SPDX-License-Identifier: Apache-2.0
"""hashscan selftest: says what is in force, finds the known picture, and fails when something is wrong."""
import hashlib
import json
import os
import subprocess
import zlib

import pytest
from conftest import BUILD, HASHSCAN, build, run

SANITIZED = os.path.basename(BUILD) in ("asan", "tsan")
LEVELS = ("exact", "fast", "blocks")

# What libjpeg-turbo decodes, inverted; and a CPU whose digests are wrong.
SHIMS = {
    "pixels": r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <jpeglib.h>
JDIMENSION jpeg_read_scanlines(j_decompress_ptr d, JSAMPARRAY rows, JDIMENSION count) {
  JDIMENSION (*real)(j_decompress_ptr, JSAMPARRAY, JDIMENSION) = dlsym(RTLD_NEXT, "jpeg_read_scanlines");
  const JDIMENSION got = real(d, rows, count);
  for (JDIMENSION y = 0; y < got; y++)
    for (JDIMENSION x = 0; x < d->output_width / 2; x++) rows[y][x] ^= 255;
  return got;
}""",
    "digests": r"""
#include <openssl/evp.h>
int EVP_Digest(const void *data, size_t count, unsigned char *md, unsigned *size, const EVP_MD *type, ENGINE *engine) {
  (void)data, (void)count, (void)engine;
  for (int i = 0; i < EVP_MD_get_size(type); i++) md[i] = 7;
  if (size) *size = (unsigned)EVP_MD_get_size(type);
  return 1;
}""",
    "crash": r"""
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
boolean jpeg_start_decompress(j_decompress_ptr d) { (void)d; abort(); }"""}


def test_what_it_says():
    result = run("selftest", "--format", "jsonl")
    assert (result.code, result.err, len(result.records)) == (0, b"", 1)
    record = result.records[0]
    tier = run("--version").text.split("(")[1].rstrip(")\n")
    assert (record["type"], record["passed"], record["sandbox"], record["cpu"]) == ("selftest", True, "none", tier)
    assert record["version"] == run("--version").text.split()[1]
    assert {"libjpeg-turbo", "libpng", "libdeflate", "zlib", "xxhash", "libcrypto"} == set(record["libraries"])
    assert record["libraries"]["zlib"] == zlib.ZLIB_RUNTIME_VERSION or SANITIZED
    assert all(record["libraries"].values())
    assert record["decoders"] == ["jpeg", "jpeg-cmyk", "png"]
    tiers = [check["cpu"] for check in record["checks"]][::2 * len(LEVELS)]
    assert tier in tiers and "scalar" in tiers
    assert [(check["cpu"], check["level"], check["format"], check["matches"]) for check in record["checks"]] == [
        (cpu, level, form, matches) for cpu in tiers for level in LEVELS for form, matches in (("jpeg", 4), ("png", 1))]


def test_what_it_says_to_people():
    result = run("selftest")
    record = run("selftest", "--format", "jsonl").records[0]
    assert (result.code, result.err) == (0, b"")
    for word in ("libraries   libjpeg-turbo ", "decoders    jpeg, jpeg-cmyk, png\n", "sandbox     not built in\n",
                 f"SIMD        {record['cpu']}\n"):
        assert word in result.text
    assert result.text.endswith(f"passed      the known picture was found {len(record['checks'])} times\n")


def test_a_forced_tier_is_the_only_one():
    record = run("selftest", "--format", "jsonl", env={"HASHSCAN_CPU": "scalar"}).records[0]
    assert {check["cpu"] for check in record["checks"]} == {"scalar"} and record["passed"] is True
    result = run("selftest", env={"HASHSCAN_CPU": "quantum"})
    assert (result.code, len(result.errors)) == (2, 1) and "HASHSCAN_CPU" in result.errors[0]
    assert result.text.endswith("FAILED\n")


def test_nothing_is_left_behind(tmp_path):
    assert run("selftest", env={"TMPDIR": str(tmp_path)}).code == 0
    assert os.listdir(tmp_path) == []
    result = run("selftest", "--format", "jsonl", env={"TMPDIR": str(tmp_path / "missing")})
    assert result.code == 2 and "TMPDIR" in result.errors[0]
    assert result.records[0]["passed"] is False


def test_the_files_and_the_list(tmp_path):
    assert run("selftest", "--write", tmp_path).code == 0
    assert sorted(os.listdir(tmp_path)) == ["selftest.csv", "selftest.jpg", "selftest.png"]
    again = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    assert run("selftest", "--write", tmp_path).code == 0
    assert again == {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    listed = (tmp_path / "selftest.csv").read_text(encoding="ascii")
    for name in ("md5", "sha1", "sha256"):
        assert f"\n{hashlib.new(name, again['selftest.jpg']).hexdigest()},{name}," in listed
    records = run("hash", tmp_path / "selftest.jpg", tmp_path / "selftest.png").records
    assert records[0]["hash"] == records[1]["hash"] and f"\n{records[0]['hash']},pdq," in listed
    assert [(record["status"], record["quality"]) for record in records] == [("ok", 100)] * 2
    index = build(tmp_path, listed.splitlines(), "again.csv")
    result = run("scan", "--index", index, tmp_path / "selftest.jpg", tmp_path / "selftest.png")
    assert [len(record["matches"]) for record in result.records[:-1]] == [4, 1]


@pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be loaded first")
@pytest.mark.parametrize("shim, word", [("pixels", "jpeg at level exact: "), ("digests", "0 of 3 digests"),
                                        ("crash", "killed by signal 6")])
def test_it_fails_when_something_is_wrong(tmp_path, shim, word):
    source, library = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(SHIMS[shim])
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    done = subprocess.run([HASHSCAN, "selftest", "--format", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, env=dict(os.environ, LD_PRELOAD=str(library)))
    assert done.returncode == 2
    assert json.loads(done.stdout)["passed"] is False
    for line in done.stderr.decode().splitlines():
        assert line.startswith("hashscan: selftest failed (") and word in line


def test_usage(tmp_path):
    for arguments in (("x",), ("--write",), ("--write", tmp_path / "missing"), ("--format", "csv")):
        result = run("selftest", *arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), arguments
