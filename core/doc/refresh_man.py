#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the option lists of the program into the manual: refresh_man.py [BUILD/hashscan]. tests/cli/test_help.py fails
when the two differ."""
import os
import re
import subprocess
import sys

BLOCK = re.compile(r'^\.\\" options of (.*)\n(?:.*\n)*?\.\\" end\n', re.MULTILINE)
MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hashscan.1")


def refreshed(manual, generated):
    """The manual's text with each of its blocks taken from the program's output."""
    blocks = {block.group(1): block.group(0) for block in BLOCK.finditer(generated)}
    return BLOCK.sub(lambda block: blocks[block.group(1)], manual)


if __name__ == "__main__":
    program = sys.argv[1] if len(sys.argv) > 1 else "build/hashscan"
    generated_text = subprocess.run([program, "man-options"], check=True, stdout=subprocess.PIPE).stdout.decode()
    with open(MANUAL, encoding="utf-8") as manual_file:
        text = refreshed(manual_file.read(), generated_text)
    with open(MANUAL, "w", encoding="utf-8") as manual_file:
        manual_file.write(text)
