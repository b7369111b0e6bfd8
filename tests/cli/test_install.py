# SPDX-License-Identifier: Apache-2.0
"""What a program that links hashscan gets: headers that stand alone, no foreign symbols, a working `make install`."""
import glob
import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("HASHSCAN_BUILD", "build"))
SANITIZED = os.path.basename(BUILD) in ("asan", "tsan")
HEADERS = sorted(os.path.relpath(path, ROOT) for pattern in ("core/src/*/*.h", "core/src/index/*/*.h")
                 for path in glob.glob(os.path.join(ROOT, pattern)) if not path.endswith("_template.h"))

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <hashscan.h>
int main(void) {
  hashscan_hasher *hasher;
  hashscan_error error;
  static unsigned char grey[100 * 100];
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  for (int i = 0; i < 10000; i++) grey[i] = (unsigned char)((i % 100) * 2);
  if (hashscan_hasher_create(NULL, &hasher, &error) != HASHSCAN_SUCCESS) return 1;
  if (hashscan_hash_pixels(hasher, grey, 100, 100, 1, 100, &hash, &error) != HASHSCAN_SUCCESS) return 2;
  hashscan_hasher_destroy(hasher);
  printf("%s %u\n", hashscan_version(), hash.hash_count);
  return 0;
}
"""


def run(*command, **options):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    return done.returncode, done.stdout.decode(errors="replace")


@pytest.mark.parametrize("command", [("cc", "-std=c11", "-x", "c"), ("c++", "-std=c++17", "-x", "c++")])
def test_public_header_compiles_alone(command):
    code, output = run(*command, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "core/include/hashscan.h")
    assert code == 0, output


@pytest.mark.parametrize("header", HEADERS)
def test_internal_header_compiles_alone(header):
    code, output = run("cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
                       "-Icore/include", "-Icore/src", "-fsyntax-only", "-x", "c", header)
    assert code == 0, output


def test_a_big_endian_machine_is_refused_in_one_sentence():
    code, output = run("cc", "-std=c11", "-D_GNU_SOURCE", "-Icore/include", "-Icore/src", "-fsyntax-only", "-U__BYTE_ORDER__",
                       "-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__", "core/src/base/cpu.c")
    assert code != 0
    assert re.findall(r"error: .*", output) == [
        'error: #error "hashscan needs a little-endian machine, because it reads the tables of an index where they lie in '
        'the file."']


def defined_symbols(path, *options):
    code, output = run("nm", "--defined-only", "--extern-only", *options, path)
    assert code == 0, output
    return {line.split()[-1] for line in output.splitlines() if len(line.split()) == 3}


@pytest.mark.skipif(SANITIZED, reason="sanitizers add symbols of their own")
def test_libraries_define_hashscan_symbols_only():
    shared = defined_symbols(os.path.join(BUILD, "libhashscan.so"), "-D")
    static = defined_symbols(os.path.join(BUILD, "libhashscan.a"))
    assert {name for name in shared | static if not name.startswith("hashscan_")} == set()
    assert shared == static
    assert "hashscan_match_image" in shared


def test_every_declared_function_is_exported():
    with open(os.path.join(ROOT, "core/include/hashscan.h"), encoding="ascii") as header:
        declared = set(re.findall(r"^HASHSCAN_API [^(;]*?(hashscan_\w+)\(", header.read(), re.MULTILINE))
    shared = defined_symbols(os.path.join(BUILD, "libhashscan.so"), "-D")
    assert len(declared) > 40
    assert declared == {name for name in shared if name.startswith("hashscan_")}


@pytest.mark.skipif(SANITIZED, reason="an installed sanitized library is of no use")
def test_install_links_and_uninstalls(tmp_path):
    prefix = tmp_path / "prefix"
    variables = [f"BUILD={os.path.relpath(BUILD, ROOT)}", f"PREFIX={prefix}"]
    code, output = run("make", "install", *variables)
    assert code == 0, output
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    env = dict(os.environ, PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig", LD_LIBRARY_PATH=f"{prefix}/lib")
    for flags, link in (([], "shared"), (["--static"], "static")):
        wanted = subprocess.run(["pkg-config", "--cflags", "--libs", *flags, "hashscan"], env=env, check=True,
                                stdout=subprocess.PIPE).stdout.decode().split()
        if link == "static":
            wanted = [f"{prefix}/lib/libhashscan.a" if word == "-lhashscan" else word for word in wanted]
        program = tmp_path / link
        code, output = run("cc", str(source), "-o", str(program), *wanted, env=env)
        assert code == 0, output
        code, output = run(str(program), env=env)
        assert code == 0 and output.split()[1] == "1", output
    for program, option in (("hashscan", "fail-on"), ("hashscan-dataset", "recipe"), ("hashscan-bench", "paced")):
        for name in (f"bash-completion/completions/{program}", f"zsh/site-functions/_{program}",
                     f"fish/vendor_completions.d/{program}.fish", f"man/man1/{program}.1"):
            with open(f"{prefix}/share/{name}", encoding="utf-8") as text:
                assert option in text.read(), name
        assert run(f"{prefix}/bin/{program}", "--version")[0] == 0
    share, index = f"{prefix}/share/hashscan", str(tmp_path / "index")
    assert sorted(os.listdir(share)) == ["selftest.csv", "selftest.jpg", "selftest.png"]
    code, output = run(f"{prefix}/bin/hashscan", "index", "build", "-o", index, f"{share}/selftest.csv")
    assert code == 0, output
    code, output = run(f"{prefix}/bin/hashscan", "scan", "--index", index, share)
    assert code == 1 and output.count('"verdict":"match"') == 2, output
    assert output.count('"verdict":"not_image"') == 1, output  # the list
    code, output = run("man", "-l", f"{prefix}/share/man/man1/hashscan.1") if os.path.exists("/usr/bin/man") else (0, "")
    assert code == 0, output
    code, output = run("make", "uninstall", *variables)
    assert code == 0, output
    assert [name for _, _, files in os.walk(prefix) for name in files] == []
    assert not os.path.exists(share)
