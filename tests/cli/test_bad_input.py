# SPDX-License-Identifier: Apache-2.0
"""Bad input gives the right status or one clear line, never a crash, a hang or silence, and the results of the other
inputs are kept. `run` fails on death by a signal, on sanitizer reports and after a time-out."""
import base64
import os
import random
import socket
import struct
import subprocess

import pytest
from conftest import HASHSCAN, build, picture, png_chunk, run, start, write

@pytest.fixture
def folder(tree):
    """A folder for bad inputs, between two good ones of which the first matches."""
    bad = tree / "bad"
    write(bad / "0-good.png", picture(2))
    write(bad / "z-good.png", picture(0))
    return bad


def statuses(tree, folder, *arguments, code=1, **options):
    """{name: (status, verdict)} after a scan of the folder; the two good pictures must have kept their verdicts, and the
    one that matches decides the exit status."""
    result = run("scan", "--index", tree / "index", folder, *arguments, **options)
    assert (result.code, result.err) == (code, b"")
    found = {os.path.relpath(path, folder): record for path, record in result.files.items()}
    assert found.pop("0-good.png")["verdict"] == "match"
    assert found.pop("z-good.png")["verdict"] == "no_match"
    assert result.summary["inputs"] == len(found) + 2
    assert sum(result.summary["by_status"].values()) == result.summary["inputs"]
    for record in found.values():
        assert record["status"] == "ok" or record["reason"], record
    return {name: (record["status"], record["verdict"]) for name, record in found.items()}


# ---- Bytes that are no picture ---------------------------------------------------------------------------------------

def test_files_that_are_no_images(tree, folder):
    write(folder / "empty.jpg", b"")
    write(folder / "text.jpg", b"This is not a JPEG file.\n" * 40)
    for seed in range(8):
        write(folder / f"random{seed}.png", random.Random(seed).randbytes(1 << (2 * seed)))
    found = statuses(tree, folder)
    assert len(found) == 10
    assert set(found.values()) == {("not_image", "not_image")}


