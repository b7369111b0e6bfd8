# SPDX-License-Identifier: Apache-2.0
"""tests/deps and tests/python: one interpreter is decided on, checked and installed for, whatever python3 is in front."""
import os
import subprocess
import sys

import pytest
from conftest import ROOT

# An interpreter that has what its FILE.has says, and apt-get, which gives packages to the system's one.
PYTHON = r"""#!/bin/sh
case "$*" in *pytest*) grep -q pytest "$0.has" || exit 1 ;; esac
case "$*" in *xxhash*) grep -q xxhash "$0.has" || exit 1 ;; esac
exit 0
"""
APT = r"""#!/bin/sh
echo "$*" >>"$APT_LOG"
case "$*" in *python3-pytest*) echo pytest >>"$SYSTEM_PYTHON.has" ;; esac
case "$*" in *python3-xxhash*) echo xxhash >>"$SYSTEM_PYTHON.has" ;; esac
"""


class Machine:
    """tests/deps with a system python, a foreign one in front on the PATH, and an apt-get of our own."""

    def __init__(self, folder, system, foreign=None):
        self.front, self.log = folder / "front", folder / "apt.log"
        self.front.mkdir()
        self.log.write_text("")
        self.system = str(folder / "system-python")
        self.script(self.system, PYTHON, system)
        self.script(str(self.front / "apt-get"), APT)
        self.script(str(self.front / "sudo"), '#!/bin/sh\nexec "$@"\n')
        self.foreign = str(self.front / "python3")
        if foreign is not None:
            self.script(self.foreign, PYTHON, foreign)
        else:
            self.script(self.foreign, "#!/bin/sh\nexit 127\n")  # as if there were none; the machine may have one

    @staticmethod
    def script(path, text, has=None):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o755)
        if has is not None:
            with open(path + ".has", "w", encoding="ascii") as file:
                file.write(has)

    def run(self, name, python=None):
        env = dict(os.environ, PATH=f"{self.front}:{os.environ['PATH']}", SYSTEM_PYTHON=self.system,
                   APT_LOG=str(self.log))
        env.pop("PYTHON", None)
        if python is not None:
            env["PYTHON"] = python
        done = subprocess.run([os.path.join(ROOT, "tests", name)], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=60)
        return done.returncode, done.stdout.decode().strip(), done.stderr.decode().strip()

    def asked(self):
        """Python packages that apt-get was asked for since the last time."""
        words = {word for word in self.log.read_text().split() if word.startswith("python3")}
        self.log.write_text("")
        return words


BOTH = {"python3-pytest", "python3-xxhash"}


@pytest.mark.parametrize("system, foreign, asked", [
    ("", None, BOTH), ("", "", BOTH), ("", "pytest", BOTH), ("", "xxhash", BOTH),
    ("pytest", "pytest", {"python3-xxhash"}), ("xxhash", "pytest", {"python3-pytest"}), ("pytest xxhash", "pytest", set())])
def test_packages_go_to_the_interpreter_that_runs_the_tests(tmp_path, system, foreign, asked):
    machine = Machine(tmp_path, system, foreign)
    code, _, errors = machine.run("deps")
    assert (code, errors) == (0, "")
    assert machine.asked() == asked
    assert machine.run("python") == (0, machine.system, "")
    assert machine.run("deps") == (0, "", "")  # nothing is asked of the network again
    assert machine.asked() == set()


def test_a_python_that_has_everything_is_used_as_it_is(tmp_path):
    machine = Machine(tmp_path, "", "pytest xxhash")
    assert machine.run("python") == (0, machine.foreign, "")
    assert machine.run("deps") == (0, "", "")
    assert machine.asked() == set()


def test_a_chosen_python_is_neither_replaced_nor_served(tmp_path):
    machine = Machine(tmp_path, "", "pytest")
    assert machine.run("python", python=machine.foreign) == (0, machine.foreign, "")
    code, output, errors = machine.run("deps", python=machine.foreign)
    assert code == 1 and output == "" and "install both for it" in errors
    assert machine.asked() == set()


def test_this_run_has_what_it_needs():
    """The check of tests/python says of the interpreter that runs these tests what is true of it."""
    import xxhash  # pylint: disable=import-outside-toplevel
    assert xxhash.VERSION and sys.version_info >= (3, 9)
