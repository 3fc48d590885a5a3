# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays two people who bring a DAG to the platform: one writes it, the other approves and merges; and then they take it back.

Reads the site as JSON from standard input; prints what held, what did not, and how long each step took, as JSON; ends with 1 when something
did not hold. What it made is gone at the end, but for the history of main.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "playbooks/files"))

from clients import Http, Proof, Trino, until

REPOSITORY = "/repos/gti/airflow-dags"
SCHEMA = "lakehouse.ops"

BROKEN = '''"""A DAG that cannot be imported."""

from airflow.decorators import dag
from lakehouse import no_such_helper

print(dag, no_such_helper)
'''

# At import a DAG has the rights of the sandbox, and nothing of the platform is there.
CURIOUS = '''"""A DAG that wants to read a password of the platform while it is checked."""

import pathlib

from airflow.decorators import dag

PASSWORD = pathlib.Path("/etc/datalake/gitops/gitea_password").read_text()
print(dag, PASSWORD)
'''

# When it runs it has Airflow's, which end before the secrets of others.
GOOD = '''"""Writes a row, once, and has what it may not read refused."""

import pathlib

import pendulum
from airflow.decorators import dag, task
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

FORBIDDEN = ["/etc/datalake/gitops/deploy_key", "/etc/datalake/gitops/gitea_password", "/etc/datalake/gitops-webhook/secret", "/etc/shadow"]


@dag(schedule="@once", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, is_paused_upon_creation=False, tags=["proof"])
def %(dag)s():
    @task
    def refused() -> None:
        for path in FORBIDDEN:
            try:
                pathlib.Path(path).read_text()
            except PermissionError:
                continue
            raise AssertionError(path + " can be read")
        try:
            pathlib.Path(__file__).touch()
        except PermissionError:
            return
        raise AssertionError("a DAG changes what runs")

    write = SQLExecuteQueryOperator(
        task_id="write",
        conn_id="trino_default",
        sql=["create table if not exists %(table)s (note varchar)", "insert into %(table)s values ('%(dag)s')"],
    )
    refused() >> write


%(dag)s()
'''


