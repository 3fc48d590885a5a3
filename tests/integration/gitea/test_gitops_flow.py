# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow of role gitops against a real Gitea, over SSH and its API, with the account and the key that it has on a site."""

from __future__ import annotations

import base64
import json
import pathlib
import secrets
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/gitops/files"))

from lakehouse_gitops import __main__ as command
from lakehouse_gitops import checks
from lakehouse_gitops.flow import Flow
from lakehouse_gitops.gitea import Gitea
from lakehouse_gitops.settings import Repository, Settings

GOOD = "def test_it():\n    assert True\n"
BROKEN = "def test_it():\n    assert 1 == 2\n"


class Answering:
    """A Unix socket, each caller of which is answered by a function."""

    def __init__(self, path, answer):
        self.calls = 0
        self.answer = answer
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, dummy = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                request, content = json.loads(stream.readline()), stream.read()
                self.calls += 1
                connection.sendall(json.dumps({"problems": self.answer(request, content)}).encode())

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Site:
    """One repository, the flow that serves it, and a person who works in it."""

    def __init__(self, server, call, organization, tmp_path, **options):
        self.server, self.path = server, f"/repos/{organization}/jobs"
        self.folder = tmp_path
        for name in ("content/tests", "etc", "state", "root"):
            (tmp_path / name).mkdir(parents=True)
        (tmp_path / "content/tests/test_it.py").write_text(GOOD)
        key = tmp_path / "etc/deploy_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.user, password = "f" + secrets.token_hex(5), secrets.token_urlsafe(16)
        rule = {"branch": "main", "approvals": 0, "status_checks": ["lakehouse/check"], "settings": {"enable_push": options.pop("push", False)}}
        for module, wish in [
            ("gitea_user", {"name": self.user, "email": f"{self.user}@example.org", "user_password": password}),
            ("gitea_repository", {
                "organization": organization, "name": "jobs", "content_dir": str(tmp_path / "content"), "protections": [rule],
                "deploy_keys": [{"title": "flow", "key": key.with_suffix(".pub").read_text()}],
            }),
            ("gitea_team", {
                "organization": organization, "name": "flow", "permission": "write", "units": ["repo.code"], "repositories": ["jobs"],
                "members": [self.user],
            }),
        ]:  # fmt: skip
            assert not call(module, **wish).failed
        keys = subprocess.run(["ssh-keyscan", "-p", str(server.ssh_port), "127.0.0.1"], check=True, capture_output=True, text=True).stdout
        (tmp_path / "etc/known_hosts").write_text(keys)
        self.who = (self.user, password)
        self.settings = Settings(
            folder=tmp_path / "etc", state=tmp_path / "state", root=tmp_path / "root",
            repositories=[Repository(organization, "jobs", ["python", "tests"], sys.executable, **options)],
            gitea_url=server.url, gitea_user=self.user, ssh_host="127.0.0.1", ssh_port=server.ssh_port, trino_url="", trino_user="",
            check_socket=str(tmp_path / "check"), check_seconds=60, keep_releases=2, checked_with="tests",
        )  # fmt: skip
        self.sandbox = Answering(tmp_path / "check", self.check)

    def check(self, request, content):
        folder = self.folder / f"sandbox-{secrets.token_hex(4)}"
        folder.mkdir()
        return checks.check(request, content, folder)

    def run(self):
        return Flow(self.settings, Gitea(self.server.url, *self.who), None).run()

    def write(self, text, branch, name="tests/test_it.py", base="main"):
        """Commit a file to a branch, made of another if it is new; the commit."""
        body = {"content": base64.b64encode(text.encode()).decode(), "message": f"Write {name}", "branch": base}
        if branch != base:
            body["new_branch"] = branch
        status, file = self.server.api("GET", f"{self.path}/contents/{name}?ref={base}")
        if status == 200:
            body["sha"] = file["sha"]
        status, answer = self.server.api("PUT" if "sha" in body else "POST", f"{self.path}/contents/{name}", body)
        assert status in (200, 201), answer
        return answer["commit"]["sha"]

    def pull(self, branch):
        status, answer = self.server.api("POST", self.path + "/pulls", {"head": branch, "base": "main", "title": branch})
        assert status == 201
        return answer["number"]

    def merge(self, number):
        # Gitea looks at a request and at each push to it in the background, and until then merges nothing.
        for attempt in range(300):
            status, answer = self.server.api("POST", f"{self.path}/pulls/{number}/merge", {"Do": "merge"})
            if "try again" not in str(answer):
                return status
            time.sleep(0.1)
        raise TimeoutError(f"Gitea has not looked at pull request {number} in 30 s")

    def main(self):
        return self.server.api("GET", self.path + "/branches/main")[1]["commit"]["id"]

    def statuses(self, commit):
        """Each state that a commit had, the last first, by context."""
        found = {}
        for status in sorted(self.server.api("GET", f"{self.path}/commits/{commit}/statuses")[1], key=lambda item: -item["id"]):
            found.setdefault(status["context"], []).append((status["status"], status["description"]))
        return found

    def deployed(self):
        link = self.settings.root / "jobs"
        return link.readlink().name.removeprefix("jobs-") if link.is_symlink() else ""

    def record(self):
        return [json.loads(line) for line in (self.settings.state / "deployments.jsonl").read_text().splitlines()]


