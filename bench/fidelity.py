#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make fidelity: what screening costs in accuracy, measured, for level fast (which promises none) and level blocks.

    bench/fidelity.py [--build build] [--pictures 2000] [--seed 70] [--conformance FOLDER] [--photos FOLDER] [FOLDER...]

Epsilon of blocks was calibrated on seed 70: other seeds show that it holds for pictures it has not seen.

Two questions, on generated pictures, on the conformance pictures and photographs when they are there, and on any folder
given: how many bits lie between the hashes of a level and exact ones (`hashscan-bench fidelity`), and, for altered
copies of the generated pictures and for all others against an index of every picture's exact hash at radius 31, whether
any verdict under screening differs from the one under exact: missed, extra, or another distance. Writes
BUILD/fidelity.txt and BUILD/fidelity.json; exit status 1 when level fast has a wrong certain bit, a quality outside its
interval or another verdict. What blocks gets wrong is printed and is no failure: it is what the level says of itself.
"""
import argparse
import json
import os
import subprocess
import sys

PICTURES = (".jpg", ".jpeg", ".png")
LEVELS = ("fast", "blocks")


def run(*command, expect=(0,), **options):
    done = subprocess.run(command, check=False, **options)
    if done.returncode not in expect:
        sys.exit(f"bench/fidelity.py: {command[0]} {command[1]} ended with status {done.returncode}")
    return done


def pictures_below(root):
    found = []
    for folder, _, files in os.walk(root):
        found += [os.path.join(folder, name) for name in files if name.lower().endswith(PICTURES)]
    return sorted(found)


def make(arguments, root):
    """Generated pictures in the sizes that people upload, and altered copies of them."""
    dataset = os.path.join(arguments.build, "hashscan-dataset")
    sizes = ((0.4, 320, 1023), (0.5, 1024, 2047), (0.1, 2048, 3200))
    for kind in ("pictures", "altered"):
        for number, (part, low, high) in enumerate(sizes):
            out = os.path.join(root, f"{kind}-{arguments.seed}-{arguments.pictures}", str(number))
            options = ["--copies", "2"] if kind == "altered" else []
            if not os.path.exists(out + ".done"):
                run(dataset, kind, "--out", out, "--count", str(int(arguments.pictures * part)), "--seed",
                    str(arguments.seed + number),
                    "--min-side", str(low), "--max-side", str(high), *options)
                with open(out + ".done", "w", encoding="ascii"):
                    pass
    return tuple(os.path.join(root, f"{kind}-{arguments.seed}-{arguments.pictures}") for kind in ("pictures", "altered"))


def distances(arguments, level, name, files, root):
    """The table of a level over some files, and its numbers. Level fast fails by itself when it breaks its promise."""
    output = os.path.join(root, f"{name}-{level}.json")
    done = run(os.path.join(arguments.build, "hashscan-bench"), "fidelity", "--level", level, "--json", output, *files,
               expect=(0, 1), stdout=subprocess.PIPE, text=True)
    with open(output, encoding="ascii") as report:
        return done.stdout, json.load(report), done.returncode == 0


def scan(arguments, index, folder, level, output):
    run(os.path.join(arguments.build, "hashscan"), "scan", "--index", index, "--level", level, "--output", output, folder,
        expect=(0, 1, 3))
    records = {}
    methods = {}
    with open(output, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["type"] == "summary":
                methods = record["by_method"]
            else:
                matches = sorted((match["id"], match["distance"], match["transform"]) for match in record["matches"])
                records[record["path"]] = record["status"], record["verdict"], matches
    return records, methods


def known_pictures(arguments, folders, root):
    """An index of the exact hashes of all pictures below the folders."""
    hashscan = os.path.join(arguments.build, "hashscan")
    hashes, index = os.path.join(root, "known.csv"), os.path.join(root, "index")
    with open(hashes, "w", encoding="utf-8") as out:
        out.write("hash,id\n")
        for folder in folders:
            files = pictures_below(folder)
            for start in range(0, len(files), 500):
                done = run(hashscan, "hash", "--format", "hex", *files[start:start + 500], stdout=subprocess.PIPE, text=True)
                for line in done.stdout.splitlines():
                    digits, name = line.split("  ", 1)
                    out.write(f"{digits},{os.path.relpath(name, folder)}\n")
    run(hashscan, "index", "build", "-o", index, "--list", "known", hashes, stdout=subprocess.DEVNULL)
    return index


def verdicts(arguments, index, folder, root):
    exact, _ = scan(arguments, index, folder, "exact", os.path.join(root, "exact.jsonl"))
    answers = {"copies": len(exact), "matching": sum(record[1] == "match" for record in exact.values())}
    for level in LEVELS:
        screened, methods = scan(arguments, index, folder, level, os.path.join(root, f"{level}.jsonl"))
        # A status may differ at blocks, which does not see all damage nor know the quality.
        part = slice(0 if level == "fast" else 1, None)
        differ = [path for path in exact if exact[path][part] != screened[path][part]]
        answers[level] = {"missed": sum(len(set(exact[path][2]) - set(screened[path][2])) for path in exact),
                          "extra": sum(len(set(screened[path][2]) - set(exact[path][2])) for path in exact),
                          "records_that_differ": len(differ), "examples": differ[:5], "methods": methods}
    return answers


def describe(name, answers):
    lines = [f"verdicts of {name}, radius 31, dihedral: {answers['copies']} files, {answers['matching']} match"]
    for level in LEVELS:
        lines.append("  {0}: {missed} missed, {extra} extra, {records_that_differ} records differ from exact; {methods}"
                     .format(level, **answers[level]))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=70)
    parser.add_argument("--conformance", default=os.path.join("..", "shared", "conformance"))
    parser.add_argument("--photos", default=os.path.join("..", "shared", "photos"))
    parser.add_argument("folders", nargs="*")
    arguments = parser.parse_args()
    root = os.path.join(arguments.build, "fidelity")
    os.makedirs(root, exist_ok=True)
    pictures, copies = make(arguments, root)

    sources = {"generated": pictures, "altered": copies}
    for name, folder in (("conformance", arguments.conformance), ("photos", arguments.photos)):
        if os.path.isdir(folder):
            sources[name] = folder
        else:
            print(f"bench/fidelity.py: NOT MEASURED, not there: {folder}", file=sys.stderr)
    sources.update((folder, folder) for folder in arguments.folders)
    report = {"distances": {}, "verdicts": {}}
    text = ""
    promises_kept = True
    for name, folder in sources.items():
        files = pictures_below(folder)
        if not files:
            sys.exit(f"bench/fidelity.py: no pictures below {folder}")
        for level in LEVELS:
            table, numbers, kept = distances(arguments, level, name.replace(os.sep, "_"), files, root)
            report["distances"][f"{name} {level}"] = numbers
            text += f"{name}, level {level}\n{table}\n"
            promises_kept = promises_kept and kept
    index = known_pictures(arguments, [folder for name, folder in sources.items() if name != "altered"], root)
    for name, folder in sources.items():
        if name == "generated":
            continue
        answers = report["verdicts"][name] = verdicts(arguments, index, folder, root)
        text += describe(name, answers)
        promises_kept = promises_kept and answers["fast"]["records_that_differ"] == 0
    for name, content in (("fidelity.txt", text), ("fidelity.json", json.dumps(report, indent=1) + "\n")):
        with open(os.path.join(arguments.build, name), "w", encoding="utf-8") as out:
            out.write(content)
    print(text, end="")
    if not promises_kept:
        sys.exit("bench/fidelity.py: level fast broke its promise")


if __name__ == "__main__":
    main()
