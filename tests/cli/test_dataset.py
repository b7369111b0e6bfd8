# SPDX-License-Identifier: Apache-2.0
"""The generator of synthetic data: the same seed gives the same data on every machine and any number of threads,
manifests tell the truth, hash lists are what they claim, and errors are clear. HASHSCAN_BUILD names the build folder."""
import csv
import hashlib
import os
import resource
import signal
import struct
import subprocess
import zlib

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, os.environ.get("HASHSCAN_BUILD", "build"), "hashscan-dataset")

# XXH3-128 of the RGB pixels, for --seed 1 --max-side 400. All kinds of scene are among them.
PICTURES = """\
p000000 345x345 d7db27772fc884eb48e4cbdd503400ff
p000001 364x204 771c773e26bd09bb81e5c0f2dd26cf45
p000002 256x342 8824cefe67a8dd025b06570197d8d59f
p000003 350x262 891d25d43c929d5d5bd49dfd6fa362a1
p000004 260x326 47d2cd45deb9e5e0a267031592170125
p000005 356x356 4f14cfa22867484d03529b5b8689636e
p000006 382x214 aa1a44f1a510c3a0f7aaae0bc890026a
p000007 352x198 a071300659dd8b2b2d225e9c98afbe3e
p000008 334x334 d0c240c95020cdab26d3b34055149876
p000009 348x348 b8064212b39689101a6be6b341e98252
p000010 190x339 041a8adad5065e42f0f8a24c4f2e492f
p000011 256x384 29b04539840b9cf36c1c9e4932184f67
"""
PAGE = "p000089 381x214 14e1e9a302eaead56b0fee87fcee862e\n"
ALTERED = """\
p000007-reencode 352x198 a071300659dd8b2b2d225e9c98afbe3e
p000007-resize 133x75 b0e3120d75c11f3452dd3b976eda7845
p000007-crop 348x196 05117eafcaff60465de6e2310827a835
p000007-blur 352x198 a24b5857b32fb6ab1b8b5d64574976ad
p000007-sharpen 352x198 37b3c27b1eeb974ba81848808702232a
p000007-brightness 352x198 b7bb14be30332b446954e926eeba96df
p000007-contrast 352x198 4ed5e973d710e21664deecc919dba243
p000007-watermark 352x198 d55daa9337306fec8d62c24dddf08dda
p000007-border 358x204 a64615543b647b9fa029e6bd62622b9e
p000007-rot90 198x352 07c1db41c2e25d74c47765ab0c02d3b9
p000007-rot180 352x198 ebca327057c1f6159df0f2617c30ba07
p000007-rot270 198x352 35d10515129c5ef828acd9fd4873a72b
p000007-flipx 352x198 447806d6d069d14bd0aaa8e5dc1210ad
p000007-flipy 352x198 f0d6a2606fac3fc64de56ed79c08e0dc
p000007-flipplus1 198x352 8677cf5fe0a901295d77ede437332e25
p000007-flipminus1 198x352 7cfe21196a5a66d9e1139695e374c6cc
"""
ALTERATIONS = [line.split()[0].split("-")[1] for line in ALTERED.splitlines()]


def run(*arguments, code=0, **options):
    result = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=120, **options)
    assert result.returncode == code, (arguments, result.returncode, result.stderr)
    lines = result.stderr.decode().splitlines()
    assert len(lines) == (0 if code == 0 else 1), lines
    assert all(line.startswith("hashscan-dataset: ") for line in lines), lines
    return result.stderr.decode() if code else result.stdout


def tree(folder):
    files = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read()
    return files


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def png_header(data):
    """width, height, bit depth, colour type, interlaced"""
    assert data[:16] == b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    return width, height, depth, colour, interlaced


def png_samples(data):
    """Rows of samples as bytes; no interlacing. Independent of libpng."""
    width, height, depth, colour, interlaced = png_header(data)
    assert interlaced == 0
    step = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] * depth // 8
    packed, place = b"", 8
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place:place + 8])
        if kind == b"IDAT":
            packed += data[place + 8:place + 8 + size]
        place += size + 12
    raw = zlib.decompress(packed)
    assert len(raw) == height * (width * step + 1)
    above, result = bytearray(width * step), []
    for y in range(height):
        kind, row = raw[y * (width * step + 1)], bytearray(raw[y * (width * step + 1) + 1:(y + 1) * (width * step + 1)])
        for i in range(len(row)):
            a, b, c = row[i - step] if i >= step else 0, above[i], above[i - step] if i >= step else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, nearest)[kind]) & 255
        result.append(bytes(row))
        above = row
    return result


