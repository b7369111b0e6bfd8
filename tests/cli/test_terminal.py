# SPDX-License-Identifier: Apache-2.0
"""Nothing that can reach a terminal steers it: whatever file names, lists and pictures hold, output is UTF-8 without
controls, separators of lines or turns of direction, and what is for machines can be read back without loss."""
import csv
import io
import os
import pty
import re
import zlib

import pytest
from conftest import build, hash_of, picture, png_chunk, run, start, write

CONTROLS = [*range(1, 0x20), *range(0x7f, 0xa0), 0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f),
            *range(0x2066, 0x206a)]
NASTY = ["a" + chr(code) + "b" for code in CONTROLS] + [
    "\x1b]0;owned\x07", "\u009b31mred", "\u202egnp.exe", "back\\slash", "\\front", 'quo"te', "com,ma", "\u00e4\u20ac\U0001f600",
    "\\x1b", ";", "all,\"of\"\nit\x1b;\\"]
NOT_UTF8 = [b"\x9b31m", b"caf\xe9", b"\xc2", b"\xe2\x80", b"\xff\xfe", b"a\x80\x9f\xc0\xaf", b"\xed\xa0\x80", b"\\\xff"]
NAMES = [os.fsencode(name) for name in NASTY] + NOT_UTF8


def assert_safe(output):
    text = output.decode("utf-8")
    assert not {code for code in map(ord, text) if code in CONTROLS and code != 10}, ascii(text)


def unescape(text):
    """What text_put_escaped wrote, as bytes."""
    return re.sub(rb"\\(x[0-9a-f]{2}|.)", lambda found: {b"n": b"\n", b"r": b"\r", b"\\": b"\\"}.get(
        found[1]) or bytes([int(found[1][1:], 16)]), text.encode())


def field(text):
    """A field of CSV, as bytes."""
    return unescape(text[1:]) if text.startswith("\\") else text.encode()


@pytest.fixture
def pictures(tmp_path):
    """A folder with one picture under each of NAMES that the file system takes."""
    folder = os.fsencode(tmp_path / "pictures")
    os.mkdir(folder)
    for name in NAMES:
        with open(os.path.join(folder, name.replace(b"/", b"_")), "wb") as file:
            file.write(picture(1))
    return folder


def test_hash_as_csv(pictures):
    result = run("hash", "--format", "csv", *sorted(os.listdir(pictures)), cwd=pictures)
    assert_safe(result.out)
    rows = list(csv.reader(io.StringIO(result.text, newline="")))[1:]
    assert [field(row[0]) for row in rows] == sorted(os.listdir(pictures))


def test_hash_as_hex(pictures):
    result = run("hash", "--format", "hex", *sorted(os.listdir(pictures)), cwd=pictures)
    assert_safe(result.out)
    lines = result.text.split("\n")[:-1]
    names = [unescape(line.split("  ", 1)[1]) if line.startswith("\\") else line.split("  ", 1)[1].encode()
             for line in lines]
    assert names == sorted(os.listdir(pictures))
    plain = [line for line in lines if not line.startswith("\\")]
    assert len(plain) == sum(name.decode("utf-8", "replace") in ('quo"te', "com,ma", "\u00e4\u20ac\U0001f600", ";")
                             for name in os.listdir(pictures))


def test_json_lines(tmp_path, pictures):
    index = build(tmp_path, ["%064x" % 1])
    for result in (run("hash", *sorted(os.listdir(pictures)), cwd=pictures),
                   run("scan", "--index", index, pictures)):
        assert_safe(result.out)
        names = [record["path"] for record in result.records if "path" in record]
        assert sorted(os.path.basename(name) for name in names) == sorted(name for name in NASTY)
        assert sum("path_base64" in record for record in result.records) == len(NOT_UTF8)
    assert r"\u009b31mred" in result.text and r"\u202egnp.exe" in result.text and r"\u007f" in result.text


