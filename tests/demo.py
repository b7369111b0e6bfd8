#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make demo: a hash list of synthetic pictures, a folder of uploads with altered copies among them, and a scan.

Everything is made below BUILD/demo. The table at the end compares what the scan found with the truth: the generator's
manifest says which upload is a copy of which listed picture, and brute force over the hashes says which copies lie within
the radius at all (PDQ is no match for every alteration). Exit status 1 when the scan missed one of those or reported an
unrelated picture.
"""
import collections
import csv
import json
import os
import shutil
import subprocess
import sys

KNOWN = 200          # pictures on the list
UNRELATED = 1500     # uploads that are on no list
LIST_SIZE = 1000000  # random hashes beside them, as real lists are long
RADIUS = 31
MIN_QUALITY = 50
COLUMNS = ("hash", "rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1")


def run(*command, expect=(0,)):
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in expect:
        sys.exit(f"demo: {' '.join(command[:3])} ... ended with status {done.returncode}")
    return done.stdout.decode()


def hashes_of(hashscan, root, names):
    """{file name: (quality, the eight hashes as integers)} of pictures below `root`."""
    found = {}
    for start in range(0, len(names), 500):
        paths = [os.path.join(root, name) for name in names[start:start + 500]]
        rows = csv.DictReader(run(hashscan, "hash", "--format", "csv", "--dihedral", *paths).splitlines())
        for row in rows:
            name = os.path.relpath(row["file"], root)
            found[name] = int(row["quality"]), [int(row[column], 16) for column in COLUMNS]
    return found


def pictures_below(root):
    names = []
    for folder, _, files in os.walk(root):
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files
                  if name.endswith((".jpg", ".png"))]
    return sorted(names)


def write_list(path, known):
    with open(path, "w", encoding="ascii", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("hash", "id", "labels"))
        for name, (quality, hashes) in sorted(known.items()):
            if quality >= MIN_QUALITY:
                writer.writerow((f"{hashes[0]:064x}", name, "demo"))


def stem(name):
    return os.path.splitext(os.path.basename(name))[0]


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    hashscan = os.path.join(build, "hashscan")
    dataset = os.path.join(build, "hashscan-dataset")
    demo = os.path.join(build, "demo")
    shutil.rmtree(demo, ignore_errors=True)
    os.makedirs(demo)
    known_root, uploads = os.path.join(demo, "known"), os.path.join(demo, "uploads")
    copies_root, unrelated_root = os.path.join(uploads, "copies"), os.path.join(uploads, "unrelated")
    manifest = os.path.join(demo, "truth.csv")

    print(f"Making {KNOWN} known pictures, altered copies of them and {UNRELATED} unrelated pictures ...", flush=True)
    run(dataset, "pictures", "--out", known_root, "--count", str(KNOWN), "--seed", "1")
    run(dataset, "altered", "--out", copies_root, "--count", str(KNOWN), "--seed", "1", "--manifest", manifest)
    run(dataset, "pictures", "--out", unrelated_root, "--count", str(UNRELATED), "--seed", "2")
    random_list = os.path.join(demo, "random.txt")
    run(dataset, "hashes", "--out", random_list, "--count", str(LIST_SIZE), "--seed", "3", "--format", "text")

    known = hashes_of(hashscan, known_root, pictures_below(known_root))
    known_list = os.path.join(demo, "known.csv")
    write_list(known_list, known)
    index = os.path.join(demo, "index")
    print(f"Building an index of {LIST_SIZE:,} random hashes and the known pictures ...", flush=True)
    run(hashscan, "index", "build", "-o", index, "--list-version", "1", known_list, random_list)

    print("Scanning the uploads ...", flush=True)
    results = os.path.join(demo, "results.jsonl")
    run(hashscan, "scan", "--index", index, "--radius", str(RADIUS), "--min-quality", str(MIN_QUALITY), "--output",
        results, uploads, expect=(1,))
    matched, summary = {}, None
    with open(results, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["type"] == "summary":
                summary = record
            elif record["verdict"] == "match":
                matched[os.path.relpath(record["path"], uploads)] = {match["id"] for match in record["matches"]}

    with open(manifest, encoding="ascii", newline="") as rows:
        truth = list(csv.DictReader(rows))
    copies = hashes_of(hashscan, copies_root, [row["file"] for row in truth])
    source_of = {stem(name): name for name in known}
    planted, within, found, missed = (collections.Counter() for _ in range(4))
    for row in truth:
        source = source_of[stem(row["source"])]
        quality, hashes = copies[row["file"]]
        close = (min(bin(known[source][1][0] ^ one).count("1") for one in hashes) <= RADIUS
                 and quality >= MIN_QUALITY and known[source][0] >= MIN_QUALITY)
        hit = source in matched.get(os.path.join("copies", row["file"]), ())
        kind = row["alteration"]
        planted[kind] += 1
        within[kind] += close
        found[kind] += hit
        missed[kind] += close and not hit
    false_alarms = sum(1 for path in matched if path.startswith("unrelated"))

    print(f"\n{'alteration':16} {'planted':>8} {'within ' + str(RADIUS):>10} {'found':>8}")
    for kind in sorted(planted):
        print(f"{kind:16} {planted[kind]:8} {within[kind]:10} {found[kind]:8}")
    print(f"{'all':16} {sum(planted.values()):8} {sum(within.values()):10} {sum(found.values()):8}")
    print(f"\npictures scanned          {summary['inputs']:,}")
    print(f"unrelated, reported       {false_alarms} of {UNRELATED:,}")
    print(f"copies within {RADIUS}, missed  {sum(missed.values())}")
    print(f"images per second         {summary['inputs'] / summary['seconds']:,.0f}")
    print(f"one JSON line a picture   {results}")
    print("\n'within' counts the copies whose PDQ hash, in any of eight orientations, differs from the original's in at most"
          f"\n{RADIUS} bits, by brute force. Those must all be found; PDQ does not survive every crop, border or watermark.")
    sys.exit(1 if false_alarms or sum(missed.values()) else 0)


if __name__ == "__main__":
    main()