def png_pixels(data):
    return [[row[i:i + 3] for i in range(0, len(row), 3)] for row in png_samples(data)]


def jpeg_header(data):
    """width, height, progressive, sampling factors of the components, has restart interval"""
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"
    place, frame, restart = 2, None, False
    while data[place + 1] != 0xDA:
        marker, size = data[place + 1], struct.unpack(">H", data[place + 2:place + 4])[0]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width, count = struct.unpack(">HHB", data[place + 5:place + 10])
            frame = (width, height, marker == 0xC2, [data[place + 11 + 3 * i] for i in range(count)])
        restart = restart or marker == 0xDD
        place += 2 + size
    return (*frame, restart)


def size_of(data):
    return (png_header(data) if data[:4] == b"\x89PNG" else jpeg_header(data))[:2]


# ---- Pixels ----


def test_golden_pictures():
    common = ("pictures", "--digest", "--seed", 1, "--max-side", 400)
    assert run(*common, "--count", 12).decode() == PICTURES
    assert run(*common, "--first", 89, "--count", 1).decode() == PAGE


def test_golden_alterations():
    assert run("altered", "--digest", "--first", 7, "--count", 1, "--max-side", 400).decode() == ALTERED


def test_a_picture_depends_on_seed_and_number_alone():
    line = PICTURES.splitlines(True)[5]
    alone = run("pictures", "--digest", "--first", 5, "--count", 1, "--max-side", 400, "--threads", 1)
    assert alone.decode() == line
    other = run("pictures", "--digest", "--first", 5, "--count", 1, "--max-side", 400, "--seed", 2)
    assert other.decode().split()[2] != line.split()[2]


@pytest.mark.parametrize("command", ["pictures", "altered"])
def test_threads_change_nothing(command, tmp_path):
    trees = []
    for threads in (1, 3):
        out = tmp_path / str(threads)
        run(command, "--out", out, "--count", 20, "--max-side", 330, "--threads", threads, "--manifest",
            tmp_path / f"{threads}.csv")
        trees.append(tree(out))
    assert trees[0] == trees[1]
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "3.csv").read_bytes()
    assert len({hashlib.sha256(data).digest() for data in trees[0].values()}) == len(trees[0])


def test_png_layouts_hold_the_same_pixels(tmp_path):
    images = {}
    for layout in ("rgb", "rgba", "rgb16", "grey", "greyalpha", "grey16"):
        run("pictures", "--out", tmp_path / layout, "--count", 3, "--size", "40x24", "--recipe", "png-" + layout)
        images[layout] = [png_samples(data) for _, data in sorted(tree(tmp_path / layout).items())]

    def scaled(row):
        return bytes((value * 255 + 32895) >> 16 for value, in struct.iter_unpack(">H", row))

    for number in range(3):
        for y in range(24):
            rgb, grey = images["rgb"][number][y], images["grey"][number][y]
            rgba = images["rgba"][number][y]
            assert bytes(v for i, v in enumerate(rgba) if i % 4 != 3) == rgb
            assert len(set(rgba[3::4])) > 1
            assert scaled(images["rgb16"][number][y]) == rgb
            assert images["greyalpha"][number][y][::2] == grey
            assert scaled(images["grey16"][number][y]) == grey
            assert grey == bytes((77 * r + 150 * g + 29 * b + 128) >> 8 for r, g, b in zip(*[iter(rgb)] * 3))


# ---- Files ----


def test_recipes_are_followed(tmp_path):
    def one(recipe):
        run("pictures", "--out", tmp_path / recipe, "--count", 1, "--size", "64x40", "--recipe", recipe)
        (name, data), = tree(tmp_path / recipe).items()
        assert name == "p000000." + ("png" if recipe.startswith("png") else "jpg")
        return data

    assert jpeg_header(one("jpeg-420-q85")) == (64, 40, False, [0x22, 0x11, 0x11], False)
    assert jpeg_header(one("jpeg-422-q60")) == (64, 40, False, [0x21, 0x11, 0x11], False)
    assert jpeg_header(one("jpeg-progressive-444-q90")) == (64, 40, True, [0x11, 0x11, 0x11], False)
    assert jpeg_header(one("jpeg-grey-q70-restart")) == (64, 40, False, [0x11], True)
    assert len(one("jpeg-420-q85-optimised")) < len(one("jpeg-420-q85"))
    assert len(one("jpeg-420-q30")) < len(one("jpeg-420-q85"))
    for name, depth, colour in [("grey", 8, 0), ("greyalpha", 8, 4), ("grey16", 16, 0), ("rgb", 8, 2), ("rgba", 8, 6),
                                ("rgb16", 16, 2), ("palette", 8, 3)]:
        for suffix, interlaced in (("", 0), ("-interlaced", 1)):
            assert png_header(one(f"png-{name}{suffix}")) == (64, 40, depth, colour, interlaced)


