#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole scans, interleaved: levels fast, blocks and exact with one thread, fast also with two; prints medians and their
ratios.

    bench/scan.py [--build build] [--files 10000] [--entries 100000] [--size 1024x1024] [--rounds 5] [--json FILE]
                  [FOLDER [--repeat 1]]

Scans FOLDER, or generated pictures: without --size of all sizes and formats, with it JPEG. --repeat makes a small folder
longer: so many copies of each file, with a number behind its end, since equal files are decoded once. Pictures and index
are made once under BUILD/bench-scan. Times are those of the scan's summary, without opening the index. One scan before the first round warms the page cache. The benchmark fails when the records
of two scans with the same level differ, or the verdicts of fast and exact; how many of blocks differ is printed.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys


def run(*command, expect=(0,), **options):
    done = subprocess.run(command, check=False, **options)
    if done.returncode not in expect:
        sys.exit(f"bench/scan.py: {command[0]} {command[1]} ended with status {done.returncode}")


def repeated(arguments, root):
    if arguments.repeat == 1:
        return arguments.folder
    copies = os.path.join(root, "repeated")
    shutil.rmtree(copies, ignore_errors=True)
    os.makedirs(copies)
    for name in sorted(os.listdir(arguments.folder)):
        with open(os.path.join(arguments.folder, name), "rb") as file:
            content = file.read()
        for number in range(arguments.repeat):
            with open(os.path.join(copies, f"{number:03}-{name}"), "wb") as copy:
                copy.write(content + b"%d" % number)
    return copies


def prepare_pictures(arguments, root):
    dataset = os.path.join(arguments.build, "hashscan-dataset")
    if arguments.folder:
        return repeated(arguments, root)
    pictures = os.path.join(root, f"pictures-{arguments.files}-{arguments.size or 'all'}")
    if not os.path.exists(pictures + ".done"):
        print(f"making {arguments.files} pictures ...", file=sys.stderr)
        size = ["--size", arguments.size, "--formats", "jpeg"] if arguments.size else []
        run(dataset, "pictures", "--out", pictures, "--count", str(arguments.files), "--seed", "11", *size)
        with open(pictures + ".done", "w", encoding="ascii"):
            pass
    return pictures


def prepare_index(arguments, root):
    dataset, hashscan = (os.path.join(arguments.build, name) for name in ("hashscan-dataset", "hashscan"))
    index = os.path.join(root, f"index-{arguments.entries}")
    hashes = index + ".txt"
    run(dataset, "hashes", "--out", hashes, "--count", str(arguments.entries), "--seed", "12", "--format", "text")
    run(hashscan, "index", "build", "-o", index, hashes, stdout=subprocess.DEVNULL)
    os.remove(hashes)
    return index


def scan(arguments, index, pictures, level, threads, output):
    run(os.path.join(arguments.build, "hashscan"), "scan", "--index", index, "--level", level, "--threads", str(threads),
        "--output", output, pictures, expect=(0, 1))
    with open(output, encoding="utf-8") as file:
        *records, summary = file
    return json.loads(summary)["seconds"], records


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
    parser.add_argument("folder", nargs="?", metavar="FOLDER")
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()
    root = os.path.join(arguments.build, "bench-scan")
    os.makedirs(root, exist_ok=True)
    pictures, index = prepare_pictures(arguments, root), prepare_index(arguments, root)
    output = os.path.join(root, "results.jsonl")

    kinds = (("fast", 1), ("fast", 2), ("blocks", 1), ("exact", 1))
    expected = {level: scan(arguments, index, pictures, level, 2, output)[1] for level, _ in kinds}
    answers = {level: verdicts(records) for level, records in expected.items()}
    if answers["fast"] != answers["exact"]:
        sys.exit("bench/scan.py: fast and exact give different verdicts")
    differ = sum(one[2:] != other[2:] for one, other in zip(answers["blocks"], answers["exact"]))
    times = {kind: [] for kind in kinds}
    for _ in range(arguments.rounds):
        for level, threads in kinds:
            taken, records = scan(arguments, index, pictures, level, threads, output)
            if records != expected[level]:
                sys.exit(f"bench/scan.py: the records of a scan with {threads} threads differ")
            times[level, threads].append(taken)
    count = len(expected["exact"])
    medians = {kind: statistics.median(times[kind]) for kind in kinds}
    exact = medians["exact", 1]
    print(f"{count} files, {arguments.entries} entries, dihedral, radius 31, {arguments.rounds} rounds")
    for level, threads in kinds:
        seconds = medians[level, threads]
        print(f"{level:6} {threads} thread{'s' if threads > 1 else ' '}  {seconds:7.2f} s  {count / seconds:7.0f} images/s  "
              f"{exact / seconds:5.2f} times exact")
    print(f"two threads {medians['fast', 1] / medians['fast', 2]:.2f} times one; blocks: {differ} verdicts differ from exact")
    if arguments.json:
        seconds = {f"{level}-{threads}": times[level, threads] for level, threads in kinds}
        with open(arguments.json, "w", encoding="ascii") as out:
            json.dump({"files": count, "entries": arguments.entries, "seconds": seconds,
                       "threads_ratio": medians["fast", 1] / medians["fast", 2],
                       "fast_ratio": exact / medians["fast", 1]}, out)


if __name__ == "__main__":
    main()
