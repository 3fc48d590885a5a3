# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of the flow that is killed, before each single thing that it does to files: what runs is the old release or the new one, whole, and
the next run brings the new one."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import traceback

import pytest
from lakehouse_gitops import flow, git
from lakehouse_gitops.settings import Repository, Settings

DOES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "shutil.rmtree", "subprocess.Popen"}
FILES = {"one": {"jobs/a.py": "one", "jobs/old.py": "one"}, "two": {"jobs/a.py": "two", "jobs/new.py": "two"}}


def is_killed(step, do):
    """Whether a process of its own was killed before it had done so many things and one more."""
    child = os.fork()
    if child:
        end = os.waitpid(child, 0)[1]
        assert end in (0, signal.SIGKILL)
        return end == signal.SIGKILL
    left = itertools.count(step, -1)

    def watch(event, arguments):
        if (event in DOES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))) and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(watch)
        do()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Gitea's repository, and its commits by name."""
    folder, commits = tmp_path_factory.mktemp("source"), {}
    who = {f"GIT_{role}_{part}": "gitops" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}

    def run(*arguments):
        command = ["git", "-C", str(folder), "-c", "init.defaultBranch=main", *arguments]
        return subprocess.run(command, env={**os.environ, **who}, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "--quiet")
    for name, files in FILES.items():
        if (folder / "jobs").exists():
            shutil.rmtree(folder / "jobs")
        (folder / "jobs").mkdir()
        for path, text in files.items():
            (folder / path).write_text(text)
        run("add", "--all")
        run("commit", "--quiet", "--message", name)
        commits[name] = run("rev-parse", "HEAD")
    return folder, commits


class Gitea:
    def __init__(self, commit):
        self.commit, self.told = commit, []

    def refs(self, dummy):
        return {"refs/heads/main": self.commit}

    def report(self, dummy, commit, context, state, description):
        self.told.append((commit, state))


@pytest.fixture
def site(source, monkeypatch):
    folder, commits = source

    class Copy(git.Copy):
        def __init__(self, settings, repository):
            super().__init__(settings, repository)
            self.url, self.environment["GIT_ALLOW_PROTOCOL"] = str(folder), "file"

    monkeypatch.setattr(flow, "Copy", Copy)
    monkeypatch.setattr(flow.sandbox, "ask", lambda *dummy: [])
    return Site(commits)


class Site:
    def __init__(self, commits):
        self.commits = commits

    def run(self, place, name):
        """One run of the flow while main is at a commit; what Gitea was told."""
        place.mkdir(exist_ok=True)
        for folder in ("state", "root"):
            (place / folder).mkdir(exist_ok=True)
        repository = Repository(organization="gti", name="jobs", checks=["python"], interpreter="/usr/bin/python3")
        settings = Settings(
            folder=place, state=place / "state", root=place / "root", repositories=[repository],
            gitea_url="", gitea_user="", ssh_host="", ssh_port=22, trino_url="", trino_user="", check_socket="", check_seconds=1, keep_releases=2,
            checked_with="",
        )  # fmt: skip
        gitea = Gitea(self.commits[name])
        assert flow.Flow(settings, gitea, None).run()
        return gitea.told

    def runs(self, place):
        """The name of the commit that runs there, having seen that it is whole."""
        link = place / "root/jobs"
        if not link.is_symlink():
            return ""
        files = {str(path.relative_to(link)): path.read_text() for path in sorted(link.rglob("*")) if path.is_file()}
        (name,) = [name for name, commit in self.commits.items() if os.readlink(link) == f"releases/jobs-{commit}"]
        assert files == FILES[name]
        return name


@pytest.mark.parametrize("before", ["", "one"])
def test_a_run_that_is_killed_leaves_the_old_release_or_the_new_one(site, tmp_path, before):
    began = tmp_path / "began"
    began.mkdir()
    if before:
        site.run(began, before)
    seen = set()
    for step in itertools.count():
        place = tmp_path / str(step)
        shutil.copytree(began, place, symlinks=True)
        killed = is_killed(step, lambda place=place: site.run(place, "two"))
        seen.add(site.runs(place))
        told = site.run(place, "two")
        assert site.runs(place) == "two"
        assert not list((place / "root").rglob(".*"))
        if not killed:
            break
        assert told == [] or told[-1] == (site.commits["two"], "success")
    assert step > 20
    assert seen == {before, "two"}


def test_what_a_killed_git_left_does_not_stop_the_next_run(site, tmp_path):
    site.run(tmp_path, "one")
    copy = tmp_path / "state/repositories/jobs.git"
    for name in ("refs/heads/main.lock", "config.lock", "packed-refs.lock"):
        (copy / name).touch()
    site.run(tmp_path, "two")
    assert site.runs(tmp_path) == "two"


def test_releases_that_were_begun_go_with_the_old_ones(site, tmp_path):
    site.run(tmp_path, "one")
    (tmp_path / "root/releases" / (".jobs-" + "0" * 40)).mkdir()
    site.run(tmp_path, "two")
    assert sorted(path.name for path in (tmp_path / "root/releases").iterdir()) == sorted(f"jobs-{commit}" for commit in site.commits.values())
