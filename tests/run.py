#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test of a build and ends with the line `N passed, N failed, N skipped`.

What runs: each cmocka program in BUILD/tests/ (test_*), those with SIMD kernels again with every lower tier forced by
HASHSCAN_CPU, each fuzz target over valid inputs of its kind, and pytest over tests/cli. Skips are printed with their reason.
"""
import argparse
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIERS = ("avx2", "scalar")  # forced below the machine's best one
TIERED = ("test_pdq", "test_fast", "test_fast_blocks", "test_fast_worst", "test_planes_hash", "test_png_fast",
          "test_png_fast_hostile", "test_png_views", "test_hamming", "test_searcher", "test_sweep", "test_match",
          "test_match_reload", "test_screen")
TIMEOUT_SECONDS = 1500


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def run(command, env):
    """Exit code and output of a command; a hang is a failure with the output so far."""
    try:
        done = subprocess.run(command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as expired:
        return -1, (expired.stdout or b"").decode(errors="replace") + "\nTIMED OUT\n"


def report(label, seconds, counts, output, show):
    passed, failed, skipped = counts
    print(f"{'FAIL' if failed else 'ok':4}  {label:44} {passed:4} passed {failed:3} failed {skipped:3} skipped "
          f"{seconds:7.1f} s", flush=True)
    for line in output.splitlines():
        if show or re.search(r"SKIPPED|^bench:", line):
            print("      " + line)


def run_cmocka(program, env, label, totals):
    start = time.monotonic()
    code, output = run([program], env)
    # Other output may share the line with cmocka's own, so look for the marks wherever they stand.
    passed = len(re.findall(r"\[       OK \] ", output))
    failed = len(set(re.findall(r"\[  FAILED  \] (test_\w+)", output)))
    skipped = len(re.findall(r"\[  SKIPPED \] test_", output))
    if code != 0 and failed == 0:
        failed = 1  # crashed, hung or leaked
        output += f"\nexit status {code}\n"
    if passed + failed + skipped == 0:
        failed = 1
        output += "\nno test ran\n"
    totals.add(passed, failed, skipped)
    report(label, time.monotonic() - start, (passed, failed, skipped), output, failed > 0)


def run_pytest(build, env, title, totals):
    report_file = os.path.join(build, "tests", "pytest.xml")
    start = time.monotonic()
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--junitxml", report_file,
               "tests/cli"]
    if os.path.exists(report_file):
        os.remove(report_file)
    code, output = run(command, env)
    try:
        suite = ElementTree.parse(report_file).getroot().find("testsuite")
        failed = int(suite.get("failures")) + int(suite.get("errors"))
        skipped = int(suite.get("skipped"))
        passed = int(suite.get("tests")) - failed - skipped
    except (OSError, ElementTree.ParseError):
        passed, failed, skipped = 0, 1, 0
    if code not in (0, 1) and failed == 0:
        failed = 1
    totals.add(passed, failed, skipped)
    report(f"pytest tests/cli{title}", time.monotonic() - start, (passed, failed, skipped), output, failed > 0)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_shown_seeds(folder):
    """PNGs and JPEGs of the folder again, with what changes the way they are shown: transparency, gamma, animation,
    colours, a profile; and cut."""
    colors = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    frame = struct.pack(">5I2H2B", 0, 80, 80, 0, 0, 1, 1, 0, 0)
    curve = b"curv\0\0\0\0\0\0\0\1\2\x33"
    profile = (bytes(12) + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(88) + struct.pack(">I4sII", 1, b"kTRC", 144, 14) +
               curve)
    chunks = [(b"gAMA", struct.pack(">I", gamma)) for gamma in (45455, 100000, 1500)]
    chunks += [(b"cHRM", colors), (b"cICP", b"\x09\x10\0\1"), (b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", frame),
               (b"iCCP", b"x\0\0" + zlib.compress(profile))]
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            data = file.read()
        variants = [data[:len(data) * 2 // 3]]
        if data.startswith(b"\x89PNG"):
            at = data.index(b"IDAT") - 4
            key = {0: 2, 2: 6, 3: 40}.get(data[25])
            every = chunks + ([(b"tRNS", data[at + 60:at + 60 + key])] if key else [])
            variants += [data[:at] + png_chunk(*chunk) + data[at:] for chunk in every]
            variants.append(data[:at] + b"".join(png_chunk(*chunk) for chunk in every) + data[at:])
        elif data.startswith(b"\xff\xd8"):
            piece = b"ICC_PROFILE\0\1\1" + profile
            variants.append(data[:2] + b"\xff\xe2" + struct.pack(">H", len(piece) + 2) + piece + data[2:])
        for i, variant in enumerate(variants):
            with open(f"{path}.{i}", "wb") as file:
                file.write(variant)


def write_descriptions(folder):
    """Any bytes describe a JPEG to fuzz_crafted_jpeg."""
    os.makedirs(folder)
    chance = random.Random(7)
    for number in range(40):
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(chance.randbytes(20 + 4 * number))


def make_seeds(build):
    """One folder a fuzz target with valid inputs of its kind: pictures, lists, the files of an index."""
    seeds = os.path.join(build, "tests", "seeds")
    shutil.rmtree(seeds, ignore_errors=True)
    folders = {name: os.path.join(seeds, name) for name in ("image", "list", "index", "log")}
    os.makedirs(folders["list"])
    dataset, hashscan = os.path.join(build, "hashscan-dataset"), os.path.join(build, "hashscan")
    commands = [[dataset, "pictures", "--out", folders["image"], "--count", "40", "--seed", "9", "--side", "80"]]
    for form in ("text", "csv"):
        commands.append([dataset, "hashes", "--out", os.path.join(folders["list"], form), "--count", "50", "--format",
                         form])
    for name in ("index", "log"):
        commands.append([hashscan, "index", "build", "-o", folders[name], os.path.join(folders["list"], "csv")])
    commands.append([hashscan, "index", "add", folders["log"], os.path.join(folders["list"], "text")])
    commands.append([hashscan, "index", "update", "--list", "csv", "--list-version", "2", folders["log"],
                     os.path.join(folders["list"], "text")])
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    write_shown_seeds(folders["image"])
    folders["jpeg_blocks"] = folders["png_fast"] = folders["image"]
    folders["match"] = os.path.join(seeds, "match")
    subprocess.run([dataset, "pictures", "--out", folders["match"], "--count", "20", "--seed", "5", "--side", "160"],
                   check=True, stdout=subprocess.DEVNULL)
    folders["crafted_jpeg"] = os.path.join(seeds, "crafted_jpeg")
    write_descriptions(folders["crafted_jpeg"])
    return folders


def run_replay(program, folder, env, label, totals):
    """A fuzz target over its seeds: it aborts on a broken promise."""
    start = time.monotonic()
    code, output = run([program, folder], env)
    counts = (1, 0, 0) if code == 0 and re.search(r"[1-9]\d* input", output) else (0, 1, 0)
    totals.add(*counts)
    report(label, time.monotonic() - start, counts, output, counts[1] > 0)


def best_tier(build):
    flags = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
            flags = cpuinfo.read()
    except OSError:
        pass
    return "avx2" if " avx2 " in flags else "scalar"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--title", default="")
    parser.add_argument("--only", default="", help="comma-separated names: test_pdq, replay, pytest, ...")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    build = os.path.join(ROOT, arguments.build)
    title = f" ({arguments.title})" if arguments.title else ""
    folder = os.path.join(build, "tests")
    env = dict(os.environ, HASHSCAN_BUILD=build, ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1",
               UBSAN_OPTIONS="print_stacktrace=1", TSAN_OPTIONS="halt_on_error=1")
    env.pop("HASHSCAN_CPU", None)
    env.pop("HASHSCAN_SOUND_DUMP", None)  # it makes tests write their files instead of checking them
    totals = Totals()

    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"test_\w+", name))
    for name in names:
        if only and name not in only:
            continue
        program = os.path.join(folder, name)
        run_cmocka(program, env, name + title, totals)
        for tier in TIERS if name in TIERED else ():
            if tier == "avx2" and best_tier(build) == "scalar":
                print(f"      SKIPPED: {name} with HASHSCAN_CPU={tier}: this CPU has none")
                totals.add(0, 0, 1)
                continue
            run_cmocka(program, dict(env, HASHSCAN_CPU=tier), f"{name} HASHSCAN_CPU={tier}{title}", totals)
    if not only or "replay" in only:
        for name, seeds in make_seeds(build).items():
            run_replay(os.path.join(folder, f"fuzz_{name}"), seeds, env, f"fuzz_{name} (seeds){title}", totals)
    if not only or "pytest" in only:
        run_pytest(build, env, title, totals)

    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    sys.exit(1 if totals.failed else 0)


if __name__ == "__main__":
    main()
