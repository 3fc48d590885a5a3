# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked is what is deployed, and what is too large or has no place in a release is one commit's trouble; with git itself."""

from __future__ import annotations

import dataclasses
import io
import os
import random
import subprocess
import tarfile
from unittest import mock

import pytest
from lakehouse_gitops import flow, git
from lakehouse_gitops.settings import Repository, Settings, Unfinished

ATTRIBUTES = b"""\
tests/ export-ignore
sql/2.sql export-ignore
*.txt export-subst
*.md text eol=crlf
*.csv text eol=lf
*.id ident
*.utf working-tree-encoding=UTF-16
*.bin filter=nothing -text
"""
FILES = {
    ".gitattributes": ATTRIBUTES, "tests/test_it.py": b"assert False\n", "sql/2.sql": b"select 2;\r\n", "a.txt": b"$Format:%H$\n", "b.md": b"one\ntwo\n",
    "c.csv": b"1\r\n2\r\n", "d.id": b"$Id$\n", "e.utf": "é\n".encode(), "f.bin": b"\0\r\n\xff", "a name.txt": b"x", "çã/é.txt": b"", "run.sh": b"#!/bin/sh\n",
}  # fmt: skip
LINK, SUBMODULE = "120000", "160000"


class Source:
    """A repository as Gitea has it, whose trees are written entry by entry: no checkout is in the way."""

    def __init__(self, folder):
        self.folder = folder
        self.refs = {}
        who = {f"GIT_{role}_{part}": "somebody" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        self.environment = {**os.environ, **who, "GIT_INDEX_FILE": str(folder / "index"), "GIT_CONFIG_GLOBAL": "/dev/null"}
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder], env=self.environment, check=True)

    def git(self, *arguments, given=b""):
        command = ["git", "--git-dir", str(self.folder), *arguments]
        return subprocess.run(command, env=self.environment, input=given, check=True, capture_output=True).stdout.decode().strip()

    def commit(self, ref, files, parent=None):
        """A commit of these files, by name; a pair is a mode and what it points to."""
        entries = b""
        for name, content in files.items():
            mode, content = content if isinstance(content, tuple) else ("100755" if name == "run.sh" else "100644", content)
            blob = content if mode == SUBMODULE else self.git("hash-object", "-w", "--stdin", given=content)
            entries += f"{mode} {blob}\t".encode() + (name if isinstance(name, bytes) else name.encode()) + b"\0"
        self.git("read-tree", "--empty")
        self.git("update-index", "-z", "--index-info", given=entries)
        commit = self.git("commit-tree", "-m", "it", *(["-p", parent] if parent else []), self.git("write-tree"))
        self.git("update-ref", ref, commit)
        self.refs[ref] = commit
        return commit


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Site:
    """A flow of some repositories; `told` is what it said to Gitea, `checked` what it had checked, `fetched` what it asked for."""

    def __init__(self, folder, monkeypatch, *names):
        self.folder, self.told, self.checked, self.fetched = folder, [], [], []
        self.sources = {}
        for name in names:
            (folder / f"{name}.git").mkdir()
            self.sources[name] = Source(folder / f"{name}.git")
        for name in ("state", "root"):
            (folder / name).mkdir()
        site = self

        class Copy(git.Copy):
            def __init__(self, settings, repository):
                super().__init__(settings, repository)
                self.url, self.environment["GIT_ALLOW_PROTOCOL"] = str(site.sources[repository.name].folder), "file"

            def fetch(self, ref):
                site.fetched.append(ref)
                super().fetch(ref)

        self.settings = Settings(
            folder=folder, state=folder / "state", root=folder / "root",
            repositories=[Repository("gti", name, ["tests"], "/usr/bin/python3") for name in names],
            gitea_url="", gitea_user="", ssh_host="", ssh_port=22, trino_url="", trino_user="", check_socket="", check_seconds=1, keep_releases=2,
            checked_with="",
        )  # fmt: skip
        monkeypatch.setattr(flow, "Copy", Copy)
        monkeypatch.setattr(flow.sandbox, "ask", self.ask)

    def ask(self, path, request, content, seconds):
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            self.checked.append({member.name: (member.mode, tar.extractfile(member).read()) for member in tar})
        return []

    def refs(self, full_name):
        return self.sources[full_name.removeprefix("gti/")].refs

    def report(self, full_name, commit, context, state, description):
        self.told.append((full_name.removeprefix("gti/"), commit, context, state, description))

    def run(self):
        return flow.Flow(self.settings, self, None).run()

    def said(self, commit):
        """The last state of a commit, and the words with it."""
        return [entry[3:] for entry in self.told if entry[1] == commit][-1]

    def deployed(self, name="jobs"):
        link = self.folder / "root" / name
        return os.path.basename(os.readlink(link)).removeprefix(name + "-") if link.is_symlink() else ""


