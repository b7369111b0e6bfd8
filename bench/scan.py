#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole scans of generated pictures with one thread and with two, interleaved; prints medians and their ratio.

    bench/scan.py [--build build] [--files 10000] [--entries 100000] [--rounds 5] [--json FILE]

Pictures and index are made once under BUILD/bench-scan. One scan before the first round warms the page cache. The
benchmark fails when the records of two scans differ.
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
    pictures = os.path.join(root, f"pictures-{arguments.files}")
    index = os.path.join(root, f"index-{arguments.entries}")
    if not os.path.exists(pictures + ".done"):
        print(f"making {arguments.files} pictures ...", file=sys.stderr)
        run(dataset, "pictures", "--out", pictures, "--count", str(arguments.files), "--seed", "11")
        with open(pictures + ".done", "w", encoding="ascii"):
            pass
    hashes = index + ".txt"
    run(dataset, "hashes", "--out", hashes, "--count", str(arguments.entries), "--seed", "12", "--format", "text")
    run(hashscan, "index", "build", "-o", index, hashes, stdout=subprocess.DEVNULL)
    os.remove(hashes)
    return pictures, index


def scan(arguments, index, pictures, threads, output):
    start = time.monotonic()
    run(os.path.join(arguments.build, "hashscan"), "scan", "--index", index, "--threads", str(threads), "--output", output,
        pictures, expect=(0, 1))
    seconds = time.monotonic() - start
    with open(output, encoding="utf-8") as lines:
        return seconds, [line for line in lines if '"type":"file"' in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--entries", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    root = os.path.join(arguments.build, "bench-scan")
    os.makedirs(root, exist_ok=True)
    pictures, index = prepare(arguments, root)
    output = os.path.join(root, "results.jsonl")

    _, expected = scan(arguments, index, pictures, 2, output)
    times = {1: [], 2: []}
    for _ in range(arguments.rounds):
        for threads, seconds in times.items():
            taken, records = scan(arguments, index, pictures, threads, output)
            if records != expected:
                sys.exit(f"bench/scan.py: the records of a scan with {threads} threads differ")
            seconds.append(taken)
    one, two = statistics.median(times[1]), statistics.median(times[2])
    print(f"{len(expected)} files, {arguments.entries} entries, dihedral, radius 31, {arguments.rounds} rounds")
    print(f"1 thread   {one:7.2f} s  {len(expected) / one:7.0f} images/s")
    print(f"2 threads  {two:7.2f} s  {len(expected) / two:7.0f} images/s  {one / two:.2f} times one thread")
    if arguments.json:
        with open(arguments.json, "w", encoding="ascii") as out:
            json.dump({"files": len(expected), "entries": arguments.entries, "seconds": times, "ratio": one / two}, out)


if __name__ == "__main__":
    main()
