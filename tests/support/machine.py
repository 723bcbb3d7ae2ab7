# SPDX-License-Identifier: BSD-2-Clause
"""A machine of our own: a real systemd as process 1 of its own namespaces.

Its root is that of the machine we run on, or another tree, beneath a layer in memory: what is installed
here is installed there, and nothing that it writes reaches us. It has a network of its own, with loopback,
and cgroups of the second version alone. All of it is gone with its process 1.

What it cannot do: where the kernel's controllers are bound to cgroups of the first version, MemoryMax=
and TasksMax= limit nothing."""
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess

from . import place
from .journald import CGROUPS

SYSTEMD = "/lib/systemd/systemd"
CLONE_NEWNET = 0x40000000

# Runs in new namespaces, with the directory that becomes the root as $1, the host's name as
# $2, and what lies beneath as $3.
# /dev holds what a container has, /proc/sys and /sys are read-only, and of what this host mounts and
# starts at boot nothing is left but the journal: no device, disk or setting of the kernel is touched.
SET_UP = r"""
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
root=$1/root
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
ip link set lo up
hostname "$2"
echo "$2" >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n' "$2" >"$root/etc/hosts"
: >"$root/etc/fstab"
: >"$root/etc/crypttab"
wants=$root/etc/systemd/system/sysinit.target.wants
rm -rf "$root"/etc/systemd/system/*.target.wants "$root/lib/systemd/system/sysinit.target.wants"
mkdir "$wants"
for unit in journald journal-flush tmpfiles-setup; do
    ln -s "/lib/systemd/system/systemd-$unit.service" "$wants"
done
cd "$root"
mkdir -p mnt/before
pivot_root . mnt/before
umount -l /mnt/before
rmdir /mnt/before
mount --make-rshared / # as on a host: systemd mounts credentials from another namespace
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=journal-or-kmsg --show-status=no
"""


class CannotRun(Exception):
    """There can be no such machine here; says why."""


class Machine:
    def __init__(self, host="mx.example", root="/"):
        self._host, self._root = host, root
        self._base = place.new_directory("machine")
        self._cgroup = f"{CGROUPS}/{os.path.basename(self._base)}"
        self._unshare = None
        self.pid = 0  # its process 1, as we see it

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _start(self):
        if CGROUPS is None or not os.path.exists(self._root + SYSTEMD):
            raise CannotRun("there is no systemd, or no cgroup of the second version")
        os.makedirs(f"{self._base}/tree")
        try:
            os.mkdir(self._cgroup)
            with open(f"{self._base}/console", "wb") as console:
                self._boot(console)
        except OSError as why:
            raise CannotRun(str(why)) from None
        try:
            place.wait_until(self._runs, 60, "systemd is up")
        except TimeoutError as why:
            raise RuntimeError(f"{why}:\n{self.console()[-3000:]}") from None

    def _boot(self, console):
        with open(f"{self._cgroup}/cgroup.procs", "w", encoding="ascii") as procs:
            self._unshare = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup",
                 "--net", "--fork", "--kill-child", "sh", "-c", SET_UP, "sh", f"{self._base}/tree", self._host,
                  self._root],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                preexec_fn=lambda: os.write(procs.fileno(), str(os.getpid()).encode()))

    def _runs(self):
        if self._unshare.poll() is not None:
            raise CannotRun(self.console().strip()[-500:] or "the namespaces are refused")
        children = place.read_log(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        if not children:
            return False
        self.pid = int(children.split()[0])
        if place.read_log(f"/proc/{self.pid}/comm").strip() != "systemd":
            return False
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def console(self):
        return place.read_log(f"{self._base}/console")

    def run(self, *command, check=True, **options):
        """A command inside, as root; returns the finished process, with its output as text."""
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        done = subprocess.run(["nsenter", "--all", "--target", str(self.pid), *command], check=False,
                              text=True, capture_output=True, **{"timeout": 120, **options})
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}"
                               f"{done.stderr[-2000:]}")
        return done

    def path(self, inside):
        """Where a file of the machine is for us."""
        return f"/proc/{self.pid}/root{inside}"

    def write(self, inside, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(inside)), exist_ok=True)
        with open(self.path(inside), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)

    def property(self, unit, name):
        return self.run("systemctl", "show", "--value", "--property", name, unit).stdout.strip()

    def journal(self, *arguments):
        """What the machine's journal has, as journalctl prints it."""
        return self.run("journalctl", "--no-pager", "--output=cat", "--boot", *arguments).stdout

    @contextlib.contextmanager
    def network(self):
        """What this thread, and threads that it starts, opens meanwhile is in the machine's network."""
        with open("/proc/thread-self/ns/net", "rb") as ours, \
                open(f"/proc/{self.pid}/ns/net", "rb") as inside:
            _enter(inside)
            try:
                yield
            finally:
                _enter(ours)

    def _stop(self):
        if self._unshare is not None:
            if self.pid and self._unshare.poll() is None:
                os.kill(self.pid, signal.SIGKILL)  # the kernel kills all that is inside
            else:
                self._unshare.kill()
            self._unshare.wait(30)
        place.wait_until(lambda: _removed(self._cgroup), 30, f"{self._cgroup} is empty")
        shutil.rmtree(self._base)


def _enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _removed(folder):
    """Remove a cgroup with all that are below it; those whose processes still end stay."""
    for path, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            return False
    return True
