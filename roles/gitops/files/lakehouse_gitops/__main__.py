# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: one run of the flow, and what there is to see of it."""

from __future__ import annotations

import argparse
import fcntl
import json
import logging
import pathlib
import re
import sys

from .flow import Flow
from .gitea import Gitea
from .record import Memory, Record, printable
from .release import Releases
from .settings import Settings, load
from .trino import Trino

SETTINGS = pathlib.Path("/etc/datalake/gitops/gitops.json")


def run(settings: Settings, dummy) -> int:
    gitea = Gitea(settings.gitea_url, settings.gitea_user, settings.secret("gitea_password"))
    trino = Trino(settings.trino_url, settings.trino_user, settings.secret("trino_password")) if settings.trino_url else None
    return 0 if Flow(settings, gitea, trino).run() else 1


def status(settings: Settings, dummy) -> int:
    """Ends with 1 when a repository has no release."""
    entries = {entry["repository"]: entry for entry in Record(settings.state / "deployments.jsonl").entries()}
    missing = 0
    for repository in settings.repositories:
        current = Releases(settings.root, repository.name).current()
        last = entries.get(repository.full_name, {})
        missing += not current
        print(printable(f"{repository.name:<20} runs {current[:12] or 'nothing':<13} last: {words_of(last) if last else 'nothing yet'}"))
    return 1 if missing else 0


def words_of(entry: dict) -> str:
    problems = ": " + "; ".join(entry["problems"]) if entry.get("problems") else ""
    return f"{entry['time']} {entry['commit'][:12]} {entry['result']} by {entry.get('committer', '?')} ({entry.get('subject', '')}){problems}"


def show_log(settings: Settings, arguments) -> int:
    entries = [
        entry for entry in Record(settings.state / "deployments.jsonl").entries()
        if arguments.repository in ("", entry["repository"].rpartition("/")[2])
    ]  # fmt: skip
    for entry in entries[-arguments.lines :]:
        print(printable(json.dumps(entry, ensure_ascii=False) if arguments.json else f"{entry['repository']:<24} {words_of(entry)}"))
    return 0


def again(settings: Settings, arguments) -> int:
    """Judge a repository's main and its pull requests anew, with the next run."""
    Memory(settings.state / "memory.json").forget(settings.repository(arguments.repository).name)
    return 0


class Plain(logging.Formatter):
    """A line of the journal stays one, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        said = super().format(record)
        return "\n".join(map(printable, said.splitlines())) if record.exc_info else printable(said)


def whole_commit(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{40}", text):
        raise argparse.ArgumentTypeError("it takes the whole number of a commit, 40 digits")
    return text


def accept(settings: Settings, arguments) -> int:
    """Let a commit of main through without approvals. It is recorded, and deployed with the next run."""
    repository = settings.repository(arguments.repository)
    Memory(settings.state / "memory.json").accept(repository.name, arguments.commit)
    Record(settings.state / "deployments.jsonl").add(repository=repository.full_name, commit=arguments.commit, result="accepted", problems=[])
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="gitops", description="What is merged in Gitea, and what of it runs here.")
    parser.add_argument("--settings", type=pathlib.Path, default=SETTINGS)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="look, check and deploy once").set_defaults(do=run)
    commands.add_parser("status", help="what runs").set_defaults(do=status)
    log = commands.add_parser("log", help="what was deployed and refused, by whom and when")
    log.add_argument("-n", "--lines", type=int, default=20)
    log.add_argument("--repository", default="")
    log.add_argument("--json", action="store_true", help="all that is known")
    log.set_defaults(do=show_log)
    anew = commands.add_parser("again", help="judge a repository anew, with the next run")
    anew.add_argument("repository")
    anew.set_defaults(do=again)
    through = commands.add_parser("accept", help="let a commit of main, and all before it, through without approvals")
    through.add_argument("repository")
    through.add_argument("commit", type=whole_commit)
    through.set_defaults(do=accept)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger().handlers[0].setFormatter(Plain("%(message)s"))
    settings = load(arguments.settings)
    if arguments.command in ("run", "again", "accept"):
        lock = open(settings.state / "lock", "w", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return arguments.do(settings, arguments)


if __name__ == "__main__":
    sys.exit(main())