@pytest.fixture
def make_site(server, call, organization, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_path))
    monkeypatch.setattr(checks, "PYTHON", sys.executable)
    made = []

    def make_site(**options):
        made.append(Site(server, call, organization, tmp_path, **options))
        return made[0]

    yield make_site
    for site in made:
        site.sandbox.close()


@pytest.fixture
def site(make_site):
    return make_site()


class People:
    """Two who write and one who only reads; the last two are reviewers. All that they do is as themselves."""

    def __init__(self, site, call, organization):
        self.site, self.call, self.organization = site, call, organization
        self.names = {}
        for role in ("author", "colleague", "reader"):
            self.names[role] = (f"{role}-{secrets.token_hex(4)}", secrets.token_urlsafe(16))
            name, word = self.names[role]
            assert not call("gitea_user", name=name, email=f"{name}@example.org", user_password=word).failed
        for team, permission, roles in [("writers", "write", ("author", "colleague")), ("reviewers", "read", ("colleague", "reader"))]:
            members = [self.names[role][0] for role in roles]
            options = {"organization": organization, "permission": permission, "repositories": ["jobs"], "members": members}
            assert not call("gitea_team", name=team, **options).failed

    def review(self):
        """The rules and rights that the platform's own repositories have."""
        reads = {"name": "flow-reads", "permission": "read", "units": ["repo.pulls"], "repositories": ["jobs"], "members": [self.site.user]}
        assert not self.call("gitea_team", organization=self.organization, **reads).failed
        teams = {"enable_approvals_whitelist": True, "approvals_whitelist_teams": ["reviewers"], "enable_merge_whitelist": True,
                 "merge_whitelist_teams": ["writers"]}  # fmt: skip
        rule = {"branch": "main", "approvals": 1, "status_checks": ["lakehouse/check"], "settings": teams}
        assert not self.call("gitea_repository", organization=self.organization, name="jobs", protections=[rule]).failed

    def write(self, role, text, branch, base):
        """Commit to a branch; and have Gitea's own reference of its pull request, which follows in the background, be there."""
        body = {"content": base64.b64encode(text.encode()).decode(), "message": "Change", "branch": base}
        if branch != base:
            body["new_branch"] = branch
        body["sha"] = self.site.server.api("GET", f"{self.site.path}/contents/tests/test_it.py?ref={base}")[1]["sha"]
        status, answer = self.site.server.api("PUT", f"{self.site.path}/contents/tests/test_it.py", body, self.names[role])
        assert status == 200, answer
        return answer["commit"]["sha"]

    def pull(self, branch, dummy):
        status, answer = self.site.server.api("POST", self.site.path + "/pulls", {"head": branch, "base": "main", "title": "Change"}, self.names["author"])
        assert status == 201
        return answer["number"]

    def wait(self, number, head):
        for attempt in range(300):
            if any(head in event["body"] for event in self.site.server.api("GET", f"{self.site.path}/issues/{number}/timeline")[1]):
                return
            time.sleep(0.1)
        raise TimeoutError("Gitea has not heard of the push")

    def approve(self, role, number):
        status, answer = self.site.server.api("POST", f"{self.site.path}/pulls/{number}/reviews", {"event": "APPROVED", "body": "ok"}, self.names[role])
        return status == 200 and answer["official"]

    def merge(self, role, number):
        for attempt in range(300):
            status, answer = self.site.server.api("POST", f"{self.site.path}/pulls/{number}/merge", {"Do": "merge"}, self.names[role])
            if "try again" not in str(answer):
                return status
            time.sleep(0.1)
        raise TimeoutError(f"Gitea has not looked at pull request {number} in 30 s")


