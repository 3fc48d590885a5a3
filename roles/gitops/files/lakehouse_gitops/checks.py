# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a tree that people pushed, in a sandbox that has nothing to lose: no network, no secret, nothing that outlives it.

Standard input is one line of JSON, {"checks": [...], "interpreter": ...}, and then the tree as an archive; standard output is
{"problems": [...]}. The tree's own code runs, so what it says of itself is as true as that code is honest: this finds mistakes, and
people find malice, before they approve.
"""

from __future__ import annotations

import concurrent.futures
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from .git import ARCHIVE_BYTES
from .release import Refused, unpack

INSIDE = pathlib.Path(__file__).parent / "inside"
PYTHON = "/usr/bin/python3"  # Debian's, with pyflakes, pytest and PyYAML
SECONDS = 120
SAID = 20_000
PR_SET_DUMPABLE = 4
# Where a repository has its modules.
MODULES = ["dags", "plugins", "jobs", "."]


class Tree:
    def __init__(self, folder: pathlib.Path, interpreter: str):
        self.path = folder / "tree"
        self.scratch = folder
        self.interpreter = interpreter

    def run(self, name: str, command: list[str], **environment: str) -> tuple[int, str]:
        """Exit code and words of a program that has the tree as its working folder, and may be anything."""
        home = self.scratch / name
        home.mkdir()
        process = subprocess.Popen(
            command,
            cwd=self.path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            said, dummy = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            said = f"not done after {SECONDS} s"
        finally:
            # Whatever it has left running.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        return process.returncode, said[-SAID:]

    def modules(self) -> str:
        return os.pathsep.join(str(self.path / folder) for folder in MODULES if (self.path / folder).is_dir())

    def answer_of(self, name: str, command: list[str], **environment: str) -> list[str]:
        """Problems that a script of ours writes to a file, whatever else is printed meanwhile."""
        answer = self.scratch / f"{name}.json"
        code, said = self.run(name, [*command, str(answer)], **environment)
        try:
            return [str(problem) for problem in json.loads(answer.read_text())]
        except (OSError, ValueError, TypeError):
            return [f"{name}: it ended with {code}: {last_lines(said)}"]


def last_lines(said: str, count: int = 5) -> str:
    return " | ".join(line.strip() for line in said.strip().splitlines()[-count:])


def check_python(tree: Tree) -> list[str]:
    """Every file is Python, and nothing in it is plainly wrong."""
    code, said = tree.run("python", [PYTHON, "-P", "-m", "pyflakes", "."])
    if code == 0:
        return []
    problems = [line.removeprefix("./") for line in said.splitlines() if line.startswith("./")]
    return problems or [f"pyflakes ended with {code}: {last_lines(said)}"]


def check_dags(tree: Tree) -> list[str]:
    """Airflow imports every DAG."""
    home = tree.scratch / "airflow"
    home.mkdir()
    return tree.answer_of(
        "dags",
        [tree.interpreter, "-P", str(INSIDE / "dags.py"), str(tree.path / "dags")],
        PYTHONPATH=str(tree.path / "plugins"),
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(tree.path / "dags"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(tree.path / "plugins"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__LAZY_LOAD_PLUGINS="True",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
    )


def check_tests(tree: Tree) -> list[str]:
    """Its own tests pass, if it has some."""
    if not (tree.path / "tests").is_dir():
        return []
    return tree.answer_of(
        "tests",
        [tree.interpreter, "-P", str(INSIDE / "tests.py")],
        PYTHONPATH=tree.modules(),
        AIRFLOW_HOME=str(tree.scratch / "tests"),
        AIRFLOW__CORE__UNIT_TEST_MODE="True",
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tree.scratch}/tests/airflow.db",
    )


def check_yaml(tree: Tree) -> list[str]:
    """Every file of data can be read."""
    return tree.answer_of("yaml", [PYTHON, "-P", str(INSIDE / "files.py")])


CHECKS = {"python": check_python, "dags": check_dags, "tests": check_tests, "yaml": check_yaml}


def check(request: dict, archive: bytes, folder: pathlib.Path) -> list[str]:
    tree = Tree(folder, request["interpreter"])
    tree.path.mkdir()
    try:
        unpack(archive, tree.path)
    except Refused as error:
        return [str(error)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = pool.map(lambda name: CHECKS[name](tree), request["checks"])
    return [problem.replace(str(tree.path) + "/", "") for problems in answers for problem in problems]


def main() -> None:
    # What runs below is of the same account: it must not reach into this process, which answers.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.umask(0o022)
    request = json.loads(sys.stdin.buffer.readline(65536))
    archive = sys.stdin.buffer.read(ARCHIVE_BYTES + 1)
    with tempfile.TemporaryDirectory() as folder:
        problems = check(request, archive, pathlib.Path(folder))
    json.dump({"problems": problems}, sys.stdout)


if __name__ == "__main__":
    main()
