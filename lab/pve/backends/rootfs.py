# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems: unpacked once per template, copied per container, changed from inside their own user namespace.

A container's root may put anything into its own file system, links to the host's files included. So nothing here
writes into a container as the host's root: every change runs below chroot as the container's root (user 100000).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from ..errors import Die
from ..schema import CONTROL

SHIFT = 100000
RANGE = 65536
AS_CONTAINER = ["lxc-usernsexec", "-m", "u:0:%d:%d" % (SHIFT, RANGE), "-m", "g:0:%d:%d" % (SHIFT, RANGE), "--"]
UNPACK = {".zst": "--zstd", ".gz": "--gzip", ".xz": "--xz"}

LOOPBACK = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"

# Runs as the container's root, inside: reads a JSON list of steps. Links on the way are its own problem, not ours.
STEPS = r'''
import json, os, re, sys
os.chroot(sys.argv[1]); os.chdir("/"); os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
def write(path, text, mode):
    os.makedirs(os.path.dirname(path), mode=0o700 if path.startswith("/root/") else 0o755, exist_ok=True)
    if os.path.islink(path) or os.path.exists(path):
        os.unlink(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as f:
        f.write(text)
def section(path, text, before=""):
    # Only the lines between the markers are ours, as on Proxmox VE; the rest belongs to the container.
    begin, end = "# --- BEGIN PVE ---", "# --- END PVE ---"
    old = open(path).read() if os.path.isfile(path) and not os.path.islink(path) else before
    rest = re.sub(re.escape(begin) + r"\n.*?" + re.escape(end) + r"\n?", "", old, flags=re.S)
    new = rest + ("" if rest.endswith("\n") or not rest else "\n") + begin + "\n" + text + end + "\n"
    if new != old:
        write(path, new, 0o644)
def remove(path):
    if os.path.lexists(path):
        os.unlink(path)
def link(path, target):
    remove(path); os.makedirs(os.path.dirname(path), exist_ok=True); os.symlink(target, path)
def password(user, crypted):
    with open("/etc/shadow") as f: lines = f.read().splitlines()
    lines = [":".join([user, crypted] + l.split(":")[2:]) if l.startswith(user + ":") else l for l in lines]
    with open("/etc/shadow", "w") as f: f.write("\n".join(lines) + "\n")
for name, *arguments in json.load(sys.stdin):
    {"write": write, "section": section, "remove": remove, "link": link, "password": password}[name](*arguments)
'''


class TemplateCache:
    """Unpacked templates, each beside a stamp of the archive that it came from."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.lock = threading.Lock()

    def tree(self, task, archive):
        """The unpacked root file system of the archive; unpacks when it is new or has changed."""
        with self.lock:
            return self._tree(task, Path(archive))

    def _tree(self, task, archive):
        home = self.folder / archive.name
        stamp = "%d %d\n" % (archive.stat().st_size, archive.stat().st_mtime_ns)
        if (home / "stamp").exists() and (home / "stamp").read_text() == stamp:
            return home / "rootfs"
        remove_tree(home)
        rootfs = home / "rootfs"
        rootfs.mkdir(parents=True)
        home.chmod(0o711)
        os.chown(rootfs, SHIFT, SHIFT)
        unpack(task, archive, rootfs)
        (home / "stamp").write_text(stamp)
        return rootfs


def unpack(task, archive, target):
    """Extract as the container's root, so that owners, capabilities and set-uid bits come out shifted."""
    kind = UNPACK.get(archive.suffix)
    with open(archive, "rb") as handle:
        task.run([*AS_CONTAINER, "tar", "-x", "-p", "-f", "-", *([kind] if kind else []), "--totals",
                  "--numeric-owner", "--sparse", "--acls", "--xattrs", "--xattrs-include=security.capability",
                  "-C", str(target), "--anchored", "--exclude", "./dev/*"], stdin=handle)


def copy_tree(source, target, run=None):
    """A copy with everything; shares blocks where the file system can."""
    (run or _run)(["cp", "-a", "--reflink=auto", "%s/." % source, str(target)])


