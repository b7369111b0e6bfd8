#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make fidelity: what screening with fast hashes costs in accuracy, measured.

    bench/fidelity.py [--build build] [--pictures 2000] [--seed 70] [--conformance FOLDER] [FOLDER...]

Epsilon was calibrated on seed 70: other seeds show that it holds for pictures it has not seen.

Two questions, on generated pictures, on the conformance pictures when they are there, and on any folder given:
how many bits lie between fast and exact hashes (`hashscan-bench fidelity`), and, for altered copies of the generated
pictures against an index of the originals at radius 31, whether any verdict under screening differs from the one under
exact: missed, extra, or another distance. Writes BUILD/fidelity.txt and BUILD/fidelity.json; exit status 1 when a verdict
differs or a bit marked certain is wrong.
"""
import argparse
import json
import os
import subprocess
import sys

PICTURES = (".jpg", ".jpeg", ".png")


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


def distances(arguments, name, files, root):
    output = os.path.join(root, f"{name}.json")
    text = run(os.path.join(arguments.build, "hashscan-bench"), "fidelity", "--json", output, *files,
               stdout=subprocess.PIPE, text=True).stdout
    with open(output, encoding="ascii") as report:
        return text, json.load(report)


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


def verdicts(arguments, pictures, copies, root):
    hashscan = os.path.join(arguments.build, "hashscan")
    hashes, index = os.path.join(root, "known.csv"), os.path.join(root, "index")
    with open(hashes, "w", encoding="utf-8") as out:
        files = pictures_below(pictures)
        out.write("hash,id\n")
        for start in range(0, len(files), 500):
            done = run(hashscan, "hash", "--format", "hex", *files[start:start + 500], stdout=subprocess.PIPE, text=True)
            for line in done.stdout.splitlines():
                digits, name = line.split("  ", 1)
                out.write(f"{digits},{os.path.relpath(name, pictures)}\n")
    run(hashscan, "index", "build", "-o", index, "--list", "known", hashes, stdout=subprocess.DEVNULL)
    exact, _ = scan(arguments, index, copies, "exact", os.path.join(root, "exact.jsonl"))
    screened, methods = scan(arguments, index, copies, "fast", os.path.join(root, "fast.jsonl"))
    missed = sum(len(set(exact[path][2]) - set(screened[path][2])) for path in exact)
    extra = sum(len(set(screened[path][2]) - set(exact[path][2])) for path in exact)
    differ = [path for path in exact if exact[path] != screened[path]]
    hashed = sum(methods.values())
    return {"copies": len(exact), "matching": sum(record[1] == "match" for record in exact.values()), "missed": missed,
            "extra": extra, "records_that_differ": len(differ), "examples": differ[:5], "methods": methods,
            "direct_exact_share": methods.get("exact", 0) / hashed if hashed else 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=70)
    parser.add_argument("--conformance", default=os.path.join("..", "shared", "conformance"))
    parser.add_argument("folders", nargs="*")
    arguments = parser.parse_args()
    root = os.path.join(arguments.build, "fidelity")
    os.makedirs(root, exist_ok=True)
    pictures, copies = make(arguments, root)

    sources = {"generated": pictures, "altered": copies}
    if os.path.isdir(arguments.conformance):
        sources["conformance"] = arguments.conformance
    sources.update((folder, folder) for folder in arguments.folders)
    report = {"distances": {}}
    text = ""
    for name, folder in sources.items():
        files = pictures_below(folder)
        if not files:
            sys.exit(f"bench/fidelity.py: no pictures below {folder}")
        table, report["distances"][name] = distances(arguments, name.replace(os.sep, "_"), files, root)
        text += f"{name}\n{table}\n"
    report["verdicts"] = verdicts(arguments, pictures, copies, root)
    text += "verdicts of altered copies, radius 31, dihedral: {copies} copies, {matching} match; screening against exact: " \
            "{missed} missed, {extra} extra, {records_that_differ} records differ\n".format(**report["verdicts"])
    text += f"methods: {report['verdicts']['methods']}\n"
    for name, content in (("fidelity.txt", text), ("fidelity.json", json.dumps(report, indent=1) + "\n")):
        with open(os.path.join(arguments.build, name), "w", encoding="utf-8") as out:
            out.write(content)
    print(text, end="")
    wrong = sum(part["all"]["wrong_certain_bits"] for part in report["distances"].values())
    sys.exit(1 if wrong or report["verdicts"]["records_that_differ"] else 0)


if __name__ == "__main__":
    main()
