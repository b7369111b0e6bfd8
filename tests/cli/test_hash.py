# SPDX-License-Identifier: Apache-2.0
"""hashscan hash: formats, standard input, limits."""
import csv
import io

import pytest
from conftest import flat_picture, picture, run, waves, write

DIHEDRAL = ["rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1"]


@pytest.fixture
def image(tmp_path):
    return write(tmp_path / "a.png", picture(1))


def read_csv(result):
    return list(csv.reader(io.StringIO(result.text, newline="")))


def test_the_three_formats_agree(image):
    record = run("hash", image).records[0]
    assert record == {"type": "hash", "path": image, "status": "ok", "format": "png", "width": 160, "height": 128,
                      "profile": "full", "level": "exact", "view": "stored", "picture": 0, "pictures": 1,
                      "quality": 100, "hash": record["hash"]}
    assert len(record["hash"]) == 64 and int(record["hash"], 16) > 0
    assert run("hash", "--format", "hex", image).text == f"{record['hash']}  {image}\n"
    assert read_csv(run("hash", "--format=csv", image)) == [
        ["file", "profile", "level", "hash", "quality"], [image, "full", "exact", record["hash"], "100"]]


def test_dihedral_hashes_in_csv_and_json(image):
    header, row = read_csv(run("hash", "--format", "csv", "--dihedral", image))
    assert header[5:] == DIHEDRAL
    record = run("hash", "--dihedral", image).records[0]
    assert record["dihedral"] == dict(zip(DIHEDRAL, row[5:]))
    assert record["hash"] == row[3]
    assert len({record["hash"], *record["dihedral"].values()}) == 8


def test_fast_hashes_say_which_bits_are_in_doubt(tmp_path, jpeg, image):
    path = write(tmp_path / "a.jpg", jpeg)
    exact = run("hash", "--dihedral", path).records[0]
    fast = run("hash", "--level", "fast", "--dihedral", path).records[0]
    assert (exact["level"], fast["level"]) == ("exact", "fast")
    assert "unknown" not in exact and "dihedral_unknown" not in exact
    pairs = [(exact["hash"], fast["hash"], fast["unknown"])]
    pairs += [(exact["dihedral"][name], fast["dihedral"][name], fast["dihedral_unknown"][name]) for name in DIHEDRAL]
    for is_exact, is_fast, unknown in pairs:
        assert (int(is_exact, 16) ^ int(is_fast, 16)) & ~int(unknown, 16) == 0
        assert bin(int(unknown, 16)).count("1") < 128
    small = write(tmp_path / "small.png", picture(1, 100, 90))
    levels = [record["level"] for record in run("hash", "--level", "fast", image, small).records]
    assert levels == ["fast", "exact"]


def test_rotating_the_pixels_rotates_the_hash(tmp_path):
    upright = write(tmp_path / "a.png", waves())
    turned = write(tmp_path / "b.png", waves(turned=True))
    record = run("hash", "--dihedral", upright).records[0]
    actual = int(run("hash", turned).records[0]["hash"], 16)
    distances = {name: bin(int(value, 16) ^ actual).count("1") for name, value in record["dihedral"].items()}
    assert distances.pop("rot180") <= 31
    assert min(distances.values()) > 64


def test_hex_has_no_room_for_dihedral(image):
    result = run("hash", "--format", "hex", "--dihedral", image)
    assert (result.code, result.out, len(result.errors)) == (2, b"", 1)


def test_profile_nn512_differs_above_512_pixels_only(tmp_path, image):
    large = write(tmp_path / "large.png", picture(3, 1200, 900))
    full = run("hash", image, large).records
    sampled = run("hash", "--profile", "nn512", image, large).records
    assert full[0]["hash"] == sampled[0]["hash"]
    assert sampled[1]["profile"] == "nn512"
    assert (sampled[1]["width"], sampled[1]["height"]) == (1200, 900)


def test_standard_input(image):
    with open(image, "rb") as file:
        data = file.read()
    piped = run("hash", "-", image, stdin=data)
    assert piped.code == 0
    assert [record["path"] for record in piped.records] == ["-", image]
    assert piped.records[0]["hash"] == piped.records[1]["hash"]


def test_names_are_quoted_as_rfc_4180_says(tmp_path):
    names = ['a,b.png', 'say "hi".png', "line\nbreak.png", "plain.png"]
    for name in names:
        write(tmp_path / name, picture(1))
    result = run("hash", "--format", "csv", *names, cwd=tmp_path)
    assert [row[0] for row in read_csv(result)[1:]] == names
    assert b"\nplain.png," in result.out and b'"say ""hi"".png",' in result.out


def test_names_with_line_breaks_stay_on_one_line_in_hex(tmp_path):
    write(tmp_path / "a\nb\\.png", picture(1))
    result = run("hash", "--format", "hex", "a\nb\\.png", cwd=tmp_path)
    assert result.text.count("\n") == 1
    assert result.text.startswith("\\") and result.text.endswith("  a\\nb\\\\.png\n")


def test_json_escapes_what_must_be(tmp_path):
    name = 'q"b\\t\tn\nc\x01e\x7f-ü-\U0001f600.png'
    write(tmp_path / name, picture(1))
    result = run("hash", name, cwd=tmp_path)
    assert result.records[0]["path"] == name
    assert result.out.count(b"\n") == 1


def test_low_quality_is_a_hash_all_the_same(tmp_path):
    result = run("hash", write(tmp_path / "flat.png", flat_picture()))
    assert result.code == 0
    assert result.records[0]["quality"] == 0


@pytest.mark.parametrize("options, word", [(("--max-pixels", "100"), "max_pixels"), (("--max-side", "100"), "side"),
                                           (("--timeout", "0.0000001"), "second")])
def test_limits_are_named(image, options, word):
    result = run("hash", *options, image)
    assert result.code == 3
    assert result.records[0]["status"] in ("limit", "timeout")
    assert word in result.records[0]["reason"].lower(), result.records[0]["reason"]


def test_file_size_limit(tmp_path):
    large = write(tmp_path / "large.png", picture(1) + bytes(2 << 20))
    for arguments in ((large,), ("-",)):
        with open(large, "rb") as file:
            record = run("hash", "--max-file-size", "1", *arguments, stdin=file.read()).records[0]
        assert record["status"] == "limit"
        assert "max-file-size" in record["reason"]


def test_an_input_without_a_hash_keeps_the_others(tmp_path, image):
    missing = str(tmp_path / "missing.png")
    for form, rows in (("csv", 2), ("hex", 1)):
        result = run("hash", "--format", form, missing, image)
        assert result.code == 3
        assert len(result.text.splitlines()) == rows
        assert result.errors == [f"hashscan: {missing}: unreadable: No such file or directory"]
    result = run("hash", missing, image)
    assert (result.code, result.err) == (3, b"")
    assert [record["status"] for record in result.records] == ["unreadable", "ok"]


def test_what_is_no_image_needs_no_hash(tmp_path, image):
    text = write(tmp_path / "notes.txt", b"notes")
    result = run("hash", "--format", "hex", text, image)
    assert (result.code, len(result.text.splitlines())) == (0, 1)
    assert result.errors == [f"hashscan: {text}: not_image: begins like no image"]
    assert run("hash", text).records[0]["status"] == "not_image"
    assert run("hash", write(tmp_path / "a.gif", b"GIF89a"), image).code == 3


def test_no_file_is_a_usage_error():
    result = run("hash")
    assert (result.code, len(result.errors)) == (2, 1)
