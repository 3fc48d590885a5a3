# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the flow: what is new on main is checked and deployed, and what is new in pull requests is checked and answered."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable

from . import approvals, neighbours, sandbox, sql, trino
from .git import Conflict, Copy, Slow
from .gitea import Gitea
from .record import Memory, Record
from .release import Refused, Releases
from .settings import Repository, Settings, Unfinished

CHECK = "lakehouse/check"
PULL = re.compile(r"refs/pull/\d+/head")
# Of pull requests whose heads nobody has answered yet, in one run, the newest first; main comes between two runs.
PULLS_AT_ONCE = 5
PULLS_SECONDS = 300  # after which none is begun
PULLS_KNOWN = 200  # of the newest; as many heads as are remembered are more
AFTER_SECONDS = 180

log = logging.getLogger("gitops")


def summary(problems: list[str]) -> str:
    more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
    return "; ".join(problems[:3]) + more


class Flow:
    def __init__(self, settings: Settings, gitea: Gitea, explainer: trino.Trino | None):
        self.settings = settings
        self.gitea = gitea
        self.explainer = explainer
        self.record = Record(settings.state / "deployments.jsonl")
        self.memory = Memory(settings.state / "memory.json")
        self.warned: list[str] = []  # of the tree that was checked last

    def run(self) -> bool:
        """Whether all that there was to do could be done, if with a bad end. Every main comes before any pull request."""
        finished = [self.alone(repository, self.serve_main) for repository in self.settings.repositories]
        until = time.monotonic() + PULLS_SECONDS
        finished += [self.alone(repository, self.serve_pulls, until) for repository in self.settings.repositories if repository.pulls]
        return all(finished)

    @staticmethod
    def alone(repository: Repository, serve: Callable[..., bool], *arguments) -> bool:
        """What is wrong with one repository stops no other."""
        try:
            return serve(repository, *arguments)
        except Unfinished as error:
            log.error("%s: %s", repository.name, error)
        except Exception:
            log.exception("%s", repository.name)
        return False

    def serve_pulls(self, repository: Repository, until: float) -> bool:
        copy = Copy(self.settings, repository)
        here = copy.refs()
        main = here.get(repository.main_ref)
        if not main:
            return False  # what is wrong with main has been told
        waiting = self.unanswered(repository, copy, main, self.gitea.refs(repository.full_name))
        copy.drop([ref for ref in here if PULL.fullmatch(ref) and ref not in waiting])
        finished = True
        for ref, head in list(waiting.items())[:PULLS_AT_ONCE]:
            if time.monotonic() > until:
                break  # the next run goes on, after every main
            finished = self.serve_pull(repository, copy, main, ref, head) and finished
        return finished

    def unanswered(self, repository: Repository, copy: Copy, main: str, refs: dict[str, str]) -> dict[str, str]:
        """Heads of pull requests whose state nobody knows yet, the newest first, and those last that could not be checked so far."""
        pulls = sorted((ref for ref in refs if PULL.fullmatch(ref)), key=lambda ref: -int(ref.split("/")[2]))[:PULLS_KNOWN]
        found: dict[str, dict[str, str]] = {"": {}, "error": {}}
        for ref in pulls:
            head, state = refs[ref], self.memory.answered(repository.name, refs[ref])
            if state in found:
                if copy.contains(main, head):
                    self.memory.answer(repository.name, head, "merged")
                else:
                    found[state][ref] = head
        return found[""] | found["error"]

    def serve_main(self, repository: Repository) -> bool:
        refs = self.gitea.refs(repository.full_name)
        if repository.main_ref not in refs:
            raise Unfinished(f"there is no branch {repository.branch}")
        commit, copy = refs[repository.main_ref], Copy(self.settings, repository)
        releases = Releases(self.settings.root, repository.name)
        judged = self.memory.judged(repository.name)
        first_try = judged.get("commit") != commit
        done = not first_try and (judged["result"] == "refused" or (judged["result"] == "deployed" and releases.current() == commit))
        if done:
            self._tell(repository, judged)
            return True
        if first_try:
            self._report(repository, commit, repository.status, "pending", "it is being checked")
        started, previous = time.monotonic(), releases.current()
        try:
            problems = self.deploy(repository, copy, releases, commit)
            result = "refused" if problems else "deployed"
        except Refused as error:
            problems, result = [str(error)], "refused"
        except Exception as error:  # whatever it is, its commit says so
            log.error("%s: %s", repository.name, error, exc_info=not isinstance(error, Unfinished))
            problems, result = [str(error)], "unfinished"
        seconds = round(time.monotonic() - started, 1)
        log.info("%s %s: %s in %s s. %s", repository.name, commit[:12], result, seconds, summary(problems))
        # What cannot be finished is tried each minute, and recorded once.
        if result != "unfinished" or first_try:
            entry = {"repository": repository.full_name, "commit": commit, "previous": previous, "result": result, "seconds": seconds}
            self.record.add(**entry, problems=problems, **copy.about(commit))
            state = {"deployed": "success", "refused": "failure", "unfinished": "error"}[result]
            self.memory.judge(repository.name, commit, result, [state, summary(problems) or f"deployed in {seconds} s{self.warning()}"])
            self._tell(repository, self.memory.judged(repository.name))
        return result != "unfinished"

    def deploy(self, repository: Repository, copy: Copy, releases: Releases, commit: str) -> list[str]:
        """Check and swap; the problems, with which the old release stays."""
        if copy.refs().get(repository.main_ref) != commit:
            copy.fetch(repository.main_ref)
        tree = copy.tree(commit)
        archive = copy.archive(tree)
        problems = self.check(repository, releases, tree, archive)
        if problems:
            return problems
        previous = releases.current()
        if problems := self.unapproved(repository, copy, previous, commit):
            return problems
        releases.add(commit, archive)
        releases.put(commit)
        if repository.after_socket:
            problems = self.follow(repository, releases, commit, previous)
        releases.prune(self.settings.keep_releases)
        return problems

    def unapproved(self, repository: Repository, copy: Copy, previous: str, commit: str) -> list[str]:
        """What came to main since the release that runs and was not approved. The first release is what the site began with, and what leaves
        everything as it runs needs nobody: so a merge that was refused here can be reverted."""
        accepted = self.memory.accepted(repository.name)
        if not repository.approvals or not previous or commit in accepted:
            return []
        remedy = f"revert it, or let it through on this host: gitops accept {repository.name} {commit}"
        if not copy.contains(commit, previous):
            return [f"{repository.branch} no longer has {previous[:12]}, which runs, in its history; {remedy}"]
        if copy.tree(previous) == copy.tree(commit):
            return []
        merges = [merge for merge in copy.merges(previous, commit) if merge not in accepted]
        found = [approvals.problem(self.gitea, repository.full_name, merge, repository.approvals, CHECK) for merge in merges]
        return [f"{problem}; {remedy}" for problem in found if problem]

    @staticmethod
    def follow(repository: Repository, releases: Releases, commit: str, previous: str) -> list[str]:
        """Have done what comes after the swap, by whom it is for; where that fails, the swap is undone."""
        request = {"repository": repository.name, "commit": commit, "path": str(releases.link)}
        try:
            problems = sandbox.ask(repository.after_socket, request, b"", AFTER_SECONDS)
        except Unfinished:
            releases.back(previous)
            raise
        if problems:
            releases.back(previous)
        return problems

    def serve_pull(self, repository: Repository, copy: Copy, main: str, ref: str, head: str) -> bool:
        number = ref.split("/")[2]
        started = time.monotonic()
        first_try = not self.memory.answered(repository.name, head)
        if first_try:
            self._report(repository, head, CHECK, "pending", "it is being checked")
        try:
            if copy.refs().get(ref) != head:
                copy.fetch(ref)
            tree = copy.merged(main, head)
            problems = self.check(repository, Releases(self.settings.root, repository.name), tree, copy.archive(tree))
        except Conflict as error:
            problems = [f"it conflicts with {repository.branch}: {error}"]
        except (Refused, Slow) as error:  # and would be so again
            problems = [str(error)]
        except Exception as error:  # whatever it is, the other pull requests do not wait for it
            log.error("%s #%s: %s", repository.name, number, error, exc_info=not isinstance(error, Unfinished))
            if first_try:
                self._report(repository, head, CHECK, "error", str(error))
                self.memory.answer(repository.name, head, "error")
            return False
        state = "failure" if problems else "success"
        seconds = round(time.monotonic() - started, 1)
        self._report(repository, head, CHECK, state, summary(problems) or f"checked in {seconds} s{self.warning()}")
        self.memory.answer(repository.name, head, state)
        log.info("%s #%s %s: %s in %s s%s", repository.name, number, head[:12], state, seconds, ": " + summary(problems) if problems else "")
        return True

    def check(self, repository: Repository, releases: Releases, tree: str, archive: bytes) -> list[str]:
        """The problems of a tree. Of one that was green, as a pull request's say, only what Trino says is asked again."""
        self.warned = []
        if "dags" in repository.checks and (problems := sql.copy_problems(archive)):
            return problems
        # By what it is checked: another release of its interpreter may find what this one does not.
        way = f"{self.settings.checked_with} {os.path.realpath(os.path.dirname(repository.interpreter))} {repository.checks}"
        if not self.memory.green(repository.name, tree, way):
            request = {"checks": [check for check in repository.checks if check != "sql"], "interpreter": repository.interpreter}
            problems = sandbox.ask(self.settings.check_socket, request, archive, self.settings.check_seconds)
            if problems:
                return problems
            self.memory.checked(repository.name, tree, way)
        return self.explain(releases, archive) if "sql" in repository.checks else []

    def explain(self, releases: Releases, archive: bytes) -> list[str]:
        files = sql.files_of(archive)
        found, problems = sql.read(files)
        # What is new of it; what another engine cannot bear was there before, or is a matter of its own.
        new = [statement for statement in found if not self._runs(releases, statement.file, files[statement.file])]
        problems += [f"{item.file}:{item.line}: {words}" for item in new for words in neighbours.problems(item.text)]
        self.warned = [f"{item.file}:{item.line}: {words}" for item in new for words in neighbours.warnings(item.text)]
        if problems:
            return problems
        # What already runs as it is cannot be made worse by this change; before the first release, all of it.
        bygone = {name for name, content in files.items() if not releases.current() or self._runs(releases, name, content)}
        return trino.problems(self.explainer, found, bygone)

    def warning(self) -> str:
        return "; it warns: " + summary(self.warned) if self.warned else ""

    @staticmethod
    def _runs(releases: Releases, name: str, content: bytes) -> bool:
        path = releases.link / name
        return path.is_file() and path.read_bytes() == content

    def _tell(self, repository: Repository, judged: dict) -> None:
        """Show how main was judged, if that could not be shown yet."""
        if judged.get("report"):
            self._report(repository, judged["commit"], repository.status, *judged["report"])
            self.memory.judge(repository.name, judged["commit"], judged["result"], None)

    def _report(self, repository: Repository, commit: str, context: str, state: str, description: str) -> None:
        self.gitea.report(repository.full_name, commit, context, state, description)
