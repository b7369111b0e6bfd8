#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole scans of generated pictures, interleaved: screening with one thread and with two, and --level exact with one;
prints medians and their ratios.

    bench/scan.py [--build build] [--files 10000] [--entries 100000] [--size 1024x1024] [--rounds 5] [--json FILE]

Without --size the pictures have all sizes and formats, with it they are JPEG. Pictures and index are made once under
BUILD/bench-scan. One scan before the first round warms the page cache. The benchmark fails when the records of two scans
with the same level differ, or the verdicts of any two.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time


def run(*command, expect=(0,), **options):
    done = subprocess.run(command, check=False, **options)
    if done.returncode not in expect:
        sys.exit(f"bench/scan.py: {command[0]} {command[1]} ended with status {done.returncode}")


def prepare(arguments, root):
    dataset, hashscan = (os.path.join(arguments.build, name) for name in ("hashscan-dataset", "hashscan"))
    pictures = os.path.join(root, f"pictures-{arguments.files}-{arguments.size or 'all'}")
    index = os.path.join(root, f"index-{arguments.entries}")
    if not os.path.exists(pictures + ".done"):
        print(f"making {arguments.files} pictures ...", file=sys.stderr)
        size = ["--size", arguments.size, "--formats", "jpeg"] if arguments.size else []
        run(dataset, "pictures", "--out", pictures, "--count", str(arguments.files), "--seed", "11", *size)
        with open(pictures + ".done", "w", encoding="ascii"):
            pass
    hashes = index + ".txt"
    run(dataset, "hashes", "--out", hashes, "--count", str(arguments.entries), "--seed", "12", "--format", "text")
    run(hashscan, "index", "build", "-o", index, hashes, stdout=subprocess.DEVNULL)
    os.remove(hashes)
    return pictures, index


def scan(arguments, index, pictures, level, threads, output):
    start = time.monotonic()
    run(os.path.join(arguments.build, "hashscan"), "scan", "--index", index, "--level", level, "--threads", str(threads),
        "--output", output, pictures, expect=(0, 1))
    seconds = time.monotonic() - start
    with open(output, encoding="utf-8") as lines:
        return seconds, [line for line in lines if '"type":"file"' in line]


def verdicts(records):
    found = []
    for line in records:
        record = json.loads(line)
        found.append((record["path"], record["status"], record["verdict"], record["matches"]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--entries", type=int, default=100000)
    parser.add_argument("--size", help="WIDTHxHEIGHT of every picture, all JPEG")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    root = os.path.join(arguments.build, "bench-scan")
    os.makedirs(root, exist_ok=True)
    pictures, index = prepare(arguments, root)
    output = os.path.join(root, "results.jsonl")

    kinds = (("fast", 1), ("fast", 2), ("exact", 1))
    expected = {level: scan(arguments, index, pictures, level, 2, output)[1] for level in ("fast", "exact")}
    if verdicts(expected["fast"]) != verdicts(expected["exact"]):
        sys.exit("bench/scan.py: screening and exact give different verdicts")
    times = {kind: [] for kind in kinds}
    for _ in range(arguments.rounds):
        for level, threads in kinds:
            taken, records = scan(arguments, index, pictures, level, threads, output)
            if records != expected[level]:
                sys.exit(f"bench/scan.py: the records of a scan with {threads} threads differ")
            times[level, threads].append(taken)
    count = len(expected["exact"])
    one, two, exact = (statistics.median(times[kind]) for kind in kinds)
    print(f"{count} files, {arguments.entries} entries, dihedral, radius 31, {arguments.rounds} rounds")
    print(f"screening, 1 thread   {one:7.2f} s  {count / one:7.0f} images/s  {exact / one:.2f} times exact")
    print(f"screening, 2 threads  {two:7.2f} s  {count / two:7.0f} images/s  {one / two:.2f} times one thread")
    print(f"exact, 1 thread       {exact:7.2f} s  {count / exact:7.0f} images/s")
    if arguments.json:
        seconds = {f"{level}-{threads}": times[level, threads] for level, threads in kinds}
        with open(arguments.json, "w", encoding="ascii") as out:
            json.dump({"files": count, "entries": arguments.entries, "seconds": seconds, "threads_ratio": one / two,
                       "screening_ratio": exact / one}, out)


if __name__ == "__main__":
    main()
