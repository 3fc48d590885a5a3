# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare copy of one repository, fetched over SSH from a server whose key is known beforehand.

Nothing of what is in it is run here: no hooks, no filters, no checkout; a tree leaves it as an archive of its very blobs, whatever its
attributes say of archives, ends of lines or encodings.
"""

from __future__ import annotations

import dataclasses
import io
import os
import pathlib
import shutil
import subprocess
import tarfile

from .release import Refused
from .settings import Repository, Settings, Unfinished

MIB = 1024 * 1024
TIMEOUT = 120
# Beyond that it is not a repository of jobs any more: a file, the files of a tree and how many these are, and what one fetch brings.
FILE_BYTES, TREE_BYTES, FILES = 16 * MIB, 64 * MIB, 5_000
LISTING_BYTES = 2 * MIB
ARCHIVE_BYTES = TREE_BYTES + FILES * 4096
FETCH_BYTES = 512 * MIB
# What a git may take of the service's memory. What it maps of its own files is not counted.
DATA_BYTES = 256 * MIB
TOO_MUCH = ("File too large", "Out of memory", "out of memory")
# What git says when its part that writes a pack was ended by its limit; where the other side broke off, it says "early EOF" too.
PACK_ENDED, BROKEN_OFF = "invalid index-pack output", "early EOF"
KINDS = {"100644": "", "100664": "", "100755": "", "120000": "is a link", "160000": "is a submodule, whose files are in another repository"}


class Conflict(Exception):
    """The branch cannot be merged as it is."""


class Slow(Unfinished):
    """Git was not done in its time."""


@dataclasses.dataclass(frozen=True)
class Entry:
    path: str
    blob: str
    size: int
    executable: bool


class Copy:
    def __init__(self, settings: Settings, repository: Repository):
        self.folder = settings.state / "repositories" / f"{repository.name}.git"
        self.url = f"ssh://git@{settings.ssh_host}:{settings.ssh_port}/{repository.full_name}.git"
        ssh = [
            "ssh", "-F", "none", "-i", str(settings.folder / "deploy_key"), "-o", f"UserKnownHostsFile={settings.folder / 'known_hosts'}",
            "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
            "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3",
        ]  # fmt: skip
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(settings.state),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": "ssh",
            "GIT_SSH_COMMAND": " ".join(ssh),
        }

    def refs(self) -> dict[str, str]:
        """Commit by name of reference, as fetched last."""
        if not self.folder.is_dir():
            return {}
        lines = self._must("for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        return dict(line.split() for line in lines)

    def fetch(self, ref: str) -> None:
        """Bring a reference, if it is not too large: one that is stays away from all others."""
        if not self.folder.is_dir():
            self._make()
        # Nobody else writes here, so whoever holds a lock was killed.
        for lock in self.folder.rglob("*.lock"):
            lock.unlink()
        options = [
            "-c", "transfer.fsckObjects=true", "-c", "gc.autoDetach=false", "-c", "core.fsync=all",
            # A pack in one file, whose size has an end, and nothing large of it in memory.
            "-c", "fetch.unpackLimit=1", "-c", "core.bigFileThreshold=8m", "-c", "pack.threads=1",
        ]  # fmt: skip
        try:
            self._must(*options, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.url, f"+{ref}:{ref}")
        except (Refused, Unfinished):
            for rest in self.folder.glob("objects/pack/tmp_*"):
                rest.unlink()
            raise

    def drop(self, refs: list[str]) -> None:
        """Forget references, so that git may remove in time what is in them alone."""
        if refs:
            self._must("update-ref", "--stdin", given="".join(f"delete {ref}\n" for ref in refs).encode())

    def _make(self) -> None:
        """Whole or not at all."""
        new = self.folder.with_suffix(".new")
        if new.exists():  # of a run that was killed
            shutil.rmtree(new)
        new.parent.mkdir(parents=True, exist_ok=True)
        self._must("init", "--quiet", "--bare", "--initial-branch=main", str(new), within=False)
        new.rename(self.folder)

    def tree(self, commit: str) -> str:
        return self._must("rev-parse", "--verify", commit + "^{tree}").decode().strip()

    def merged(self, base: str, head: str) -> str:
        """The tree that a merge of head into base would give."""
        done = self._run("merge-tree", "--write-tree", "--name-only", base, head)
        if done.returncode == 1:
            names = done.stdout.decode(errors="replace").split("\n\n")[0].split("\n")[1:]
            raise Conflict(", ".join(name for name in names if name))
        if done.returncode:
            raise Unfinished(f"git merge-tree: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode().strip()

    def merges(self, previous: str, commit: str) -> list[str]:
        """What came to main since, the newest first: merges, without what they brought."""
        return self._must("rev-list", "--first-parent", f"{previous}..{commit}").decode().split()

    def contains(self, base: str, head: str) -> bool:
        """Whether base has head in it already."""
        return self._run("merge-base", "--is-ancestor", head, base).returncode == 0

    def archive(self, tree: str) -> bytes:
        """The files of a tree, byte for byte as they were pushed. What has no place in a release is refused before any of it is read."""
        entries = self.entries(tree)
        wanted = "".join(entry.blob + "\n" for entry in entries).encode()
        blobs = io.BytesIO(self._must("cat-file", "--batch", "--buffer", given=wanted))
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for entry in entries:
                if blobs.readline().decode() != f"{entry.blob} blob {entry.size}\n":
                    raise Unfinished(f"git has no blob {entry.blob} of {entry.size} bytes")
                member = tarfile.TarInfo(entry.path)
                member.size, member.mode = entry.size, 0o755 if entry.executable else 0o644
                tar.addfile(member, io.BytesIO(blobs.read(entry.size)))
                blobs.read(1)
        return made.getvalue()

    def entries(self, tree: str) -> list[Entry]:
        listing = self._listing(tree)
        if listing is None:
            raise Refused(f"the tree has more than {FILES} files")
        found = [entry_of(line) for line in listing.split(b"\0") if line]
        if len(found) > FILES:
            raise Refused(f"the tree has more than {FILES} files")
        if sum(entry.size for entry in found) > TREE_BYTES:
            raise Refused(f"the tree is larger than {TREE_BYTES // MIB} MiB")
        return found

    def _listing(self, tree: str) -> bytes | None:
        """What git says of a tree's entries, or nothing where that is too much."""
        command = ["git", "--git-dir", str(self.folder), "ls-tree", "-r", "-z", "-l", "--full-tree", tree]
        with subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=pathlib.Path("/")
        ) as process:
            listing = process.stdout.read(LISTING_BYTES + 1)
            if len(listing) > LISTING_BYTES:
                process.kill()
                return None
        if process.returncode:
            raise Unfinished(f"git ls-tree ended with {process.returncode}")
        return listing

    def about(self, commit: str) -> dict[str, str]:
        """Who and what, for the record; nothing of a commit that could not be fetched."""
        names = ["author", "author_email", "committer", "committed", "subject"]
        done = self._run("show", "--no-patch", "--format=%an%x00%ae%x00%cn%x00%cI%x00%s", commit)
        return dict(zip(names, done.stdout.decode(errors="replace").strip("\n").split("\0"))) if done.returncode == 0 else {}

    def _run(self, *arguments: str, within: bool = True, given: bytes = b"") -> subprocess.CompletedProcess:
        command = ["git", *(["--git-dir", str(self.folder)] if within else []), *arguments]
        limits = ["prlimit", f"--fsize={FETCH_BYTES}", f"--data={DATA_BYTES}", "--core=0", "--"]
        verb = next(argument for argument in arguments if not argument.startswith("-") and "=" not in argument)
        try:
            done = subprocess.run(
                [*limits, *command], env=self.environment, input=given, capture_output=True, timeout=TIMEOUT, check=False, cwd=pathlib.Path("/")
            )
        except subprocess.TimeoutExpired as error:
            raise Slow(f"git {verb} takes longer than {TIMEOUT} s") from error
        said = done.stderr.decode(errors="replace") if done.returncode else ""
        if "fsck error" in said:
            raise Refused(f"git {verb} finds a broken object: {next(line for line in said.splitlines() if 'error' in line)}")
        if any(words in said for words in TOO_MUCH) or (PACK_ENDED in said and BROKEN_OFF not in said):
            raise Refused(f"git {verb} needs more than it may have: what is there is too large")
        return done

    def _must(self, *arguments: str, within: bool = True, given: bytes = b"") -> bytes:
        done = self._run(*arguments, within=within, given=given)
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines() or [f"ended with {done.returncode}"]
            raise Unfinished(f"git: {words[-1]}")
        return done.stdout


def entry_of(line: bytes) -> Entry:
    """One entry of a tree, if it may be in a release."""
    head, dummy, name = line.partition(b"\t")
    mode, kind, blob, size = head.decode().split()
    path = name.decode(errors="backslashreplace")
    if not path.isprintable() or name != path.encode():
        raise Refused(f"{ascii(path)} is no name for a file: letters, digits and signs that can be printed")
    if any(len(part.encode()) > 255 for part in path.split("/")) or len(name) > 1024:
        raise Refused(f"{path[:60]}... is too long for the name of a file")
    if reason := KINDS.get(mode, f"is of the kind {kind} {mode}"):
        raise Refused(f"{path} {reason}, and a release has none of these")
    if int(size) > FILE_BYTES:
        raise Refused(f"{path} is larger than {FILE_BYTES // MIB} MiB")
    return Entry(path, blob, int(size), mode == "100755")
