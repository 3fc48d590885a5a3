# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump of the database and a copy of the data folder, with the site's secrets, are a whole backup."""

from __future__ import annotations

import subprocess

import pytest
from hive_servers import PostgreSQL


@pytest.fixture
def pull(server, organization):
    """A repository with a pull request that waits for its review."""
    repository = f"/repos/{organization}/jobs"
    new = {"name": "jobs", "private": True, "auto_init": True, "readme": "Default", "default_branch": "main"}
    assert server.api("POST", f"/orgs/{organization}/repos", new)[0] == 201
    assert server.api("POST", f"{repository}/branch_protections", {"rule_name": "main", "required_approvals": 1})[0] == 201
    hook = {"type": "gitea", "events": ["push"], "config": {"url": "https://127.0.0.1:9/x", "content_type": "json", "secret": server.secrets[0]}}
    assert server.api("POST", f"{repository}/hooks", hook)[0] == 201
    change = {"branch": "main", "new_branch": "change", "message": "Change", "content": "eA=="}
    assert server.api("POST", f"{repository}/contents/change.txt", change)[0] == 201
    assert server.api("POST", f"{repository}/pulls", {"head": "change", "base": "main", "title": "Change"})[0] == 201
    return repository


def what_there_is(server, repository):
    pull = server.api("GET", f"{repository}/pulls/1")[1]
    return {
        "branches": {branch["name"]: branch["commit"]["id"] for branch in server.api("GET", f"{repository}/branches")[1]},
        "pull": (pull["title"], pull["state"], pull["user"]["login"], pull["head"]["sha"], pull["base"]["sha"]),
        "rules": [(rule["rule_name"], rule["required_approvals"]) for rule in server.api("GET", f"{repository}/branch_protections")[1]],
        "hooks": [hook["config"]["url"] for hook in server.api("GET", f"{repository}/hooks")[1]],
        "content": server.api("GET", f"{repository}/contents/change.txt?ref=change")[1]["content"],
    }


def test_a_dump_and_a_restore_give_the_same_repositories_and_pull_requests(server, pull, make_folder):
    before = what_there_is(server, pull)
    database = server.database
    socket = ["--host", database.folder, "--port", str(database.port), "--username", "postgres"]
    dump = subprocess.run([f"{PostgreSQL.binaries}/pg_dump", *socket, "gitea"], check=True, capture_output=True).stdout
    folder = make_folder("gitea-restored-")
    subprocess.run(["cp", "--archive", server.folder / "data", folder], check=True)
    database.create("restored")
    psql = [f"{PostgreSQL.binaries}/psql", *socket, "--quiet", "--set", "ON_ERROR_STOP=1", "restored"]
    subprocess.run(psql, input=dump, check=True, stdout=subprocess.DEVNULL)

    restored = type(server)(server.binary, folder, database, "restored", secrets_of=server)
    try:
        restored.start()
        assert what_there_is(restored, pull) == before
        # It works on, too: the request can still be approved or refused as the rule says.
        assert restored.api("POST", f"{pull}/pulls/1/merge", {"Do": "merge"})[0] == 405
    finally:
        restored.stop()
        database.drop("restored")