def test_pictures_manifest_and_mix(tmp_path):
    run("pictures", "--out", tmp_path / "out", "--count", 600, "--max-side", 24, "--min-side", 12, "--manifest",
        tmp_path / "manifest.csv")
    listed, files = rows(tmp_path / "manifest.csv"), tree(tmp_path / "out")
    assert [row["file"] for row in listed] == sorted(files)
    assert [name[:7] for name in sorted(files)] == [f"p{i:06d}" for i in range(600)]
    for row in listed:
        data = files[row["file"]]
        assert size_of(data) == (int(row["width"]), int(row["height"]))
        assert max(size_of(data)) <= 24
        assert (data[:4] == b"\x89PNG") == row["recipe"].startswith("png") == row["file"].endswith(".png")
        if not row["recipe"].startswith("png"):
            assert jpeg_header(data)[2] == ("progressive" in row["recipe"])
    assert 0.75 < sum(name.endswith(".jpg") for name in files) / 600 < 0.85
    assert 2 <= sum(row["scene"] == "flat" for row in listed) <= 30
    assert len({row["scene"] for row in listed}) == 9


def test_formats(tmp_path):
    for formats, ending in (("jpeg", ".jpg"), ("png", ".png")):
        run("pictures", "--out", tmp_path / formats, "--count", 12, "--side", 16, "--formats", formats)
        assert {name[-4:] for name in tree(tmp_path / formats)} == {ending}


def test_large_sets_fan_out(tmp_path):
    run("pictures", "--out", tmp_path / "a", "--count", 1001, "--side", 8)
    names = sorted(tree(tmp_path / "a"))
    assert [name[:11] for name in names] == [f"{i // 1000:03d}/p{i:06d}" for i in range(1001)]
    run("altered", "--out", tmp_path / "b", "--count", 1001, "--side", 8, "--copies", 1)
    listed = rows(tmp_path / "b" / "manifest.csv")
    assert [row["source"] for row in listed] == names
    assert {row["file"] for row in listed} == set(tree(tmp_path / "b")) - {"manifest.csv"}
    assert {row["file"][:4] for row in listed} == {"000/", "001/"}


# ---- Altered copies ----


def test_altered_manifest_is_exact(tmp_path):
    common = ("--seed", 9, "--count", 25, "--min-side", 60, "--max-side", 90)
    run("pictures", "--out", tmp_path / "src", *common)
    run("altered", "--out", tmp_path / "alt", *common)
    sources, copies = tree(tmp_path / "src"), tree(tmp_path / "alt")
    header, *_ = copies.pop("manifest.csv").splitlines()
    assert header == b"file,source,alteration,parameter"
    listed = rows(tmp_path / "alt" / "manifest.csv")
    assert len(listed) == 25 * 16 and {row["file"] for row in listed} == set(copies)
    assert [row["alteration"] for row in listed] == ALTERATIONS * 25
    for row in listed:
        width, height = size_of(sources[row["source"]])
        size, parameter = size_of(copies[row["file"]]), row["parameter"]
        assert row["file"].startswith(row["source"][:7] + "-" + row["alteration"] + ".")
        if row["alteration"] in ("resize", "crop"):
            assert "%dx%d" % size == parameter.split("+")[0]
        elif row["alteration"] == "border":
            wide = int(parameter.split("px")[0])
            assert size == (width + 2 * wide, height + 2 * wide)
        elif row["alteration"] in ("rot90", "rot270", "flipplus1", "flipminus1"):
            assert size == (height, width) and parameter == ""
        else:
            assert size == (width, height)
        if row["alteration"] == "crop":
            assert 0.95 < size[0] / width <= 1 and 0.95 < size[1] / height <= 1


