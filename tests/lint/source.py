# SPDX-License-Identifier: BSD-2-Clause
"""What all lints share: which files there are, C without its comments and strings, the report."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIP = {".git", "autom4te.cache", "__pycache__", ".pytest_cache", "node_modules"}
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def root():
    """The tree to look at: the one argument, or the one that this file lies in."""
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ROOT


def files(top, *ends):
    """Paths below `top`, relative to it, sorted; only those that end so, if any `ends` are given.
    In a git work tree those that git knows or would take; else all."""
    if os.path.exists(os.path.join(top, ".git")):
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={top}", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], cwd=top, check=True, capture_output=True, text=True).stdout
        paths = [path for path in listed.split("\0")
                 if path and os.path.isfile(os.path.join(top, path))]
    else:
        paths = []
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders
                          if name not in SKIP and not name.startswith("build")]
            paths += [os.path.relpath(os.path.join(folder, name), top) for name in names]
    return sorted(path for path in paths if not ends or path.endswith(ends))


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def code_only(text):
    """C with every comment, string and character blanked; lines and columns stay where they are.
    The names in #include "..." stay too."""
    def blank(found):
        token = found.group()
        before = text[text.rfind("\n", 0, found.start()) + 1:found.start()]
        if token[0] == '"' and re.fullmatch(r"\s*#\s*include\s*", before):
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


class Report:
    """Collects offences; `end` prints them and gives the exit code."""

    def __init__(self, name):
        self.name, self.looked_at, self.offences = name, 0, []

    def add(self, path, line, text):
        self.offences.append(f"{path}:{line}: {text}")

    def end(self):
        for offence in self.offences:
            print(offence)
        print(f"lint {self.name}: {self.looked_at} files, {len(self.offences)} offences")
        if self.looked_at == 0:
            print(f"lint {self.name}: nothing to look at")
            return 1
        return 1 if self.offences else 0