def remove_tree(path):
    """Remove a container's files: never follows links, never leaves the file system."""
    if os.path.lexists(path):
        subprocess.run(["rm", "-rf", "--one-file-system", "--", str(path)], check=True, stdin=subprocess.DEVNULL)


def _run(argv):
    done = subprocess.run(argv, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Die("command '%s' failed: %s" % (" ".join(argv), done.stderr.strip().rsplit("\n", 1)[-1]))


def change(rootfs, steps):
    """Run steps (write, section, remove, link, password) inside the root file system."""
    done = subprocess.run([sys.executable, "-I", "-c", STEPS, str(rootfs), str(SHIFT)], input=json.dumps(steps),
                          text=True, capture_output=True, check=False)
    if done.returncode:
        raise Die("settings inside the container failed: %s" % done.stderr.strip().rsplit("\n", 1)[-1])


def crypted(password):
    """A crypt hash is taken as it is (create-048); clear text never appears on a command line."""
    if CONTROL.search(password):
        raise Die("a password is one line of text")
    if re.fullmatch(r"\$[56]\$[A-Za-z0-9./$=]+", password):
        return password
    done = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, text=True, capture_output=True,
                          check=True)
    return done.stdout.strip()


def host_keys(task, hostname):
    """Steps that give the container SSH host keys of its own."""
    steps = []
    scratch = Path(subprocess.run(["mktemp", "-d"], text=True, capture_output=True, check=True).stdout.strip())
    try:
        for kind in ("ed25519", "ecdsa"):
            name = "ssh_host_%s_key" % kind
            task.log("Creating SSH host key '%s' - this may take some time ..." % name)
            _run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "root@" + hostname, "-f", str(scratch / name)])
            shown = subprocess.run(["ssh-keygen", "-l", "-f", str(scratch / name)], text=True, capture_output=True,
                                   check=True).stdout.split()
            task.log("done: %s root@%s" % (shown[1], hostname))
            steps.append(("write", "/etc/ssh/" + name, (scratch / name).read_text(), 0o600))
            steps.append(("write", "/etc/ssh/%s.pub" % name, (scratch / (name + ".pub")).read_text(), 0o644))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return steps


def once(task, conf, password, ssh_keys):
    """Steps of a create."""
    hostname = conf["hostname"].partition(".")[0]
    steps = host_keys(task, hostname)
    steps.append(("write", "/etc/machine-id", os.urandom(16).hex() + "\n", 0o444))
    steps.append(("link", "/etc/systemd/system/sys-kernel-debug.mount", "/dev/null"))
    if password:
        steps.append(("password", "root", crypted(password)))
    if ssh_keys:
        steps.append(("write", "/root/.ssh/authorized_keys", ssh_keys.rstrip("\n") + "\n", 0o600))
    return steps


def at_start(conf, address):
    """Steps of every start: names and resolver, as the configuration says now."""
    name = conf["hostname"]
    short = name.partition(".")[0]
    names = name if name == short else "%s %s" % (name, short)
    steps = [("write", "/etc/hostname", short + "\n", 0o644),
             ("section", "/etc/hosts", "%s %s\n" % (address or "127.0.1.1", names), LOOPBACK)]
    resolver = _resolver(conf)
    if resolver:
        steps.append(("section", "/etc/resolv.conf", resolver))
    zone = conf.get("timezone")
    if zone and zone != "host":
        steps.append(("link", "/etc/localtime", "/usr/share/zoneinfo/" + zone))
    return steps


def _resolver(conf):
    """The host's resolver settings where the configuration has none of its own."""
    servers, search = conf.get("nameserver", "").split(), conf.get("searchdomain", "").split()
    if not servers and not search:
        return Path("/etc/resolv.conf").read_text() if Path("/etc/resolv.conf").exists() else ""
    lines = ["search " + " ".join(search)] if search else []
    return "\n".join(lines + ["nameserver " + server for server in servers]) + "\n"
