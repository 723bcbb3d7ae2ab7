# SPDX-License-Identifier: BSD-2-Clause
"""Trees of Debian below a directory: made by debootstrap once, kept as a tar, copied for each use."""
import os
import shutil
import subprocess
import tempfile

CACHE = os.path.join(os.environ.get("TMPDIR", "/tmp"), "waybill-package-trees")
MIRROR = "http://deb.debian.org/debian"
INCLUDE = "systemd-sysv,dbus"  # what makes a tree a machine

# A command in the tree with /proc and /dev, and with nothing left running behind it.
ENTER = r"""
set -e
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
tree=$1
shift
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive \
    chroot "$tree" "$@"
"""


class Failed(Exception):
    """A command in a tree that did not end well; its output's end is the text."""


def cached(name, make):
    """A tar of this name in the cache; `make(directory)` fills the tree if there is none yet."""
    os.makedirs(CACHE, 0o700, exist_ok=True)
    if os.lstat(CACHE).st_uid != os.getuid():
        raise Failed(f"{CACHE} belongs to somebody else")
    path = f"{CACHE}/{name}.tar"
    if not os.path.exists(path):
        directory = tempfile.mkdtemp(prefix=f"{name}.", dir=CACHE)
        try:
            make(directory)
            subprocess.run(["tar", "-C", directory, "-cf", f"{path}.new", "."], check=True)
            os.rename(f"{path}.new", path)
        finally:
            shutil.rmtree(directory)
    return path


def base(suite):
    return cached(suite, lambda directory: command(
        "debootstrap", "--variant=minbase", f"--include={INCLUDE}", suite, directory, MIRROR))


def command(*words, timeout=1800, **options):
    """A command on this machine; returns its output, raises Failed with the end of it."""
    done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, **options)
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)[-300:]}: ended with {done.returncode}\n{output[-4000:]}")
    return output


class Tree:
    """A copy of a tar of the cache; gone at the end."""

    def __init__(self, tar):
        self.path = tempfile.mkdtemp(prefix="waybill-tree-")
        command("tar", "-C", self.path, "-xf", tar)
        os.chmod(self.path, 0o755)  # the tar has the mode of a temporary directory

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def run(self, *words, timeout=1800):
        """As root in the tree, with the network of this machine."""
        shutil.copy("/etc/resolv.conf", f"{self.path}/etc/resolv.conf")
        return command("unshare", "--mount", "--pid", "--fork", "--kill-child",
                       "sh", "-c", ENTER, "sh", self.path, *words, timeout=timeout)