def cuts(data):
    """The data cut at sixteen places: in the signature, the headers, the pixels and just before the end."""
    places = sorted({1, 2, 5, 9, 20, len(data) - 1, len(data) - 2, *(len(data) * k // 10 for k in range(1, 10))})
    assert len(places) == 16
    return [data[:place] for place in places]


def test_a_png_cut_at_sixteen_places(tree, folder):
    whole = picture(2, 640, 480)
    for i, data in enumerate(cuts(whole)):
        write(folder / f"cut{i:02}.png", data)
    found = statuses(tree, folder)
    assert len(found) == 16
    for name, (status, verdict) in found.items():
        assert status in ("unsupported", "corrupt", "damaged", "low_quality"), name
        assert (verdict == "unexamined") == (status != "damaged"), name
    assert found["cut00.png"][0] == "corrupt"
    assert found["cut04.png"][0] == "corrupt"  # in the header
    assert all(found[f"cut{i:02}.png"][0] == "damaged" for i in range(9, 16))


def test_a_jpeg_cut_at_sixteen_places(tree, folder, jpeg):
    for i, data in enumerate(cuts(jpeg)):
        write(folder / f"cut{i:02}.jpg", data)
    found = statuses(tree, folder)
    assert len(found) == 16
    for name, (status, verdict) in found.items():
        assert status in ("unsupported", "corrupt", "damaged", "low_quality"), name
        assert (verdict == "unexamined") == (status in ("unsupported", "corrupt", "low_quality")), name


def test_a_png_that_claims_to_be_huge(tree, folder):
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"x") + png_chunk(b"IEND", b"")
    write(folder / "huge.png", bomb)
    assert statuses(tree, folder) == {"huge.png": ("limit", "unexamined")}


# ---- Names that are no files -----------------------------------------------------------------------------------------

def test_links_fifos_and_sockets(tree, folder):
    os.symlink("nowhere", folder / "dangling.png")
    os.symlink("loop-b.png", folder / "loop-a.png")
    os.symlink("loop-a.png", folder / "loop-b.png")
    os.symlink(".", folder / "inside")
    os.symlink("..", folder / "above")
    os.mkfifo(folder / "fifo.png")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(folder)  # a socket's name is at most 108 bytes
        listener.bind("socket.png")
        os.chdir(here)
        os.mkdir(folder / "folder.png")
        within = run("scan", "--index", tree / "index", folder)
        result = run("scan", "--index", tree / "index", "--links", "follow", folder)
    assert within.files[str(folder / "above")]["status"] == "unreadable"
    assert set(within.files) - {str(folder / "above")} == {path for path in result.files if "/above/" not in path}
    names = {os.path.relpath(path, folder): record["status"] for path, record in result.files.items()}
    assert [names.pop(name) for name in ("fifo.png", "socket.png")] == ["unsupported"] * 2
    assert [names.pop(name) for name in ("dangling.png", "loop-a.png", "loop-b.png")] == ["unreadable"] * 3
    assert result.code == 1
    # The link to the parent leads to the pictures there, each once; nothing is walked in circles.
    real = [os.path.realpath(folder / name) for name in names]
    assert len(real) == len(set(real))
    lock = [names.pop(name) for name in list(names) if os.path.basename(name) == "LOCK"]
    assert lock == ["not_image"]  # an index is there too, and its lock file is empty
    assert all(status in ("ok", "not_image") for status in names.values())


def test_the_same_as_operands(tree, folder):
    os.symlink("nowhere", folder / "dangling.png")
    os.mkfifo(folder / "fifo.png")
    bad = {folder / "dangling.png": "unreadable", folder / "fifo.png": "unsupported", "/dev/zero": "unsupported",
           folder / "missing.png": "unreadable", folder / "0-good.png" / "x": "unreadable", "": "unreadable",
           folder / "0-good.png": "ok"}
    result = run("scan", "--index", tree / "index", *bad)
    assert result.code == 1
    assert [record["status"] for record in result.records[:-1]] == list(bad.values())
    hashed = run("hash", *bad, folder)
    assert hashed.code == 3
    assert [record["status"] for record in hashed.records] == [*bad.values(), "unsupported"]
    for record in hashed.records + result.records[:-1]:
        assert ("reason" in record) == (record["status"] != "ok")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(tree, folder):
    os.chmod(write(folder / "secret.png", picture(2)), 0)
    assert statuses(tree, folder) == {"secret.png": ("unreadable", "unexamined")}


@pytest.mark.parametrize("path", ["/sys/devices/system/cpu/online", "/proc/version"])
def test_a_file_whose_size_is_not_what_it_says(tree, folder, path):
    """The kernel's files say 4096 bytes, or none, and give others: just what a shrinking or growing file looks like."""
    if not os.path.isfile(path):
        pytest.skip(f"no {path} here")
    with open(path, "rb") as file:
        if os.path.getsize(path) == len(file.read()):
            pytest.skip(f"{path} has the size that it says")
    os.symlink(path, folder / "moving.png")
    assert statuses(tree, folder, "--links", "follow") == {"moving.png": ("changed", "unexamined")}
    assert run("hash", path).records[0]["status"] == "changed"


def test_a_path_that_is_not_utf8(tree, folder):
    name = b"caf\xe9-\xff.png"
    path = os.fsencode(folder) + b"/" + name
    with open(path, "wb") as file:
        file.write(picture(5))
    for result in (run("scan", "--index", tree / "index", path), run("hash", path)):
        record = result.records[0]
        assert "path" not in record
        assert base64.b64decode(record["path_base64"], validate=True) == path
    for length in range(1, 7):  # every padding
        result = run("hash", b"\xff" * length)
        assert base64.b64decode(result.records[0]["path_base64"], validate=True) == b"\xff" * length


@pytest.mark.parametrize("raw", [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80",
                                 b"a\xf0\x9f\x98"])
def test_malformed_utf8_is_recognised(raw):
    assert base64.b64decode(run("hash", raw).records[0]["path_base64"]) == raw


# ---- Indexes ---------------------------------------------------------------------------------------------------------

def index_files(index):
    """Files that hold the index: all but the one that writers lock, which is always empty and never read."""
    return sorted(os.path.join(parent, name) for parent, _, names in os.walk(index) for name in names
                  if name != "LOCK")


def refused(index, image, info=True):
    """Every command that takes an index says what is wrong with it in one line; `index info` only where it looks."""
    for arguments in (("index", "verify", index), ("query", index, "0" * 64), ("scan", "--index", index, image),
                      ("index", "info", index))[:4 if info else 3]:
        result = run(*arguments)
        assert (result.code, result.out, len(result.errors)) == (2, b"", 1), arguments
        assert os.path.basename(index) in result.errors[0], result.errors


@pytest.fixture
def image(tmp_path):
    return write(tmp_path / "a.png", picture(1))


def test_an_index_with_an_empty_or_missing_file(tmp_path, image):
    index = build(tmp_path, ["%064x" % k for k in range(50)])
    for path in index_files(index):
        with open(path, "rb") as file:
            data = file.read()
        write(path, b"")
        refused(index, image)
        os.unlink(path)
        refused(index, image)
        write(path, data)
    assert run("index", "verify", index).code == 0


def test_a_truncated_index(tmp_path, image):
    index = build(tmp_path, ["%064x" % k for k in range(50)])
    for path in index_files(index):
        with open(path, "rb") as file:
            data = file.read()
        for size in (1, len(data) // 2, len(data) - 1):
            write(path, data[:size])
            refused(index, image)
        write(path, data + b"\0")
        refused(index, image)
        write(path, data)


def test_one_flipped_byte_anywhere_in_an_index(tmp_path, image):
    index = build(tmp_path, ["hash,id,labels"] + ["%064x,entry%d,L" % (k * 977, k) for k in range(20)], "l.csv")
    for path in index_files(index):
        with open(path, "rb") as file:
            data = file.read()
        for place in random.Random(1).sample(range(len(data)), min(len(data), 150)):
            write(path, data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1:])
            result = run("index", "verify", index)
            assert (result.code, result.out, len(result.errors)) == (2, b"", 1), (path, place)
            assert run("index", "info", index).code in (0, 2)
        refused(index, image, info=False)
        write(path, data)
    assert run("index", "verify", index).code == 0


# ---- Output that cannot be written -----------------------------------------------------------------------------------

def commands_with_output(tree):
    image = tree / "in" / "0.png"
    return (("hash", image), ("hash", "--format", "csv", image), ("index", "info", tree / "index"),
            ("query", tree / "index", "0" * 64), ("scan", "--index", tree / "index", tree / "in"), ("--help",),
            ("scan", "--help"), ("--version",), ("completions", "bash"))


def test_a_full_disk(tree):
    with open("/dev/full", "wb") as full:
        for arguments in commands_with_output(tree):
            result = run(*arguments, stdout=full)
            assert (result.code, len(result.errors)) == (2, 1), arguments
            assert "No space left" in result.errors[0]
    result = run("scan", "--index", tree / "index", "--output", "/dev/full", tree / "in")
    assert (result.code, len(result.errors)) == (2, 1)


def test_a_closed_pipe(tree):
    for arguments in commands_with_output(tree):
        reader, writer = os.pipe()
        os.close(reader)
        result = run(*arguments, stdout=writer)
        os.close(writer)
        assert (result.code, len(result.errors)) == (2, 1), arguments
        assert "Broken pipe" in result.errors[0]


def test_a_reader_that_goes_away_ends_an_endless_scan(tree):
    """`hashscan scan ... | head -1` must not go on scanning for nobody."""
    process = start("scan", "--index", tree / "index", "--files-from", "-", stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(f"{tree}/in/0.png\n".encode())
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.close()
    process.stdin.write(f"{tree}/in/1.png\n".encode())
    process.stdin.close()
    assert process.wait(30) == 2
    assert b"Broken pipe" in process.stderr.read()


def test_closed_standard_output(tree):
    """With standard output closed, the next file opened would take its place, and results would land in it."""
    script = 'exec "$@" >&-'
    for arguments in (("hash", tree / "in" / "0.png"), ("scan", "--index", tree / "index", tree / "in")):
        done = subprocess.run(["/bin/sh", "-c", script, "sh", HASHSCAN, *map(str, arguments)], stderr=subprocess.PIPE,
                              check=False, timeout=60)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
    assert run("index", "verify", tree / "index").code == 0