@pytest.fixture
def people(site, call, organization):
    return People(site, call, organization)


class TestFourEyes:
    @pytest.fixture
    def site(self, make_site, monkeypatch):
        monkeypatch.setattr(checks, "check", lambda *dummy: [])
        return make_site(approvals=1)

    def test_approved_by_a_reviewer_it_is_deployed(self, site, people):
        people.review()
        assert site.run()
        head = people.write("author", GOOD + "\n", "change", "main")
        number = people.pull("change", head)
        assert site.run() and people.merge("author", number) == 405
        assert not people.approve("author", number)
        assert people.merge("author", number) == 405
        assert people.approve("reader", number) and people.merge("author", number) == 200
        assert site.run() and site.deployed() == site.main() != head

    def test_by_who_pushed_last_it_is_merged_by_gitea_and_not_deployed_until_it_is_let_through(self, site, people):
        people.review()
        assert site.run()
        good = site.main()
        number = people.pull("change", people.write("author", GOOD + "\n", "change", "main"))
        people.wait(number, people.write("colleague", GOOD + "\n\n", "change", "change"))
        assert site.run()
        assert people.approve("colleague", number) and people.merge("author", number) == 200
        main = site.main()
        assert site.run() and site.deployed() == good
        state, words = site.statuses(main)["lakehouse/deploy"][0]
        assert state == "failure" and f"#{number} ({main[:12]}) was merged with 0 of 1 approvals" in words and f"gitops accept jobs {main}" in words
        assert site.record()[-1]["result"] == "refused"
        assert command.accept(site.settings, SimpleNamespace(repository="jobs", commit=main)) == 0
        assert site.run() and site.deployed() == main
        assert [entry["result"] for entry in site.record()[-2:]] == ["accepted", "deployed"]

    def test_a_status_of_somebody_else_brings_it_to_main_and_not_further(self, site, people):
        people.review()
        assert site.run()
        good = site.main()
        head = people.write("author", GOOD + "\n", "change", "main")
        number = people.pull("change", head)
        forged = {"context": "lakehouse/check", "state": "success"}
        assert site.server.api("POST", f"{site.path}/statuses/{head}", forged, people.names["author"])[0] == 201
        assert people.approve("reader", number) and people.merge("author", number) == 200
        assert site.run() and site.deployed() == good
        assert "its lakehouse/check is somebody else's" in site.statuses(site.main())["lakehouse/deploy"][0][1]
        # To take it back needs nobody here: it runs as it did.
        back = people.pull("back", people.write("author", GOOD, "back", "main"))
        assert site.run() and people.approve("reader", back) and people.merge("author", back) == 200
        assert site.run() and site.deployed() == site.main()

    def test_what_no_pull_request_brought_is_not_deployed(self, site, people):
        assert site.run()
        people.review()
        rule = {"branch": "main", "approvals": 0, "status_checks": [], "settings": {"enable_push": True}}
        assert not people.call("gitea_repository", organization=people.organization, name="jobs", protections=[rule]).failed
        good, pushed = site.main(), site.write(GOOD + "\n", "main")
        assert site.run() and site.deployed() == good
        assert f"{pushed[:12]} is no merge of a pull request" in site.statuses(pushed)["lakehouse/deploy"][0][1]


