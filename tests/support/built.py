# SPDX-License-Identifier: BSD-2-Clause
"""Programs of the tree that are built when they are asked for, so that a bench needs no more than
a clone. The packages are installed, the build folder is made and configured, where it is missing."""
import subprocess
import sys

from support import place

SCRIPT = """
. "$1/tests/support/packages.sh"
. "$1/tests/support/build.sh"
packages_install $PACKAGES_BUILD >&2 && build "$1" "$2" "$3"
"""


def program(name):
    """The path of the program that the Makefile calls `name`. Ends with a word if it cannot be."""
    done = subprocess.run(["sh", "-c", SCRIPT, "sh", place.SOURCE, place.BUILD, name],
                          stdout=sys.stderr)
    if done.returncode != 0:
        sys.exit(f"cannot build {name} in {place.BUILD}")
    return f"{place.BUILD}/{name}"
