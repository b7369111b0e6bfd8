# SPDX-License-Identifier: Apache-2.0
"""A reader of the index format, written from core/doc/FORMAT.md alone and sharing nothing with the library.

`read_index(folder)` checks digests and layout and returns the live entries in order, as tuples
(kind, hash in hex, list, version, id, labels, number)."""
import os
import struct

import xxhash

KINDS = (("pdq", 32), ("md5", 16), ("sha1", 20), ("sha256", 32), ("hash64", 8))
PERCEPTUAL = (0, 4)
PIGEONRING_MINIMUM_ROWS = 4096
LOG_PART = 2**32 - 1
ADD, KILL, BITMAP, VERSION, NUMBERED = 1, 2, 3, 4, 5


class Refused(Exception):
    pass


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def digest(data):
    return xxhash.xxh3_128_digest(data)


def read_file(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def strings_from(data, count, what):
    """`count` strings that fill `data` exactly."""
    parts = data.split(b"\0")
    require(parts.pop() == b"" and len(parts) == count, what)
    return [part.decode("utf-8") for part in parts]


class Header:
    def __init__(self, data, letter, table_end):
        require(data[:8] == b"\x89HSI\r\n\n" + letter, "magic")
        version, self.rows, size, self.entries, self.digest, reserved = struct.unpack_from("<IIQQ16s16s", data, 8)
        require(version in (2, 3), "version")
        self.version = version
        require(size == len(data), "size")
        require(reserved == bytes(16), "reserved bytes")
        table = data[:table_end(self.rows)]
        require(digest(table[:32] + bytes(16) + table[48:]) == self.digest, "header digest")


class Segment:
    """The entries of one segment: (kind number, hash, list number, id, labels, number), and its lists [name, version]."""

    def __init__(self, data, segment_digest, size, entries):
        header = Header(data, b"S", lambda rows: 64 + 40 * rows)
        require(header.rows == (24 if header.version == 2 else 25), "sections")
        require(header.digest == segment_digest, "not the segment that MANIFEST names")
        require(len(data) == size and header.entries == entries, "MANIFEST and segment disagree")
        self.sections = self.place(data, header.rows)
        self.numbers = [number for number, in struct.iter_unpack("<Q", self.sections.get(0x104, b""))] or [0] * entries
        require(len(self.numbers) == entries, "numbers")
        self.strings = self.sections[0x103]
        require(self.strings[:1] == b"\0" and self.strings[-1:] == b"\0", "strings")
        self.lists = [[self.string(name), self.string(version)]
                      for name, version, _ in struct.iter_unpack("<QQQ", self.sections[0x101])]
        require(all(len(string.encode()) <= 4096 for pair in self.lists for string in pair), "length of a list's name")
        self.label_sets = [self.labels(*row) for row in struct.iter_unpack("<QI", self.sections[0x102])]
        self.entries = []
        for kind in range(len(KINDS)):
            self.read_kind(kind)
        require(len(self.entries) == entries, "number of entries")
        for number, (_, _, count) in enumerate(struct.iter_unpack("<QQQ", self.sections[0x101])):
            require(sum(entry[2] == number for entry in self.entries) == count, "entries of a list")

    @staticmethod
    def place(data, rows):
        sections, end = {}, 64 + 40 * rows
        wanted = [(16 * kind + part, stride) for kind, (_, width) in enumerate(KINDS)
                  for part, stride in enumerate((width, 4, 4, 1))]
        wanted += [(0x100, 14), (0x101, 24), (0x102, 12), (0x103, 1), (0x104, 8)]
        for row, (section_id, stride) in enumerate(wanted[:rows]):
            found, found_stride, offset, count, section_digest = struct.unpack_from("<IIQQ16s", data, 64 + 40 * row)
            require((found, found_stride) == (section_id, stride), "section id")
            require(offset == (end + 63) // 64 * 64 and data[end:offset] == bytes(offset - end), "section place")
            end = offset + count * stride
            sections[section_id] = data[offset:end]
            require(len(sections[section_id]) == count * stride, "section size")
            require(digest(sections[section_id]) == section_digest, "section digest")
        require(end == len(data), "bytes after the last section")
        return sections

    def string(self, offset):
        require(offset == 0 or self.strings[offset - 1] == 0, "string offset")
        return self.strings[offset:self.strings.index(b"\0", offset)].decode("utf-8")

    def labels(self, offset, count):
        found = []
        for _ in range(count):
            found.append(self.string(offset))
            offset = self.strings.index(b"\0", offset) + 1
        return tuple(found)

    def read_kind(self, kind):
        width = KINDS[kind][1]
        data = self.sections[16 * kind]
        rows = [data[at:at + width] for at in range(0, len(data), width)]
        require(all(a < b for a, b in zip(rows, rows[1:])), "order of rows")
        starts = [start for start, in struct.iter_unpack("<I", self.sections[16 * kind + 1])]
        require(len(starts) == len(rows) + 1 and starts[0] == len(self.entries), "starts")
        for row, first, end in zip(rows, starts, starts[1:]):
            require(first < end, "a row without entries")
            for entry in range(first, end):
                offset, labels, number = struct.unpack_from("<QIH", self.sections[0x100], 14 * entry)
                self.entries.append((kind, row, number, self.string(offset), self.label_sets[labels],
                                     self.numbers[entry]))
        self.check_prefix(kind, rows)
        self.check_pigeonring(kind, rows)

    def check_prefix(self, kind, rows):
        bits = 0 if kind in PERCEPTUAL or not rows else min(24, len(rows).bit_length() - 1)
        directory = [first for first, in struct.iter_unpack("<I", self.sections[16 * kind + 2])]
        leading = [int.from_bytes(row[:4], "big") >> (32 - bits) if bits else 0 for row in rows]
        expected, at = [], 0
        for prefix in range(2**bits):
            while at < len(rows) and leading[at] < prefix:
                at += 1
            expected.append(at)
        require(directory == expected + [len(rows)], "prefix directory")

    def check_pigeonring(self, kind, rows):
        ring = self.sections[16 * kind + 3]
        if kind not in PERCEPTUAL or len(rows) < PIGEONRING_MINIMUM_ROWS:
            require(ring == b"", "a pigeonring where there is none")
            return
        bits = 8 * KINDS[kind][1]
        words, layout = bits // 16, ring[:bits]
        positions = [[bit for bit in range(bits) if layout[bit] == word] for word in range(words)]
        require(all(len(places) == 16 for places in positions), "partition of bits")
        values = [int.from_bytes(row, "little") for row in rows]  # bit k of a row is bit k of this number
        word_of = [[sum((value >> bit & 1) << place for place, bit in enumerate(positions[word])) for value in values]
                   for word in range(words)]
        at, count = bits, len(rows)
        for t in range(words):
            order = sorted(range(count), key=lambda row: (word_of[t][row], row))
            below = [0] * 65537
            for word in word_of[t]:
                below[word + 1] += 1
            for key in range(65536):
                below[key + 1] += below[key]
            after = word_of[(t + 1) % words]
            parts = (struct.pack("<65537I", *below), struct.pack(f"<{count}H", *(after[row] for row in order)),
                     struct.pack(f"<{count}I", *order))
            for part in parts:
                padded = part + bytes(-len(part) % 64)
                require(ring[at:at + len(padded)] == padded, f"pigeonring table {t}")
                at += len(padded)
        require(at == len(ring), "size of the pigeonring")


class Log:
    """What the log says, applied to the segments in front of it."""

    def __init__(self, segments):
        self.segments = segments
        self.added = []  # (kind number, hash, list, version, id, labels, number)
        self.dead = {part: set() for part in [*range(len(segments)), LOG_PART]}

    def entries_of(self, part):
        require(part in self.dead, "a part that does not exist")
        return len(self.added) if part == LOG_PART else len(self.segments[part].entries)

    def kill(self, part, entry):
        require(entry < self.entries_of(part) and entry not in self.dead[part], "an entry that cannot die")
        self.dead[part].add(entry)

    def apply(self, kind, data):
        part, = struct.unpack_from("<I", data)
        if kind == ADD or (kind == NUMBERED and self.version == 3):
            hash_kind, labels = struct.unpack_from("<II", data)
            number, at = (0, 8) if kind == ADD else (*struct.unpack_from("<Q", data, 8), 16)
            require(kind == ADD or number != 0, "number of an entry")
            end = at + KINDS[hash_kind][1]
            name, version, entry_id, *rest = strings_from(data[end:], 3 + labels, "strings of an entry")
            self.added.append((hash_kind, data[at:end], name, version, entry_id, tuple(rest), number))
        elif kind == KILL:
            for first, count in struct.iter_unpack("<II", data[4:]):
                for entry in range(first, first + count):
                    self.kill(part, entry)
        elif kind == BITMAP:
            require(len(data) == 4 + (self.entries_of(part) + 7) // 8, "size of a bitmap")
            for entry in range(self.entries_of(part)):
                if data[4 + entry // 8] >> entry % 8 & 1:
                    self.kill(part, entry)
        elif kind == VERSION:
            number, = struct.unpack_from("<I", data, 4)
            self.segments[part].lists[number][1], = strings_from(data[8:], 1, "a version")
        else:
            raise Refused("type of a record")

    def replay(self, data):
        self.version, = struct.unpack_from("<I", data, 8)
        require(self.version in (2, 3), "version")
        require(data[:16] == b"\x89HSI\r\n\nL" + struct.pack("<II", self.version, 0), "head of the log")
        at = 16
        while at < len(data):
            kind, size = struct.unpack_from("<II", data, at)
            require(at + 8 + size <= len(data), "a record cut short")
            self.apply(kind, data[at + 8:at + 8 + size])
            at += 8 + size


def read_index(folder):
    manifest = read_file(folder, "MANIFEST")
    header = Header(manifest, b"M", lambda rows: 128 + 32 * rows)
    require(len(manifest) == 128 + 32 * header.rows, "size of MANIFEST")
    number, log_size, log_digest, reserved = struct.unpack_from("<QQ16s32s", manifest, 64)
    require(reserved == bytes(32), "reserved bytes")
    segments = []
    for row in range(header.rows):
        segment_digest, size, entries = struct.unpack_from("<16sQQ", manifest, 128 + 32 * row)
        data = read_file(folder, f"segment-{segment_digest[:8].hex()}.hsi")
        segments.append(Segment(data, segment_digest, size, entries))
    require(sum(len(segment.entries) for segment in segments) == header.entries, "number of entries")
    log = Log(segments)
    if number != 0:
        data = read_file(folder, f"log-{number:016x}.hsl")
        require(len(data) >= log_size and digest(data[:log_size]) == log_digest, "digest of the log")
        log.replay(data[:log_size])

    live = []
    for part, segment in enumerate(segments):
        for entry, (kind, row, list_number, *rest) in enumerate(segment.entries):
            if entry not in log.dead[part]:
                live.append((KINDS[kind][0], row.hex(), *segment.lists[list_number], *rest))
    fresh = [entry for number, entry in enumerate(log.added) if number not in log.dead[LOG_PART]]
    for kind, row, *rest in sorted(fresh, key=lambda entry: entry[:2]):
        live.append((KINDS[kind][0], row.hex(), *rest))
    return live
