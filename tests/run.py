#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test of a build and ends with the line `N passed, N failed, N skipped`.

What runs: each cmocka program in BUILD/tests/ (test_*), those with SIMD kernels again with every lower tier forced by
HASHSCAN_CPU, each fuzz target over valid inputs of its kind, and pytest over each file of tests/cli. As many of them run
at a time as there are CPUs for this process; whatever one writes lies in a fresh folder of its own. The output of each is
printed whole when it ends. Skips are printed with their reason. No test has to be the only one that runs: where one
measures, it prints, and those times are taken beside other programs.
"""
import argparse
import concurrent.futures
import functools
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
TIERS = ("avx512", "avx2", "scalar")  # those below the machine's own are forced
TIERED = ("test_pdq", "test_fast", "test_fast_blocks", "test_fast_worst", "test_planes_hash", "test_png_fast",
          "test_png_fast_hostile", "test_png_views", "test_hamming", "test_searcher", "test_sweep", "test_match",
          "test_match_reload", "test_screen")
TIMEOUT_SECONDS = 1500
# In this order, as they were measured. A name that is missing or out of place costs time and nothing else.
LONGEST = ("test_index_grid", "test_searcher HASHSCAN_CPU=scalar", "test_sound_files", "test_sound_plain",
           "test_sound_rounding", "pytest test_install.py", "pytest test_full_disk.py",
           "test_sweep HASHSCAN_CPU=scalar", "test_sweep", "test_png_fast HASHSCAN_CPU=scalar", "test_png_fast",
           "test_jpeg_blocks", "test_planes_hash HASHSCAN_CPU=scalar", "pytest test_query.py", "pytest test_scan.py",
           "pytest test_terminal.py", "pytest test_dataset.py", "pytest test_conformance.py", "test_sound_markers",
           "test_sound_scans", "test_pdq", "test_pdq HASHSCAN_CPU=scalar", "test_update_crash",
           "test_jpeg_blocks_hostile", "test_planes", "test_info_damage", "test_sound_known", "test_searcher",
           "test_update", "test_index_properties")


def count_cmocka(code, output):
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
    return (passed, failed, skipped), output


def count_replay(code, output):
    """A fuzz target aborts on a broken promise; one that read nothing has shown nothing."""
    good = code == 0 and re.search(r"[1-9]\d* input", output)
    return ((1, 0, 0) if good else (0, 1, 0)), output


def count_pytest(report_file, code, output):
    try:
        suite = ElementTree.parse(report_file).getroot().find("testsuite")
        failed = int(suite.get("failures")) + int(suite.get("errors"))
        skipped = int(suite.get("skipped"))
        passed = int(suite.get("tests")) - failed - skipped
    except (OSError, ElementTree.ParseError):
        passed, failed, skipped = 0, 1, 0
    if code != 0 and failed == 0:
        failed = 1
    return (passed, failed, skipped), output


class Job:
    """One process to run. `count` reads its exit code and output: ((passed, failed, skipped), what to show)."""

    def __init__(self, label, command, env, count):
        self.label, self.command, self.env, self.count = label, command, env, count
        self.counts, self.output, self.seconds = (0, 0, 0), "", 0.0

    def run(self):
        """A hang is a failure with the output so far."""
        start = time.monotonic()
        try:
            done = subprocess.run(self.command, env=self.env, cwd=ROOT, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS, check=False)
            code, output = done.returncode, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as expired:
            code, output = -1, (expired.stdout or b"").decode(errors="replace") + "\nTIMED OUT\n"
        self.seconds = time.monotonic() - start
        self.counts, self.output = self.count(code, output)
        return self

    def report(self, title):
        passed, failed, skipped = self.counts
        lines = [f"{'FAIL' if failed else 'ok':4}  {self.label + title:44} {passed:4} passed {failed:3} failed "
                 f"{skipped:3} skipped {self.seconds:7.1f} s"]
        lines += ["      " + line for line in self.output.splitlines() if failed or re.search(r"SKIPPED|^bench:", line)]
        print("\n".join(lines), flush=True)


def pytest_job(build, name, env):
    """The tests of one file of tests/cli."""
    report_file = os.path.join(build, "tests", f"pytest-{name}.xml")
    if os.path.exists(report_file):
        os.remove(report_file)
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--junitxml", report_file,
               f"tests/cli/{name}"]
    return Job(f"pytest {name}", command, env, functools.partial(count_pytest, report_file))


def run_all(jobs, workers, title):
    """Runs the jobs, the longest first so that none of them is left over at the end; each is reported when it ends."""
    jobs.sort(key=lambda job: LONGEST.index(job.label) if job.label in LONGEST else len(LONGEST))
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    try:
        for future in concurrent.futures.as_completed([pool.submit(job.run) for job in jobs]):
            future.result().report(title)
    finally:
        pool.shutdown(cancel_futures=True)


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
    """Any bytes describe a JPEG to fuzz_crafted_jpeg, and changes to fuzz_blob."""
    os.makedirs(folder)
    chance = random.Random(7)
    for number in range(40):
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(chance.randbytes(20 + 4 * number))


def write_image_hashes(hashscan, pictures, folder):
    """Image hashes in their written form, at each level."""
    os.makedirs(folder)
    paths = sorted(os.path.join(pictures, name) for name in os.listdir(pictures) if name.endswith((".jpg", ".png")))[:10]
    for level in ("exact", "fast", "blocks"):
        command = [hashscan, "hash", "--format", "binary", "--dihedral", "--digests", "md5,sha256", "--level", level]
        done = subprocess.run(command + paths + [__file__], check=False, stdout=subprocess.PIPE)
        for number in range(len(done.stdout) // 800):
            with open(os.path.join(folder, f"{level}-{number}"), "wb") as file:
                file.write(done.stdout[800 * number:800 * (number + 1)])


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
    folders["jpeg_blocks"] = folders["jpeg_lanes"] = folders["png_fast"] = folders["image"]
    folders["match"] = os.path.join(seeds, "match")
    subprocess.run([dataset, "pictures", "--out", folders["match"], "--count", "20", "--seed", "5", "--side", "160"],
                   check=True, stdout=subprocess.DEVNULL)
    folders["image_hash"] = os.path.join(seeds, "image_hash")
    write_image_hashes(hashscan, folders["match"], folders["image_hash"])
    folders["crafted_jpeg"] = os.path.join(seeds, "crafted_jpeg")
    write_descriptions(folders["crafted_jpeg"])
    folders["blob"] = folders["crafted_jpeg"]  # any bytes say what to change in a valid one
    return folders


def lower_tiers(build, env):
    """Those below the one that the programs run with by themselves, which is NEON or one of TIERS."""
    done = subprocess.run([os.path.join(build, "hashscan"), "--version"], env=env, check=True,
                          stdout=subprocess.PIPE)
    best = re.search(r"\((\w+)\)", done.stdout.decode()).group(1)
    return TIERS[TIERS.index(best) + 1:] if best in TIERS else TIERS[-1:]


def cmocka_jobs(folder, only, env, lower):
    """Each program, and each one with kernels again with the lower tiers."""
    jobs = []
    for name in sorted(name for name in os.listdir(folder) if re.fullmatch(r"test_\w+", name)):
        if only and name not in only:
            continue
        program = os.path.join(folder, name)
        jobs.append(Job(name, [program], env, count_cmocka))
        for tier in lower if name in TIERED else ():
            jobs.append(Job(f"{name} HASHSCAN_CPU={tier}", [program], dict(env, HASHSCAN_CPU=tier), count_cmocka))
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--title", default="")
    parser.add_argument("--only", default="", help="comma-separated names: test_pdq, replay, pytest, ...")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="programs at a time")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    build = os.path.join(ROOT, arguments.build)
    folder = os.path.join(build, "tests")
    env = dict(os.environ, HASHSCAN_BUILD=build, ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1",
               UBSAN_OPTIONS="print_stacktrace=1", TSAN_OPTIONS="halt_on_error=1")
    env.pop("HASHSCAN_CPU", None)
    env.pop("HASHSCAN_SOUND_DUMP", None)  # it makes tests write their files instead of checking them

    jobs = cmocka_jobs(folder, only, env, lower_tiers(build, env))
    if not only or "replay" in only:
        for name, seeds in make_seeds(build).items():
            jobs.append(Job(f"fuzz_{name} (seeds)", [os.path.join(folder, f"fuzz_{name}"), seeds], env, count_replay))
    if not only or "pytest" in only:
        names = sorted(name for name in os.listdir(os.path.join(ROOT, "tests", "cli")) if name.startswith("test_"))
        jobs += [pytest_job(build, name, env) for name in names]
    run_all(jobs, max(1, arguments.jobs), f" ({arguments.title})" if arguments.title else "")

    passed, failed, skipped = (sum(job.counts[i] for job in jobs) for i in range(3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
