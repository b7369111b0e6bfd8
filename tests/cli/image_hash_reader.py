# SPDX-License-Identifier: Apache-2.0
"""A reader of the written form of image hashes, from core/doc/FORMAT.md alone and sharing nothing with the library.

`read_image_hashes(data)` gives what `hashscan hash` prints of the same files as JSON, without type and path."""
import struct

SIZE = 800
STATUS = ("ok", "damaged", None, "not_image", "unsupported", "corrupt", "limit", "unreadable", "changed", "timeout",
          "crash")
FORMAT = ("unknown", "jpeg", "jpeg-cmyk", "png")
PROFILE = ("full", "nn512")
LEVEL = ("exact", "fast", "blocks")
VIEW = ("stored", "on-white", "on-black", "gamma", "gamma-on-white", "gamma-on-black", "other-colors")
TRANSFORM = ("none", "rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1")
DIGEST = (("md5", 1, 560, 16), ("sha1", 2, 576, 20), ("sha256", 3, 596, 32))


class Refused(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Refused(what)


def name_of(names, number):
    require(number < len(names) and names[number] is not None, f"{number} is none of {names}")
    return names[number]


def read_hashes(data, count, exact):
    hashes, unknown = data[48:304], data[304:560]
    require(not any(hashes[32 * count:]) and not any(unknown[32 * count:]), "hashes that are not there")
    require(not exact or not any(unknown), "unknown bits of an exact hash")
    made = {}
    for key, block in (("hash", hashes), ("unknown", unknown)):
        if key == "unknown" and exact:
            break
        parts = [block[32 * i:32 * i + 32].hex() for i in range(count)]
        made[key] = parts[0]
        if count == 8:
            made["dihedral" if key == "hash" else "dihedral_unknown"] = dict(zip(TRANSFORM[1:], parts[1:]))
    return made


def read_digests(data, bits):
    require(bits & ~0b1110 == 0, "digests")
    made = {}
    for name, bit, start, length in DIGEST:
        value = data[start:start + length]
        if bits >> bit & 1:
            made[name] = value.hex()
        else:
            require(not any(value), name)
    return made


def read_reason(data):
    text, *rest = data.split(b"\0", 1)
    require(rest and not any(rest[0]) and all(0x20 <= byte <= 0x7e for byte in text), "reason")
    return text.decode("ascii")


def read_image_hash(data):
    require(len(data) == SIZE and data[:8] == b"\x89HSI\r\n\nI", "magic")
    version, size = struct.unpack_from("<II", data, 8)
    require(version == 1, "version")
    require(size == SIZE and data[47] == 0 and not any(data[628:632]) and not any(data[792:]), "size or reserved bytes")
    status, form, profile, level, view, count, digests, unseen = data[16:24]
    picture, pictures, width, height, views = struct.unpack_from("<5I", data, 24)
    quality, low, high = data[44:47]
    made = {"status": name_of(STATUS, status)}
    names = {"profile": name_of(PROFILE, profile), "level": name_of(LEVEL, level), "view": name_of(VIEW, view)}
    require(unseen < 2, "unseen")
    if name_of(FORMAT, form) != "unknown":
        made["format"] = FORMAT[form]
    if width and height:
        made.update(width=width, height=height)
    reason = read_reason(data[632:792])
    if reason:
        made["reason"] = reason
    if made["status"] in ("ok", "damaged"):
        require(count in (1, 8) and picture < pictures and width and height, "a picture")
        require(low <= quality <= high <= 100 and (level or low == high), "quality")
        require(views & ~0b1111110 == 0 and (views == 0 or view == 0), "views")
        made.update(names, picture=picture, pictures=pictures, quality=quality)
        if low != high:
            made["quality_range"] = [low, high]
        if views:
            made["views"] = [name for i, name in enumerate(VIEW) if views >> i & 1]
        if unseen:
            made["unseen"] = True
    else:
        require(count == 0 and quality == low == high == 255 and views == 0 and not unseen, "a picture without hash")
    made.update(read_hashes(data, count, level == 0) if count else {})
    require(count or not any(data[48:560]), "hashes that are not there")
    found = read_digests(data, digests)
    if found:
        made["digests"] = found
    return made


def read_image_hashes(data):
    require(len(data) % SIZE == 0, "a whole number of image hashes")
    return [read_image_hash(data[i:i + SIZE]) for i in range(0, len(data), SIZE)]