def test_altered_pixels(tmp_path):
    """Copies that are PNG, against the operation written down anew."""
    common = ("--count", 60, "--side", 40)
    run("pictures", "--out", tmp_path / "src", "--recipe", "png-rgb", *common)
    run("altered", "--out", tmp_path / "alt", "--recipe", "png-rgb", *common, "--alterations",
        "crop,border,brightness,rot90,rot180,rot270,flipx,flipy,flipplus1,flipminus1")
    operations = {
        "rot90": lambda p: [list(column) for column in zip(*p)][::-1],
        "rot180": lambda p: [row[::-1] for row in p[::-1]],
        "rot270": lambda p: [list(column)[::-1] for column in zip(*p)],
        "flipx": lambda p: p[::-1],
        "flipy": lambda p: [row[::-1] for row in p],
        "flipplus1": lambda p: [list(column) for column in zip(*p)],
        "flipminus1": lambda p: [list(column)[::-1] for column in zip(*p)][::-1],
    }
    seen = set()
    for row in rows(tmp_path / "alt" / "manifest.csv"):
        if not row["file"].endswith(".png"):
            continue
        source = png_pixels((tmp_path / "src" / row["source"]).read_bytes())
        copy = png_pixels((tmp_path / "alt" / row["file"]).read_bytes())
        name, parameter = row["alteration"], row["parameter"]
        if name == "crop":
            size, x, y = parameter.split("+")
            width, height = map(int, size.split("x"))
            expected = [line[int(x):int(x) + width] for line in source[int(y):int(y) + height]]
        elif name == "border":
            wide, grey = int(parameter.split("px")[0]), bytes([int(parameter.split()[2])] * 3)
            edge = [[grey] * (len(source[0]) + 2 * wide)] * wide
            expected = edge + [[grey] * wide + line + [grey] * wide for line in source] + edge
        elif name == "brightness":
            expected = [[bytes(min(max(v + int(parameter), 0), 255) for v in pixel) for pixel in line]
                        for line in source]
        else:
            expected = operations[name](source)
        assert copy == expected, row
        seen.add(name)
    assert len(seen) == 10


def test_alterations_are_chosen_and_taken_in_turn(tmp_path):
    run("altered", "--out", tmp_path, "--count", 4, "--side", 32, "--alterations", "blur,rot90,crop", "--copies", 2)
    listed = [row["alteration"] for row in rows(tmp_path / "manifest.csv")]
    assert listed == ["blur", "rot90", "crop", "blur", "rot90", "crop", "blur", "rot90"]


# ---- Hash lists ----


@pytest.mark.parametrize("data", ["uniform", "clustered"])
def test_hash_list_formats_agree(data, tmp_path):
    def make(form, count=9000, seed=3):
        run("hashes", "--out", tmp_path / form, "--count", count, "--seed", seed, "--data", data, "--format", form)
        return (tmp_path / form).read_bytes()

    text = make("text")
    assert text == make("text") == run("hashes", "--out", "-", "--count", 9000, "--seed", 3, "--data", data)
    hashes = text.decode().splitlines()
    assert len(hashes) == 9000 and {len(line) for line in hashes} == {64}
    assert make("binary") == bytes.fromhex("".join(hashes))
    make("csv")
    listed = rows(tmp_path / "csv")
    assert [row["hash"] for row in listed] == hashes
    assert {row["kind"] for row in listed} == {"pdq"} and len({row["id"] for row in listed}) == 9000
    assert all(row["labels"] for row in listed)
    assert make("text", count=100) == text[:6500]
    assert make("text", count=0) == b""
    assert make("text", seed=4) != text


def test_hash_list_statistics(tmp_path):
    def values(data):
        out = run("hashes", "--out", "-", "--count", 20000, "--data", data)
        return [int(line, 16) for line in out.split()]

    uniform = values("uniform")
    assert len(set(uniform)) == 20000
    for bit in range(256):
        assert 9600 < sum(value >> bit & 1 for value in uniform) < 10400
    clustered = values("clustered")
    assert {bin(value).count("1") for value in clustered} == {128}
    steps = [bin(a ^ b).count("1") for a, b in zip(clustered, clustered[1:])]
    cuts = [i for i, step in enumerate(steps) if step > 40]
    assert 80 < len(cuts) < 250  # runs are 150 long on average
    assert max(step for step in steps if step <= 40) <= 14
    assert max(b - a for a, b in zip(cuts, cuts[1:])) <= 300