class Explainer:
    """A Trino that takes everything."""

    def explain(self, text):
        return None


def test_sql_that_another_engine_cannot_bear_is_refused_and_a_comparison_warned_of(tmp_path, monkeypatch):
    site = Site(tmp_path, monkeypatch, "jobs")
    site.settings.repositories[0] = dataclasses.replace(site.settings.repositories[0], checks=["sql"])
    old = {"sql/1.sql": b"create table x (id uuid);\n"}
    first = site.sources["jobs"].commit("refs/heads/main", {"a": b""})
    (tmp_path / "root/releases" / f"jobs-{first}" / "sql").mkdir(parents=True)
    (tmp_path / "root/releases" / f"jobs-{first}" / "sql/1.sql").write_bytes(old["sql/1.sql"])
    (tmp_path / "root/jobs").symlink_to(f"releases/jobs-{first}")
    flow_of = flow.Flow(site.settings, site, Explainer())
    refused = site.sources["jobs"].commit("refs/pull/1/head", {**old, "sql/2.sql": b"select 1;\ncreate view v as select 1;"}, first)
    warned = site.sources["jobs"].commit("refs/pull/2/head", {**old, "sql/2.sql": b"select 1 where date_trunc('day', now()) = date '2026-01-01'"}, first)
    assert flow_of.run()
    state, words = site.said(refused)
    assert state == "failure" and words.startswith("sql/2.sql:2: a view of Trino")  # and nothing of what runs as it is
    state, words = site.said(warned)
    assert state == "success" and "it warns: sql/2.sql:1: date_trunc of a time" in words


@pytest.fixture
def site(tmp_path, monkeypatch):
    return Site(tmp_path, monkeypatch, "jobs", "other")


@pytest.fixture
def jobs(site):
    """The source of a repository whose main is deployed, beside another one."""
    site.sources["other"].commit("refs/heads/main", {"a.py": b""})
    site.sources["jobs"].commit("refs/heads/main", {"a.py": b""})
    assert site.run()
    return site.sources["jobs"]


def test_attributes_have_no_say_in_what_is_checked_and_deployed(site, jobs):
    head = jobs.commit("refs/pull/1/head", FILES, jobs.refs["refs/heads/main"])
    assert site.run() and site.said(head)[0] == "success"
    jobs.refs["refs/heads/main"] = head
    jobs.git("update-ref", "refs/heads/main", head)
    calls = len(site.checked)
    assert site.run() and site.deployed() == head
    assert len(site.checked) == calls  # the tree is the one that was green
    assert {name: content for name, (mode, content) in site.checked[-1].items()} == FILES
    assert contents(site.folder / "root/jobs") == FILES
    assert [name for name, (mode, content) in site.checked[-1].items() if mode & 0o100] == ["run.sh"]
    assert os.access(site.folder / "root/jobs/run.sh", os.X_OK)


