#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang's static analyzer over C files: analyze.py --flags "FLAGS" FILE... (make analyze). A finding that is none is
explained where it is: a comment that begins with "analyze:" on the line before, or up to three lines before, the reported
one."""
import argparse
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys

FINDING = re.compile(r"^([^:\s]+):(\d+):\d+: (?:warning|error): (.*)$", re.MULTILINE)


def analyze(flags, path):
    """All findings in a file, and what clang said when it could not read it."""
    done = subprocess.run(["clang", "--analyze", "--analyzer-output", "text", *flags, path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode(errors="replace")
    return FINDING.findall(output), output if done.returncode != 0 else ""


def is_explained(path, line):
    with open(path, encoding="utf-8") as file:
        before = file.read().splitlines()[max(0, line - 4):line]
    return any("analyze:" in text for text in before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flags", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    flags = shlex.split(arguments.flags)
    found, explained = set(), set()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for findings, failure in pool.map(lambda path: analyze(flags, path), arguments.files):
            if failure and not findings:
                sys.exit(failure)
            for path, line, text in findings:
                (explained if is_explained(path, int(line)) else found).add((path, int(line), text))
    for path, line, text in sorted(found):
        print(f"{path}:{line}: {text}")
    print(f"analyze: {len(arguments.files)} files, {len(found)} findings, {len(explained)} explained where they are")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
