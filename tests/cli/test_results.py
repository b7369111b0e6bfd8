# SPDX-License-Identifier: Apache-2.0
"""The file of scan --output: what it may replace, who may read it, and how it reaches the disk."""
import os
import subprocess
import time

import pytest
from conftest import HASHSCAN, picture, run, write
from test_scan import open_ended_scan, scan


def test_the_partial_file_is_replaced_only_when_it_holds_results(tree):
    target, partial, other = tree / "results.jsonl", tree / "results.jsonl.partial", tree / "other"

    def refused():
        result = scan(tree, "--output", target, tree / "in" / "0.png")
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1)
        assert f"{partial}: " in result.errors[0] and not target.exists()

    for data in (b"precious", b"{", picture(1)):
        write(partial, data)
        refused()
        assert partial.read_bytes() == data
    partial.unlink()
    write(other, b"")
    for make in (lambda: partial.symlink_to(other), lambda: partial.symlink_to("nowhere"), partial.mkdir,
                 lambda: os.mkfifo(partial)):
        make()
        before = partial.lstat()
        refused()
        assert partial.lstat() == before
        partial.rmdir() if partial.is_dir() else partial.unlink()
    assert other.read_bytes() == b"" and not (tree / "nowhere").exists()
    for data in (b"", b'{"type":"file"'):  # what an interrupted run leaves behind; here it has a second name
        write(other, data)
        os.link(other, partial)
        assert scan(tree, "--output", target, tree / "in" / "0.png").code == 0
        assert other.read_bytes() == data and not partial.exists()
        assert len(target.read_text().splitlines()) == 2
        target.unlink()


def test_two_scans_do_not_write_one_file(tree):
    target, partial = tree / "results.jsonl", tree / "results.jsonl.partial"
    process = open_ended_scan(tree, "--output", target)
    until = time.monotonic() + 30
    while time.monotonic() < until and not (partial.exists() and partial.read_text().count("\n") == 3):
        time.sleep(0.01)
    result = scan(tree, "--output", target, tree / "in" / "0.png")
    assert (result.code, len(result.errors)) == (2, 1) and "is being written by another process" in result.errors[0]
    process.stdin.close()
    assert process.wait(30) == 1
    assert len(target.read_text().splitlines()) == 4


def test_a_result_file_reaches_the_disk_with_its_name(tree):
    """fsync of the file, rename, fsync of its folder, in this order."""
    with open(HASHSCAN, "rb") as program:
        if b"__asan_init" in program.read():
            pytest.skip("AddressSanitizer wants no library before its own")
    shim = write(tree / "shim.c", SHIM)
    if subprocess.run(["cc", "-shared", "-fPIC", "-o", tree / "shim.so", shim, "-ldl"], check=False).returncode != 0:
        pytest.skip("no C compiler to watch system calls with")
    for target in (tree / "results.jsonl", "results.jsonl"):
        watched = tree / "watched"
        result = run("scan", "--index", tree / "index", "--output", target, tree / "in" / "0.png", cwd=tree,
                     env={"LD_PRELOAD": str(tree / "shim.so"), "WATCHED": str(watched)})
        assert result.code == 0, result.errors
        assert watched.read_text().splitlines() == [f"fsync {tree}/results.jsonl.partial", "rename", f"fsync {tree}"]
        watched.unlink()


SHIM = rb"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void watch(const char *call, const char *path) {
  FILE *file = fopen(getenv("WATCHED"), "a");
  fprintf(file, path == NULL ? "%s\n" : "%s %s\n", call, path);
  fclose(file);
}
int fsync(int fd) {
  char link[64], path[4096] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, path, sizeof path - 1) > 0) watch("fsync", path);
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int rename(const char *from, const char *to) {
  watch("rename", NULL);
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
"""


def test_results_with_hashes_are_for_their_owner(tree):
    target = tree / "results.jsonl"
    before = os.umask(0o022)
    try:
        for arguments, mode in (((), 0o644), (("--emit-hash",), 0o600), ((), 0o644)):
            assert scan(tree, "--output", target, *arguments, tree / "in" / "0.png").code == 0
            assert target.stat().st_mode & 0o7777 == mode
    finally:
        os.umask(before)
