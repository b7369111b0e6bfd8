#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the header of a later version: `grow.py OLD NEW` adds a field `abi_added` at the end of each struct that may
grow, and its default, 7, at the end of each _INIT macro. Callers built with the one header and a library built with the
other stand for two versions that meet."""
import re
import sys

from header import Header, LIBRARYS


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        header = Header(file.read())
    text = header.text
    sized = header.sized()
    for name in sized + sorted(LIBRARYS & set(header.structs)):
        text, found = re.subn(r"(typedef struct %s \{.*?)(\} %s;)" % (name, name), r"\1  uint64_t abi_added;\n\2", text,
                              count=1, flags=re.DOTALL)
        assert found == 1, name
    for name in sized:
        macro = re.search(r"#define %s_INIT(?:[^\n]*\\\n)*[^\n]*\n" % name.upper(), text)
        assert macro, f"{name} has no _INIT macro"
        end = text.rindex("}", macro.start(), macro.end())
        text = text[:end] + ", 7 " + text[end:]
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)


main()