class TestDeploy:
    def test_main_is_deployed_told_and_recorded_once(self, site):
        assert site.run() and site.run()
        assert site.deployed() == site.main()
        assert (site.settings.root / "jobs/tests/test_it.py").read_text() == GOOD
        assert [state for state, dummy in site.statuses(site.main())["lakehouse/deploy"]] == ["success", "pending"]
        (entry,) = site.record()
        assert entry["result"] == "deployed" and entry["commit"] == site.main() and entry["author"] and entry["previous"] == ""
        assert site.sandbox.calls == 1

    def test_a_red_main_leaves_the_old_release_until_it_is_mended(self, make_site):
        site = make_site(push=True)
        site.run()
        good = site.main()
        red = site.write(BROKEN, "main")
        assert site.run() and site.run()
        assert site.deployed() == good and site.sandbox.calls == 2
        state, words = site.statuses(red)["lakehouse/deploy"][0]
        assert state == "failure" and words == "tests/test_it.py::test_it: assert 1 == 2"
        mended = site.write(GOOD, "main")
        assert site.run() and site.deployed() == mended
        assert [(entry["result"], entry["commit"]) for entry in site.record()] == [("deployed", good), ("refused", red), ("deployed", mended)]
        assert site.sandbox.calls == 2  # the tree is the one that was green before

    def test_without_the_sandbox_nothing_is_known_and_nothing_deployed(self, site):
        site.sandbox.close()
        pathlib.Path(site.settings.check_socket).unlink()
        assert not site.run() and not site.run()
        assert site.deployed() == ""
        assert [state for state, dummy in site.statuses(site.main())["lakehouse/deploy"]] == ["error", "pending"]
        site.sandbox = Answering(site.settings.check_socket, site.check)
        assert site.run() and site.deployed() == site.main()
        assert [entry["result"] for entry in site.record()] == ["unfinished", "deployed"]

    def test_a_server_with_another_key_is_not_asked(self, site):
        (site.settings.folder / "known_hosts").write_text("")
        assert not site.run() and site.deployed() == ""

    def test_what_follows_may_fail_and_then_the_old_release_is_back(self, make_site, tmp_path):
        site = make_site(push=True, after_socket=str(tmp_path / "after"))
        asked = []
        after = Answering(tmp_path / "after", lambda request, content: asked.append(request) or (["no"] if len(asked) == 2 else []))
        assert site.run()
        good = site.main()
        site.write(GOOD + "\n", "main")
        assert site.run() and site.deployed() == good
        assert asked[1] == {"repository": "jobs", "commit": site.main(), "path": str(site.settings.root / "jobs")}
        assert site.statuses(site.main())["lakehouse/deploy"][0] == ("failure", "no")
        after.close()
        third = site.write(GOOD + "\n\n", "main")
        assert not site.run() and site.deployed() == good  # nobody there to do it
        assert site.statuses(third)["lakehouse/deploy"][0][0] == "error"


class TestPull:
    def test_a_broken_change_is_refused_and_a_mended_one_merged_and_deployed(self, site):
        site.run()
        head = site.write(BROKEN, "change")
        number = site.pull("change")
        assert site.merge(number) == 405  # not checked yet
        assert site.run()
        assert site.statuses(head)["lakehouse/check"][0] == ("failure", "tests/test_it.py::test_it: assert 1 == 2")
        assert site.merge(number) == 405
        head = site.write(GOOD + "\n", "change", base="change")
        # The pull request's own reference follows in the background.
        for attempt in range(300):
            if site.server.api("GET", f"{site.path}/pulls/{number}")[1]["head"]["sha"] == head:
                break
            time.sleep(0.1)
        assert site.run()
        assert site.statuses(head)["lakehouse/check"][0][0] == "success"
        calls = site.sandbox.calls
        assert site.merge(number) == 200
        assert site.run() and site.deployed() == site.main() != head
        assert site.sandbox.calls == calls  # what was green is not checked again
        assert site.record()[-1]["author"] == site.server.admin  # who merged

    def test_what_cannot_be_merged_says_so(self, make_site):
        site = make_site(push=True)
        head = site.write("x = 1\n", "change")
        site.pull("change")
        site.write("x = 2\n", "main")
        assert site.run()
        assert site.statuses(head)["lakehouse/check"][0] == ("failure", "it conflicts with main: tests/test_it.py")

    @pytest.mark.parametrize("reads", [False, True])
    def test_the_flows_account_does_no_more_than_it_must(self, site, people, reads):
        if reads:
            people.review()
        site.write(GOOD + "\n", "change")
        number = site.pull("change")
        if not reads:
            assert site.server.api("GET", site.path + "/pulls", who=site.who)[0] == 404
        review = {"event": "APPROVED", "body": "ok"}
        status, answer = site.server.api("POST", f"{site.path}/pulls/{number}/reviews", review, site.who)
        assert status in (403, 404) or not answer["official"]
        assert site.server.api("POST", f"{site.path}/pulls/{number}/merge", {"Do": "merge"}, site.who)[0] in (403, 404, 405)
        file = {"branch": "main", "message": "x", "content": ""}
        assert site.server.api("POST", site.path + "/contents/x", file, site.who)[0] == 403
