# SPDX-License-Identifier: Apache-2.0
"""What the CLI tests share: the program under test, pictures, lists and indexes. HASHSCAN_BUILD names the build folder.

Pictures are made here (a PNG needs nothing but zlib) or come from the project's own generator; none are committed."""
import json
import math
import os
import random
import signal
import struct
import subprocess
import zlib

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("HASHSCAN_BUILD", "build"))
HASHSCAN = os.path.join(BUILD, "hashscan")
DATASET = os.path.join(BUILD, "hashscan-dataset")
TIMEOUT = 120  # seconds; a hang is a failure


class Result:
    """How a run ended: exit code, output, and the output's JSON objects."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def text(self):
        return self.out.decode()

    @property
    def errors(self):
        """Lines of standard error."""
        return self.err.decode(errors="replace").splitlines()

    @property
    def records(self):
        """Each line as JSON, decoded strictly: invalid UTF-8 and repeated keys are errors."""
        return [json.loads(line, object_pairs_hook=unique_keys) for line in self.out.decode("utf-8").splitlines()]

    @property
    def files(self):
        return {record["path"]: record for record in self.records if record["type"] in ("file", "hash")}

    @property
    def summary(self):
        last = self.records[-1]
        assert last["type"] == "summary"
        return last


def unique_keys(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)


def run(*arguments, stdin=b"", cwd=None, env=None, stdout=subprocess.PIPE):
    """Runs hashscan to its end. Death by a signal fails the test here, whatever the test expects."""
    done = subprocess.run([HASHSCAN, *map(os.fsencode, arguments)], input=stdin, stdout=stdout, stderr=subprocess.PIPE,
                          cwd=cwd, timeout=TIMEOUT, check=False, env=dict(os.environ, **(env or {})))
    result = Result(done.returncode, done.stdout or b"", done.stderr)
    assert result.code >= 0 and b"Sanitizer" not in result.err, result.err.decode(errors="replace")
    return result


def start(*arguments, **streams):
    """Starts hashscan with the signal dispositions of an interactive shell, whatever this process inherited."""

    def reset_signals():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen([HASHSCAN, *map(os.fsencode, arguments)], preexec_fn=reset_signals, **streams)


# ---- Pictures --------------------------------------------------------------------------------------------------------

def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows, colour=0, depth=8):
    """A PNG file of the given rows of bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def picture(seed, width=160, height=128):
    """A grey PNG of 8x8 random patches: PDQ quality 100, and unlike every other seed."""
    values = random.Random(seed)
    across = (width + width // 8 - 1) // (width // 8)
    bands = []
    for _ in range(8):
        shades = [values.randrange(256) for _ in range(across)]
        bands.append(b"".join(bytes([shade]) * (width // 8) for shade in shades)[:width])
    return png(width, height, [bands[y * 8 // height] for y in range(height)])


def waves(turned=False, mirrored=False):
    """A smooth grey PNG without symmetry, upright, turned by 180 degrees, or mirrored left to right. Unlike patches, its
    hash hardly depends on where exactly the 64x64 samples fall, which is no symmetric grid."""
    side = 256
    rows = [bytes(int(127 + 60 * math.sin(x / 13 + y / 40 + (y / 90) ** 2) + 60 * math.sin(y / 11 - x * x / 9000 + 1))
                  for x in range(side)) for y in range(side)]
    if turned or mirrored:
        rows = [row[::-1] for row in rows]
    return png(side, side, rows[::-1] if turned else rows)


def flat_picture():
    """PDQ quality 0."""
    return png(64, 64, [bytes([128]) * 64] * 64)


def write(path, data):
    os.makedirs(os.path.dirname(os.fspath(path)), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return str(path)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """A folder of 24 generated pictures, JPEG and PNG."""
    folder = tmp_path_factory.mktemp("dataset")
    subprocess.run([DATASET, "pictures", "--out", str(folder), "--count", "24", "--seed", "5"], check=True,
                   stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def jpeg(dataset):
    """The bytes of one JPEG file with restart-free, ordinary coding."""
    names = sorted(name for name in os.listdir(dataset) if name.endswith(".jpg"))
    with open(os.path.join(dataset, names[0]), "rb") as file:
        return file.read()


# ---- Lists and indexes -----------------------------------------------------------------------------------------------

def hash_of(path):
    result = run("hash", "--format", "hex", path)
    assert result.code == 0, result.errors
    return result.text.split()[0].lstrip("\\")


def flip_bits(digest, count, seed=1):
    """The hash with `count` bits changed."""
    value = int(digest, 16)
    for bit in random.Random(seed).sample(range(256), count):
        value ^= 1 << bit
    return f"{value:064x}"


def build(folder, lines, name="list.txt", options=()):
    """Builds an index of the given list and returns its path."""
    source = write(os.path.join(folder, name), "".join(line + "\n" for line in lines).encode())
    index = os.path.join(folder, "index")
    result = run("index", "build", "-o", index, *options, source)
    assert result.code == 0, result.errors
    return index


@pytest.fixture
def tree(tmp_path):
    """in/ with the pictures 0.png to 7.png, and an index with the hashes of 2 (labels A1 and B2) and 5."""
    folder = tmp_path / "in"
    for seed in range(8):
        write(folder / f"{seed}.png", picture(seed))
    lines = ["hash,id,labels", f"{hash_of(folder / '2.png')},two,A1;B2", f"{hash_of(folder / '5.png')},five,"]
    build(tmp_path, lines, "demo.csv", ("--list-version", "v9"))
    return tmp_path