def test_messages(tmp_path):
    for name in NAMES:
        result = run("hash", "--format", "hex", name, cwd=tmp_path)
        assert_safe(result.err)
        assert len(result.err.splitlines()) == 1, result.err
    for arguments in ((b"\xc2\x9b31m",), (b"hash", b"--\xc2\x9bm"), (b"hash", b"--format", b"\x9b\xe2\x80\xae", b"x"),
                      (b"scan", b"--fail-on", b"\xc2\x9b\x9b", b"--index", b"x", b"y"), (b"index", b"info", b"\x9b\xc2\x9b"),
                      (b"index", b"build", b"-o", b"x", b"\xe2\x80\xae\xc2\x85"), (b"scan", b"--index", b"\xc2\x9b", b"x"),
                      (b"query", b"\xe2\x81\xa6\x9b", b"x"), (b"hash", b"--format", b"hex", b"x" * 9000 + b"\xc3")):
        result = run(*arguments, cwd=tmp_path)
        assert result.err, arguments
        assert_safe(result.err + result.out)


def test_what_a_list_holds(tmp_path):
    path = write(tmp_path / "a.png", picture(1))
    texts = [text for text in NASTY if "\n" not in text and "\r" not in text]
    lines = ["hash,id,labels"] + [f'{hash_of(path)},"{text}","x;{text}"'.replace('o"t', 'o""t') for text in texts]
    for text in ("\u202etsil", "\u009b1m"):
        index = build(tmp_path, lines, "list.csv", ("--list", text, "--list-version", text))
        info, query = run("index", "info", index), run("query", index, hash_of(path))
        scanned, table = run("scan", "--index", index, path), run("query", "--format", "csv", index, hash_of(path))
        for result in (info, query, scanned, table):
            assert_safe(result.out)
        assert info.records[0]["lists"][0]["name"] == text
        for result in (query, scanned):
            assert sorted(match["id"] for match in result.records[0]["matches"]) == sorted(texts)
        rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
        assert sorted(field(row["id"]).decode() for row in rows) == sorted(texts)
        assert {field(row["list"]).decode() for row in rows} == {text}
        for row in rows:
            identity = field(row["id"]).decode()
            if ";" not in identity:
                assert field(row["labels"]).decode() == f"x;{identity}"


def test_what_a_bad_list_holds(tmp_path):
    for line in (b"\x9b31m", b"\xc2\x9b" * 300, "\u202e".encode() * 40, b"0" * 64 + b",\x1b[31m"):
        for name, text in (("a.txt", line), ("a.csv", b"hash,kind\n" + line), ("b.csv", b"hash," + line + b"\n" + line)):
            result = run("index", "build", "-o", tmp_path / "index", write(tmp_path / name, text + b"\n"))
            assert_safe(result.err + result.out)


def test_what_a_picture_makes_its_decoder_say(tmp_path, jpeg):
    header = picture(1)[:33]
    for kind in (b"\x9b31m", b"\x1b[0m", b"\xc2\x9bAB", b"IHD\x9b"):
        chunk = png_chunk(kind, b"x") + png_chunk(b"IDAT", zlib.compress(b"\0" * 10)) + png_chunk(b"IEND", b"")
        path = write(tmp_path / "a.png", header + chunk)
        for result in (run("hash", path), run("hash", "--format", "hex", path)):
            assert_safe(result.out + result.err)
            assert result.code == 3
    for place in range(2, 600, 3):
        path = write(tmp_path / "a.jpg", jpeg[:place] + b"\x9b" + jpeg[place + 1:])
        assert_safe(run("hash", path).out)


def test_on_a_real_terminal(tmp_path, pictures):
    index = build(tmp_path, [hash_of(os.path.join(pictures, b"com,ma"))])
    master, terminal = pty.openpty()
    process = start("scan", "--index", index, pictures, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    assert process.wait(30) == 1
    assert_safe(re.sub(rb"\r?\x1b\[K|\r\n|\r", b"", shown))  # the progress line's own
    assert b"31mred" in shown