class People:
    """An author with git, and a colleague."""

    def __init__(self, site, folder, undo):
        self.site, self.folder = site, folder
        self.gitea, self.admin = Http(site["gitea_url"] + "/api/v1", site["ca_path"]), tuple(site["gitea_admin"])
        self.author, self.colleague = (("flow-" + secrets.token_hex(4), secrets.token_urlsafe(24)) for dummy in range(2))
        teams = {team["name"]: team["id"] for team in self.gitea.must("GET", "/orgs/gti/teams?limit=50", self.admin)}
        for name, word in (self.author, self.colleague):
            body = {"username": name, "email": name + "@example.org", "password": word, "must_change_password": False}
            self.gitea.must("POST", "/admin/users", self.admin, body)
            undo.callback(self.gitea.must, "DELETE", f"/admin/users/{name}?purge=true", self.admin)
            self.gitea.must("PUT", f"/teams/{teams['engenharia']}/members/{name}", self.admin)
        self.gitea.must("PUT", f"/teams/{teams['revisores']}/members/{self.colleague[0]}", self.admin)
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.author[0], "-f", key], check=True)
        self.gitea.must("POST", "/user/keys", self.author, {"title": "flow", "key": key.with_suffix(".pub").read_text()})
        (folder / "known_hosts").write_text(site["known_host"] + "\n")
        ssh = f"ssh -F none -i {key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={folder}/known_hosts"
        who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in [
            ("NAME", self.author[0]), ("EMAIL", self.author[0] + "@example.org")]}  # fmt: skip
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_SSH_COMMAND": ssh, **who}
        self.work = folder / "work"

    def git(self, *arguments, check=True):
        where = self.work if self.work.exists() else self.folder
        done = subprocess.run(["git", *arguments], cwd=where, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        if check and done.returncode:
            raise RuntimeError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done

    def push(self, path, text, branch, message):
        (self.work / path).write_text(text)
        self.git("add", path)
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", f"HEAD:{branch}")
        return self.git("rev-parse", "HEAD").stdout.strip()

    def status(self, commit, context):
        """The last state of a commit and its words; nothing while it is pending."""
        found = self.gitea.must("GET", f"{REPOSITORY}/commits/{commit}/statuses?sort=recentupdate", self.author)
        mine = sorted((item for item in found if item["context"] == context), key=lambda item: -item["id"])
        return (mine[0]["status"], mine[0]["description"]) if mine and mine[0]["status"] != "pending" else None

    def checked(self, commit):
        return until(f"lakehouse/check of {commit}", lambda: self.status(commit, "lakehouse/check"))

    def open(self, branch, title):
        return self.gitea.must("POST", REPOSITORY + "/pulls", self.author, {"head": branch, "base": "main", "title": title})["number"]

    def approve(self, number):
        self.gitea.must("POST", f"{REPOSITORY}/pulls/{number}/reviews", self.colleague, {"event": "APPROVED", "body": "ok"})

    def merge(self, number, who):
        # Gitea looks at a request and at each push to it in the background, and until then merges nothing.
        def answered():
            status, answer = self.gitea.ask("POST", f"{REPOSITORY}/pulls/{number}/merge", who, {"Do": "merge", "delete_branch_after_merge": True})
            return None if "try again" in str(answer) else (status, str(answer))

        return until("Gitea looks at the pull request", answered, 60)

    def merged(self, number):
        """The commit on main."""
        status, answer = self.merge(number, self.colleague)
        if status >= 300:
            raise RuntimeError(f"an approved and green pull request is not merged: {status} {answer[:300]}")
        return self.gitea.must("GET", f"{REPOSITORY}/pulls/{number}", self.author)["merge_commit_sha"]


def bring(site, people, proof, trino, airflow, dag, table):
    """From a clone to rows in a table."""
    url = f"ssh://git@{site['gitea_host']}:{site['gitea_ssh_port']}/gti/airflow-dags.git"
    people.git("clone", "-q", url, "work")
    file = f"dags/{dag}.py"
    people.git("switch", "-q", "-c", dag)

    head = people.push(file, BROKEN, dag, "Add a DAG")
    refused = people.git("push", "-q", "origin", "HEAD:main", check=False)
    proof.that(refused.returncode != 0 and "protected" in refused.stderr, "a push to main is refused")
    with proof.timed("broken pull request to red status"):
        number = people.open(dag, "A proof of the flow")
        state, words = people.checked(head)
    proof.that(state == "failure" and file in words, f"a broken DAG is refused: {words}")
    people.approve(number)
    proof.that(people.merge(number, people.colleague)[0] == 405, "what is red is not merged, though approved")

    state, words = people.checked(people.push(file, CURIOUS, dag, "Read a password"))
    proof.that(state == "failure" and "gitea_password" in words, f"a DAG that reads a secret at import is refused: {words}")

    with proof.timed("mended pull request to green status"):
        state, words = people.checked(people.push(file, GOOD % {"dag": dag, "table": table}, dag, "Mend the DAG"))
    proof.that(state == "success", f"a mended DAG is green: {words}")
    proof.that(people.merge(number, people.author)[0] == 405, "what was approved before it was mended is not merged")
    people.approve(number)

    start = time.monotonic()

    def since(what):
        proof.seconds[what] = round(time.monotonic() - start, 1)

    commit = people.merged(number)
    state, words = until("lakehouse/deploy", lambda: people.status(commit, "lakehouse/deploy"))
    since("merge to link swapped, as its status says")
    proof.that(state == "success", f"the merge is deployed: {words}")

    def ran():
        status, answer = airflow.ask("GET", f"/api/v1/dags/{dag}/dagRuns", tuple(site["airflow"]))
        runs = answer["dag_runs"] if status == 200 else []
        return [run["state"] for run in runs if run["state"] in ("success", "failed")]

    states = until("a run of the DAG", ran)
    since("merge to green run")
    proof.that(states == ["success"], "the new DAG runs green, and what it may not read is refused")
    rows = trino.query(f"select note from {table}")
    since("merge to rows in Trino")
    proof.that(rows == [[dag]], "its table has the row")


def take_back(site, people, proof, airflow, dag):
    """Rolling back is reverting."""
    people.git("fetch", "-q", "origin")
    people.git("switch", "-q", "-c", f"{dag}-back", "origin/main")
    if not (people.work / f"dags/{dag}.py").exists():
        return
    merge = people.git("log", "-n", "1", "--merges", "--first-parent", "--format=%H", "--", f"dags/{dag}.py").stdout.strip()
    people.git("revert", "--no-edit", "-m", "1", merge)
    people.git("push", "-q", "origin", f"HEAD:{dag}-back")
    head = people.git("rev-parse", "HEAD").stdout.strip()
    number = people.open(f"{dag}-back", "Take the proof of the flow back")
    state, words = people.checked(head)
    proof.that(state == "success", f"what takes it back is green: {words}")
    people.approve(number)
    with proof.timed("revert merged to link swapped"):
        commit = people.merged(number)
        state, words = until("lakehouse/deploy", lambda: people.status(commit, "lakehouse/deploy"))
    proof.that(state == "success", f"the revert is deployed: {words}")
    airflow.ask("DELETE", f"/api/v1/dags/{dag}", tuple(site["airflow"]))


def main():
    site = json.load(sys.stdin)
    proof = Proof()
    dag = "flow_proof_" + secrets.token_hex(4)
    table = f"{SCHEMA}.{dag}"
    trino, airflow = Trino(site), Http(site["airflow_url"], site["ca_path"])
    with contextlib.ExitStack() as undo:
        folder = pathlib.Path(undo.enter_context(tempfile.TemporaryDirectory()))
        try:
            people = People(site, folder, undo)
            for branch in (dag, f"{dag}-back"):
                undo.callback(people.gitea.ask, "DELETE", f"{REPOSITORY}/branches/{branch}", people.admin)
            undo.callback(trino.query, f"drop table if exists {table}")
            try:
                bring(site, people, proof, trino, airflow, dag, table)
            finally:
                if people.work.exists():
                    take_back(site, people, proof, airflow, dag)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            proof.that(False, str(error))
    print(proof.said())
    sys.exit(1 if proof.broken else 0)


if __name__ == "__main__":
    main()