# ---- Errors ----


@pytest.mark.parametrize("arguments", [
    [], ["paint"], ["pictures"], ["hashes"], ["altered", "--count", "3"], ["pictures", "--out"],
    ["pictures", "--out", "x", "--bogus"], ["pictures", "--out", "x", "stray"],
    ["pictures", "--out", "x", "--count", "-1"], ["pictures", "--out", "x", "--count", "12a"],
    ["pictures", "--out", "x", "--count", "99999999999999999999"], ["pictures", "--out", "x", "--threads", "0"],
    ["pictures", "--out", "x", "--side", "7"], ["pictures", "--out", "x", "--side", "16385"],
    ["pictures", "--out", "x", "--size", "640"], ["pictures", "--out", "x", "--size", "640x"],
    ["pictures", "--out", "x", "--min-side", "500", "--max-side", "400"],
    ["pictures", "--out", "x", "--formats", "gif"], ["pictures", "--out", "x", "--recipe", "gif"],
    ["pictures", "--out", "x", "--recipe", "jpeg-420-q0"], ["pictures", "--out", "x", "--recipe", "jpeg-420-q101"],
    ["pictures", "--out", "x", "--recipe", "jpeg-rgb"], ["pictures", "--out", "x", "--recipe", "png-420"],
    ["pictures", "--out", "x", "--recipe", "jpeg-" + "420-" * 40], ["pictures", "--out", "x", "--data", "uniform"],
    ["altered", "--out", "x", "--alterations", "blur,shear"], ["altered", "--out", "x", "--alterations", "blur,blur"],
    ["altered", "--out", "x", "--alterations", ""], ["altered", "--out", "x", "--alterations", "blur", "--copies", "2"],
    ["hashes", "--out", "x", "--format", "xml"], ["hashes", "--out", "x", "--data", "normal"],
    ["hashes", "--out", "x", "--threads", "2"],
])
def test_usage_errors(arguments, tmp_path):
    run(*arguments, code=2, cwd=tmp_path)
    assert os.listdir(tmp_path) == []


def test_unwritable_places(tmp_path):
    (tmp_path / "file").write_text("kept")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        for command in ("pictures", "altered"):
            assert str(tmp_path / "file") in run(command, "--out", path, "--count", 1, "--side", 16, code=1)
    assert (tmp_path / "file").read_text() == "kept"
    assert "missing/list" in run("hashes", "--out", tmp_path / "missing" / "list", "--count", 1, code=1)
    run("hashes", "--out", tmp_path, "--count", 1, code=1)


def test_full_disk(tmp_path):
    assert "No space left" in run("hashes", "--out", "/dev/full", "--count", 1, code=1)
    assert "No space left" in run("pictures", "--out", tmp_path, "--count", 1, "--side", 16, "--manifest", "/dev/full",
                                  code=1)
    assert os.path.exists("/dev/full")
    with open("/dev/full", "wb") as full:
        result = subprocess.run([PROGRAM, "hashes", "--out", "-", "--count", "5"], stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1 and b"standard output: No space left" in result.stderr


def small_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


def test_nothing_is_left_half_written(tmp_path):
    out = tmp_path / "pictures"
    reason = run("pictures", "--out", out, "--count", 4, "--side", 300, "--manifest", tmp_path / "manifest.csv",
                 code=1, preexec_fn=small_disk)
    assert "File too large" in reason and (".jpg" in reason or ".png" in reason)
    assert not (tmp_path / "manifest.csv").exists()
    assert all(len(data) < 2000 for data in tree(out).values())
    for data in tree(out).values():
        size_of(data)
    assert "File too large" in run("hashes", "--out", tmp_path / "list", "--count", 1000, code=1,
                                   preexec_fn=small_disk)
    assert not (tmp_path / "list").exists()


def test_help_names_every_option():
    assert all(name in run("--help").decode() for name in ("pictures", "altered", "hashes"))
    for command, flags in (("pictures", "out count seed threads first min-side max-side side size formats recipe "
                            "manifest digest"),
                           ("altered", "out count seed threads alterations copies manifest digest"),
                           ("hashes", "out count seed data format")):
        text = run(command, "--help").decode()
        assert all(f"--{flag} " in text for flag in flags.split())
    assert all(name in run("altered", "--help").decode() for name in ALTERATIONS)
