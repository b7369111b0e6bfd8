# SPDX-License-Identifier: Apache-2.0
"""hashscan scan over the files of the generators in ../shared/evasions: the default has the verdict of exact.

The generators belong to an audit, not to the project; they need numpy, which nothing else does. Where either is absent
the test is skipped: tests/unit/test_sound_known.c has generators of the same kinds."""
import math
import os
import random
import subprocess
import sys

import pytest
from conftest import ROOT, run

EVASIONS = os.path.join(os.path.dirname(ROOT), "shared", "evasions")
SIDE = 512
UNRELATED = "5a" * 32  # what files that have no hash are compared with
GENERATORS = {"a1_dc_wrap": 1, "a2_ac_wrap": 1, "a3_clip": 2, "a4_overrun": 1, "a5_white": 1, "a7_quant16": 1,
              "a9_chroma": 1, "a10_png_views": 2}


def write_picture(path, seed):
    """Waves of a few frequencies along both axes, as PGM."""
    chance = random.Random(seed)
    waves = [(u, v, chance.uniform(-1, 1), chance.uniform(0, 6.28)) for u in range(1, 12, 2) for v in range(1, 12, 2)]
    side = 128
    rows = [[sum(a * math.cos(u * x * math.pi / side + p) * math.cos(v * y * math.pi / side) for u, v, a, p in waves)
             for x in range(side)] for y in range(side)]
    most = max(abs(value) for row in rows for value in row)
    path.write_bytes(b"P5\n%d %d\n255\n" % (side, side) +
                     bytes(round(128 + 120 * value / most) for row in rows for value in row))
    return str(path)


@pytest.fixture(scope="module")
def evasions(tmp_path_factory):
    """Folder with all files of the generators."""
    if not os.path.isdir(EVASIONS):
        pytest.skip(f"there is no {EVASIONS}")
    pytest.importorskip("numpy", reason="the generators of ../shared/evasions need numpy")
    folder = tmp_path_factory.mktemp("evasions")
    pictures = [write_picture(folder / f"{seed}.pgm", seed) for seed in (1, 2)]
    out = folder / "out"
    out.mkdir()
    for name, count in GENERATORS.items():
        subprocess.run([sys.executable, "-B", os.path.join(EVASIONS, name + ".py"), *pictures[:count]], check=True,
                       stdout=subprocess.DEVNULL, env=dict(os.environ, OUT=str(out), SIDE=str(SIDE)))
    return out


def verdicts(files, index, *arguments):
    """What a scan says of each file, without how it found out and without estimates."""
    kept = ("status", "verdict", "matches", "format", "width", "height")
    records = run("scan", "--index", index, *arguments, *files).files
    return {path: {key: record.get(key) for key in kept} for path, record in records.items()}


@pytest.mark.parametrize("radius", ["0", "31"])
@pytest.mark.parametrize("quality", ["0", "50"])
def test_default_agrees_with_exact(evasions, tmp_path, radius, quality):
    files = sorted(str(path) for path in evasions.iterdir())
    assert len(files) >= 2 * len(GENERATORS)
    differ = []
    for path in files:
        words = run("hash", "--format", "hex", path).text.split()
        (tmp_path / "list.txt").write_text(words[0] if words else UNRELATED)
        index = str(tmp_path / "index")
        run("index", "build", "-o", index, str(tmp_path / "list.txt"))
        options = ("--radius", radius, "--min-quality", quality)
        default, exact = verdicts([path], index, *options), verdicts([path], index, "--level", "exact", *options)
        if default != exact:
            differ.append(os.path.basename(path))
    assert differ == []