@pytest.mark.parametrize(
    "name, entry, reason",
    [
        ("dags/more", (SUBMODULE, "1" * 40), "dags/more is a submodule, whose files are in another repository, and a release has none of these"),
        ("a", (LINK, b"/etc/passwd"), "a is a link, and a release has none of these"),
        ("a\x1b[2Jb", b"", "'a\\x1b[2Jb' is no name for a file"),
        ("a\nb", b"", "'a\\nb' is no name for a file"),
        ("a\u202eb", b"", "'a\\u202eb' is no name for a file"),
        (b"a\xff", b"", "'a\\\\xff' is no name for a file"),
        ("x" * 256, b"", "is too long for the name of a file"),
        ("/".join(["x" * 200] * 6), b"", "is too long for the name of a file"),
    ],
)
def test_what_has_no_place_in_a_release_is_refused_in_a_pull_request_and_on_main(site, jobs, name, entry, reason):
    good = jobs.refs["refs/heads/main"]
    head = jobs.commit("refs/pull/1/head", {"a.py": b"", name: entry}, good)
    assert site.run()
    state, words = site.said(head)
    assert state == "failure" and reason in words
    del jobs.refs["refs/pull/1/head"]
    jobs.refs["refs/heads/main"] = head
    jobs.git("update-ref", "refs/heads/main", head)
    assert site.run() and site.deployed() == good
    assert [entry for entry in site.told if entry[1] == head][-1][2:4] == ("lakehouse/deploy", "failure")


class TestBounds:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        for name, value in {"FILE_BYTES": 1000, "TREE_BYTES": 3000, "FILES": 5, "MIB": 1000}.items():
            monkeypatch.setattr(git, name, value)

    @pytest.mark.parametrize(
        "files, reason",
        [
            ({"a": bytes(1001)}, "a is larger than 1 MiB"),
            ({str(number): bytes(900) for number in range(4)}, "the tree is larger than 3 MiB"),
            ({str(number): b"" for number in range(6)}, "the tree has more than 5 files"),
        ],
    )
    def test_a_tree_beyond_them_is_refused_once_before_its_files_are_read(self, site, jobs, monkeypatch, files, reason):
        def must(copy, verb, *arguments, **options):
            assert verb != "cat-file"
            return real(copy, verb, *arguments, **options)

        real = git.Copy._must
        monkeypatch.setattr(git.Copy, "_must", must)
        head = jobs.commit("refs/pull/1/head", files, jobs.refs["refs/heads/main"])
        assert site.run() and site.said(head) == ("failure", reason)
        del site.fetched[:], site.told[:]
        assert site.run() and not site.fetched and not site.told

    def test_a_list_of_files_without_end_is_not_read_to_it(self, site, jobs, monkeypatch):
        monkeypatch.setattr(git, "LISTING_BYTES", 100)
        head = jobs.commit("refs/pull/1/head", {str(number): b"" for number in range(5)}, jobs.refs["refs/heads/main"])
        assert site.run() and site.said(head) == ("failure", "the tree has more than 5 files")


def test_a_push_that_is_too_large_stays_away_and_the_rest_goes_on(site, jobs, monkeypatch):
    monkeypatch.setattr(git, "FETCH_BYTES", 64 * 1024)
    first, large = jobs.refs["refs/heads/main"], {"a.py": b"", "large": random.Random(1).randbytes(200_000)}
    head = jobs.commit("refs/pull/2/head", large, first)
    small = jobs.commit("refs/pull/1/head", {"a.py": b"x = 1\n"}, first)
    main = jobs.commit("refs/heads/main", {"a.py": b"x = 2\n"}, first)
    assert site.run()
    assert site.said(head) == ("failure", "git fetch needs more than it may have: what is there is too large")
    assert site.said(small)[0] == "failure"  # a conflict, and so it was looked at
    assert site.deployed() == main
    assert not list((site.folder / "state/repositories/jobs.git/objects/pack").glob("tmp_*"))
    del site.fetched[:]
    assert site.run() and not site.fetched


