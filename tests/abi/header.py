# SPDX-License-Identifier: Apache-2.0
"""What hashscan.h declares, read from its text: structs with their fields, enumerators, constants, functions.

The header keeps to what this reads: `typedef struct NAME { ... } NAME;` and `typedef enum NAME { ... } NAME;` without
groups inside, and HASHSCAN_API before each function. `expect_whole` fails when something was not understood."""
import re


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def field_names(declaration):
    """The names of one declaration: `const char *a, *b`, `char c[N]`, `int (*d)(void *user)`."""
    pointer = re.search(r"\(\*(\w+)\)\s*\(", declaration)
    if pointer:
        return [pointer.group(1)]
    return [re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part).group(1) for part in declaration.split(",")]


class Header:
    def __init__(self, text):
        self.text = text
        code = without_comments(text)
        self.structs, self.enumerators = {}, []
        for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", code, re.DOTALL):
            self.structs[name] = [field for declaration in body.split(";") if declaration.strip()
                                  for field in field_names(declaration.strip())]
        for name, body in re.findall(r"typedef enum (\w+) \{(.*?)\} \1;", code, re.DOTALL):
            self.enumerators += re.findall(r"(HASHSCAN_\w+)\s*=", body)
        self.constants = [name for name in re.findall(r"#define (HASHSCAN_\w+) \d+[ \t]*\n", code)
                          if not name.endswith("_COUNT") and not name.startswith("HASHSCAN_VERSION")]
        declarations = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*\n", "\n", code, flags=re.MULTILINE)
        self.functions = re.findall(r"HASHSCAN_API\s[^;]*?\b(hashscan_\w+)\(", declarations)
        self.opaque = [name for name in re.findall(r"typedef struct (\w+) \1;", code)]
        self.expect_whole(declarations)

    def expect_whole(self, declarations):
        assert len(self.structs) == len(re.findall(r"\bstruct \w+ \{", declarations)), "a struct is not understood"
        assert len(self.functions) == len(set(self.functions)) == declarations.count("HASHSCAN_API"), "a function"
        assert self.structs and self.enumerators and self.functions

    def sized(self):
        """Structs of the caller's that begin with their size, and so can grow."""
        return [name for name, fields in self.structs.items() if fields[0] == "size"]

    def version(self):
        return ".".join(re.search(rf"HASHSCAN_VERSION_{part} (\d+)", self.text).group(1)
                        for part in ("MAJOR", "MINOR", "PATCH"))


# Structs that the library allocates: they grow at their end too, as nobody else knows their size.
LIBRARYS = {"hashscan_record", "hashscan_progress", "hashscan_match", "hashscan_verdict"}
