# SPDX-License-Identifier: Apache-2.0
"""The written form of image hashes: the independent reader of FORMAT.md reads what hashscan writes, and both refuse
the same."""
import hashlib
import struct

import pytest
from conftest import flat_picture, picture, run, write
from image_hash_reader import SIZE, Refused, read_image_hash, read_image_hashes


@pytest.fixture
def files(tmp_path, jpeg):
    names = {"a.png": picture(1), "b.jpg": jpeg, "cut.jpg": jpeg[:len(jpeg) // 2], "flat.png": flat_picture(),
             "text": b"no image at all", "gif": b"GIF89a\1\0\1\0", "broken.png": picture(2)[:40], "empty": b""}
    return [write(tmp_path / name, data) for name, data in names.items()] + [str(tmp_path / "missing")]


@pytest.mark.parametrize("options", [[], ["--dihedral"], ["--level", "fast"], ["--level", "blocks", "--dihedral"],
                                     ["--digests", "md5,sha1,sha256"], ["--digests", "sha256", "--profile", "nn512"],
                                     ["--view", "on-white"]])
def test_both_forms_say_the_same(files, options):
    printed = run("hash", *options, *files).records
    read = read_image_hashes(run("hash", "--format", "binary", *options, *files).out)
    assert len(read) == len(files)
    assert [{key: value for key, value in record.items() if key not in ("type", "path")} for record in printed] == read


def test_digests_are_those_of_the_file(files):
    for path, record in run("hash", "--digests", "sha1,md5", *files[:-1]).files.items():
        with open(path, "rb") as file:
            data = file.read()
        assert record["digests"] == {"md5": hashlib.md5(data).hexdigest(), "sha1": hashlib.sha1(data).hexdigest()}


@pytest.mark.parametrize("options", [["--digests", "pdq"], ["--digests", ""], ["--view", "inside"], ["--digests", "md5,"],
                                     ["--digests", "md5sha1sha256sha512"], ["--digests", "md5", "--format", "csv"],
                                     ["--format", "hex", "--dihedral"]])
def test_bad_options_are_refused(files, options):
    assert run("hash", *options, files[0]).code == 2


def test_the_reader_refuses_what_format_md_says(files):
    whole = run("hash", "--format", "binary", "--level", "fast", files[0]).out
    assert len(whole) == SIZE and read_image_hash(whole)["level"] == "fast"
    for offset, value in ((0, 0x88), (8, 2), (12, 0), (16, 2), (16, 11), (17, 4), (18, 2), (19, 3), (20, 7), (21, 2),
                          (21, 0), (22, 1), (22, 2 + 16), (23, 2), (24, 1), (28, 0), (32, None), (40, 1), (40, 128),
                          (44, 101), (45, 101), (46, 0), (47, 1), (48 + 32, 1), (304 + 255, 1), (560, 1), (576, 1),
                          (596, 1), (628, 1), (632, 10), (632, 0x80), (640, 0x41), (799, 1)):
        bad = bytearray(whole)
        if value is None:
            bad[offset:offset + 4] = struct.pack("<I", 0)
        else:
            bad[offset] = value
        with pytest.raises(Refused):
            read_image_hash(bytes(bad))