def test_an_object_that_git_finds_broken_is_that_pull_requests_trouble(site, jobs):
    # A name with a slash, in which git would see a folder.
    blob, base = jobs.git("hash-object", "-w", "--stdin", given=b"x"), jobs.refs["refs/heads/main"]
    tree = jobs.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=b"100644 a/b\0" + bytes.fromhex(blob))
    head = jobs.refs["refs/pull/1/head"] = jobs.git("commit-tree", "-m", "it", "-p", base, tree)
    jobs.git("update-ref", "refs/pull/1/head", head)
    assert site.run()
    state, words = site.said(head)
    assert state == "failure" and "git fetch finds a broken object" in words and "fullPathname" in words


def test_every_main_comes_before_any_pull_request(site, jobs):
    for name, source in site.sources.items():
        source.commit("refs/pull/1/head", {"a.py": b"", "b.py": name.encode()}, source.refs["refs/heads/main"])
        source.commit("refs/heads/main", {"a.py": b"", "c.py": name.encode()}, source.refs["refs/heads/main"])
    del site.told[:]
    assert site.run()
    assert [entry[2] for entry in site.told if entry[3] == "success"] == ["lakehouse/deploy"] * 2 + ["lakehouse/check"] * 2


@pytest.mark.parametrize("error", [Unfinished("it is away"), RuntimeError("a fault of the flow's own")])
def test_one_repositorys_trouble_stops_no_other(site, jobs, monkeypatch, error):
    def fetch(copy, ref):
        if "jobs" in copy.url:
            raise error
        real(copy, ref)

    real = flow.Copy.fetch
    monkeypatch.setattr(flow.Copy, "fetch", fetch)
    news = {name: source.commit("refs/heads/main", {"a.py": name.encode()}, source.refs["refs/heads/main"]) for name, source in site.sources.items()}
    assert not site.run()
    assert site.deployed("other") == news["other"] and site.deployed("jobs") != news["jobs"]
    assert site.said(news["jobs"]) == ("error", str(error))


def test_one_pull_requests_trouble_stops_no_other(site, jobs, monkeypatch):
    base = jobs.refs["refs/heads/main"]
    heads = {number: jobs.commit(f"refs/pull/{number}/head", {"a.py": b"", "b.py": str(number).encode()}, base) for number in (1, 2)}

    def merged(copy, base, head):
        if head == heads[2]:
            raise RuntimeError("a fault of the flow's own")
        return real(copy, base, head)

    real = flow.Copy.merged
    monkeypatch.setattr(flow.Copy, "merged", merged)
    assert not site.run()
    assert site.said(heads[1])[0] == "success" and site.said(heads[2]) == ("error", "a fault of the flow's own")
    assert list((site.folder / "state/repositories/jobs.git").rglob("refs/pull/*/head"))
    monkeypatch.undo()


def test_a_git_that_takes_too_long_is_that_pull_requests_trouble(site, jobs, monkeypatch):
    head = jobs.commit("refs/pull/1/head", {"a.py": b"x = 1\n"}, jobs.refs["refs/heads/main"])
    monkeypatch.setattr(flow.Copy, "merged", mock.Mock(side_effect=git.Slow("git merge-tree takes longer than 120 s")))
    assert site.run() and site.said(head) == ("failure", "git merge-tree takes longer than 120 s")


def test_what_pull_requests_brought_is_not_kept(site, jobs):
    jobs.commit("refs/pull/1/head", {"a.py": b"x = 1\n"}, jobs.refs["refs/heads/main"])
    assert site.run() and site.run()
    names = subprocess.run(
        ["git", "--git-dir", site.folder / "state/repositories/jobs.git", "for-each-ref", "--format=%(refname)"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert names == ["refs/heads/main"]


def test_a_blob_that_is_not_what_it_was_said_to_be_ends_it(site, jobs, monkeypatch):
    copy = flow.Copy(site.settings, site.settings.repositories[0])
    monkeypatch.setattr(copy, "entries", lambda tree: [git.Entry("a", "1" * 40, 3, False)])
    with pytest.raises(Unfinished, match="git has no blob"):
        copy.archive("2" * 40)
