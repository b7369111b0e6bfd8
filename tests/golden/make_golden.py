#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/golden/golden.csv: PDQ hashes of generated pictures by an implementation that is not ours.

    python3 -m venv venv && venv/bin/pip install pdqhash==0.2.8 pillow numpy
    venv/bin/python tests/golden/make_golden.py build/hashscan-dataset

pdqhash is the reference C++ behind a Python binding, Pillow decodes with libjpeg-turbo and libpng. 16-bit PNGs are left
out: Pillow cuts samples to their upper byte where PDQ's rule is to scale them.
"""
import csv
import os
import subprocess
import sys
import tempfile

import numpy
import pdqhash
from PIL import Image

COUNT, SEED = "120", "77"
NAMES = ("hash", "rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1")


def hexadecimal(bits):
    return f"{int(''.join(str(bit) for bit in bits), 2):064x}"


def pixels_of(path):
    """RGB as decoded, alpha dropped; None for samples of 16 bits."""
    with open(path, "rb") as file:
        head = file.read(26)
    if head[1:4] == b"PNG" and head[24] == 16:
        return None
    with Image.open(path) as image:
        return numpy.ascontiguousarray(numpy.asarray(image.convert("RGB")))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(here, "golden.csv"), "w", newline="") as out:
        subprocess.run([sys.argv[1], "pictures", "--out", folder, "--count", COUNT, "--seed", SEED], check=True)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "quality") + NAMES)
        names = sorted(os.path.relpath(os.path.join(root, name), folder)
                       for root, _, files in os.walk(folder) for name in files if name.endswith((".jpg", ".png")))
        for name in names:
            pixels = pixels_of(os.path.join(folder, name))
            if pixels is None:
                continue
            hashes, quality = pdqhash.compute_dihedral(pixels)
            writer.writerow([name, quality] + [hexadecimal(bits) for bits in hashes])


if __name__ == "__main__":
    main()
