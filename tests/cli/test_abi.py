# SPDX-License-Identifier: Apache-2.0
"""Programs and libraries of different versions meet (tests/abi): those built against a kept header, today's and a later
one, with the library of today and a later one."""
import os
import re
import subprocess
import sys

import pytest

from conftest import BUILD, HASHSCAN, ROOT

ABI = os.path.join(ROOT, "tests", "abi")
sys.path.insert(0, ABI)
from header import Header  # noqa: E402

KEPT = sorted(name for name in os.listdir(ABI) if os.path.exists(os.path.join(ABI, name, "program.c")))


@pytest.fixture(scope="module")
def selftest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("selftest")
    subprocess.run([HASHSCAN, "selftest", "--write", folder], check=True)
    return folder


def run_program(name, library, tmp_path, selftest):
    environment = dict(os.environ, LD_LIBRARY_PATH=library)
    done = subprocess.run([os.path.join(BUILD, "tests", "abi", name), tmp_path, selftest], env=environment, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode()
    assert done.returncode == 0 and output == "all as it was\n", output


@pytest.mark.parametrize("name", KEPT + ["today"])
def test_a_program_meets_the_library_of_today(name, tmp_path, selftest):
    run_program(name, BUILD, tmp_path, selftest)


@pytest.mark.parametrize("name", KEPT + ["today"])
def test_a_program_meets_a_later_library(name, tmp_path, selftest):
    run_program(name, os.path.join(BUILD, "abi"), tmp_path, selftest)


def test_a_later_program_meets_the_library_of_today(tmp_path, selftest):
    run_program("later", BUILD, tmp_path, selftest)


def test_a_later_program_meets_a_later_library(tmp_path, selftest):
    """Its options are known there, so that refusals do not come: the simulation tells the two libraries apart."""
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.join(BUILD, "abi"))
    done = subprocess.run([os.path.join(BUILD, "tests", "abi", "later"), tmp_path, selftest], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120, check=False)
    assert done.returncode != 0 and b"== HASHSCAN_E_ARGUMENT" in done.stdout


def exported(library):
    listed = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    return set(re.findall(r" T (\w+)$", listed, re.MULTILINE))


def header_of(path):
    with open(path, encoding="utf-8") as file:
        return Header(file.read())


def test_no_function_is_gone():
    for version in KEPT:
        declared = set(header_of(os.path.join(ABI, version, "hashscan.h")).functions)
        assert declared <= exported(os.path.join(BUILD, "libhashscan.so")), version


def test_exported_is_what_the_header_declares():
    declared = set(header_of(os.path.join(ROOT, "core", "include", "hashscan.h")).functions)
    assert {name for name in exported(os.path.join(BUILD, "libhashscan.so")) if name.startswith("hashscan_")} == declared
