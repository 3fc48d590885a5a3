# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module on a real server: made, kept, changed by others and mended; what is named no more goes, what others made stays."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import http.server
import importlib.util
import json
import pathlib
import secrets
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


class TestAdmin:
    def test_a_new_password_is_taken_over_and_the_token_is_gone(self, server, call, administrator):
        old = server.password
        assert call("gitea_admin", **administrator)["changed"] is False
        new = secrets.token_urlsafe(24)
        foreseen = call("gitea_admin", check=True, **dict(administrator, password=new))
        assert foreseen["changed"] and foreseen["created"] is False
        assert server.api("GET", "/user")[0] == 200
        assert call("gitea_admin", **dict(administrator, password=new))["diff"] == foreseen["diff"]
        server.password = new
        assert server.api("GET", "/user", who=(server.admin, old))[0] == 401
        assert server.api("GET", f"/users/{server.admin}/tokens") == (200, [])

    def test_a_wrong_password_is_said_by_the_others(self, server, call):
        outcome = call("gitea_organization", name="nobody", password="wrong-password")
        assert outcome.failed and "does not let" in outcome["msg"]

    def test_no_server_is_said(self, server, call):
        outcome = call("gitea_organization", name="nobody", url="https://127.0.0.1:9")
        assert outcome.failed and "cannot be reached" in outcome["msg"]


class TestUser:
    def test_made_with_a_key_and_mended(self, server, twice, name, key):
        mine, theirs = key(), key("theirs")
        options = {"name": name, "email": f"{name}@example.org", "full_name": "Some Body", "user_password": secrets.token_urlsafe(16), "keys": [mine]}
        assert twice("gitea_user", **options)["changed"]
        assert server.api("GET", "/user", who=(name, options["user_password"]))[0] == 200
        assert server.api("POST", "/user/keys", {"title": "theirs", "key": theirs}, (name, options["user_password"]))[0] == 201
        assert server.api("PATCH", f"/admin/users/{name}", {"login_name": name, "source_id": 0, "full_name": "Other", "admin": True})[0] == 200
        diff = twice("gitea_user", **options)["diff"]
        assert diff["before"]["full_name"] == "Other" and diff["before"]["is_admin"] is True and diff["after"]["is_admin"] is False
        assert len(server.api("GET", f"/users/{name}/keys")[1]) == 2
        assert twice("gitea_user", **dict(options, keys=[]))["changed"]
        assert [held["title"] for held in server.api("GET", f"/users/{name}/keys")[1]] == ["theirs"]
        assert twice("gitea_user", **dict(options, keys=[theirs]))["changed"]
        assert not twice("gitea_user", **{option: value for option, value in options.items() if option != "keys"})["changed"]
        assert len(server.api("GET", f"/users/{name}/keys")[1]) == 1

    def test_a_password_is_written_or_left_to_the_person(self, server, twice, name):
        first, second = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        assert twice("gitea_user", name=name, email=f"{name}@example.org", user_password=first)["changed"]
        assert not twice("gitea_user", name=name, user_password=second, update_password="on_create")["changed"]
        assert twice("gitea_user", name=name, user_password=second)["changed"]
        assert server.api("GET", "/user", who=(name, second))[0] == 200

    def test_locked_out_and_let_in(self, server, twice, name):
        word = secrets.token_urlsafe(16)
        twice("gitea_user", name=name, email=f"{name}@example.org", user_password=word)
        assert twice("gitea_user", name=name, user_password=word, active=False)["changed"]
        assert server.api("GET", "/user", who=(name, word))[0] in (401, 403)
        assert twice("gitea_user", name=name, user_password=word)["changed"]
        assert server.api("GET", "/user", who=(name, word))[0] == 200

    def test_who_is_named_no_more_is_locked_out(self, server, twice, name):
        word = secrets.token_urlsafe(16)
        twice("gitea_user", name=name, email=f"{name}@example.org", user_password=word)
        others = [user["login"] for user in server.api("GET", "/admin/users?limit=50")[1] if user["login"] != name]
        assert not twice("gitea_lockout", keep=[*others, name.upper()])["changed"]
        assert not twice("gitea_lockout", keep=others, keep_prefixes=[name[:3]])["changed"]
        assert twice("gitea_lockout", keep=others)["locked"] == [name]
        assert server.api("GET", "/user", who=(name, word))[0] in (401, 403)
        assert server.api("GET", "/user")[0] == 200

    def test_a_new_one_needs_an_address(self, server, call, name):
        assert "needs an email" in call("gitea_user", name=name)["msg"]


class TestOrganization:
    def test_made_and_mended(self, server, twice, name):
        options = {"name": name, "full_name": "Example", "description": "Of tests"}
        assert twice("gitea_organization", **options)["changed"]
        changes = {"full_name": "Other", "description": "Of tests", "location": "Natal", "visibility": "public"}
        assert server.api("PATCH", f"/orgs/{name}", changes)[0] == 200
        diff = twice("gitea_organization", **options)["diff"]
        assert diff["before"] == {"full_name": "Other", "description": "Of tests", "visibility": "public"}
        assert server.api("GET", f"/orgs/{name}")[1]["location"] == "Natal"


class TestTeam:
    @pytest.mark.parametrize("permission", ["read", "write", "admin"])
    def test_made_and_mended_and_no_others(self, server, twice, organization, permission):
        for repository in ("one", "two"):
            server.api("POST", f"/orgs/{organization}/repos", {"name": repository, "private": True})
        people = ["p" + secrets.token_hex(4) for dummy in range(2)]
        for person in people:
            twice("gitea_user", name=person, email=f"{person}@example.org")
        options = {"organization": organization, "name": "team", "permission": permission, "repositories": ["one"], "members": [people[0]]}
        assert twice("gitea_team", **options)["changed"]
        team = next(team for team in server.api("GET", f"/orgs/{organization}/teams")[1] if team["name"] == "team")
        assert set(team["units_map"].values()) >= {permission}
        server.api("PUT", f"/teams/{team['id']}/members/{people[1]}")
        server.api("DELETE", f"/teams/{team['id']}/members/{people[0]}")
        server.api("PUT", f"/teams/{team['id']}/repos/{organization}/two")
        server.api("PATCH", f"/teams/{team['id']}", {"name": "team", "can_create_org_repo": True})
        diff = twice("gitea_team", **options)["diff"]
        assert diff["before"]["members"] == [people[1]] and diff["before"]["can_create_org_repo"] is True
        assert diff["before"]["repositories"] == ["one", "two"]
        assert [member["login"] for member in server.api("GET", f"/teams/{team['id']}/members")[1]] == [people[0]]
        assert [held["name"] for held in server.api("GET", f"/teams/{team['id']}/repos")[1]] == ["one"]
        assert not twice("gitea_team", organization=organization, name="team", permission=permission)["changed"]

    def test_a_permission_on_some_units_alone(self, server, twice, organization):
        options = {"organization": organization, "name": "statuses", "permission": "write", "all_repositories": True}
        assert twice("gitea_team", **options, units=["repo.code"])["changed"]
        units = server.api("GET", f"/orgs/{organization}/teams/search?q=statuses")[1]["data"][0]["units_map"]
        assert units["repo.code"] == "write" and units.get("repo.pulls", "none") == "none"

    def test_all_repositories(self, server, twice, organization):
        assert twice("gitea_team", organization=organization, name="all", permission="read", all_repositories=True)["changed"]

    def test_an_organisation_that_is_not_there_is_said(self, server, call, name):
        assert "does not exist" in call("gitea_team", organization=name, name="team", permission="read")["msg"]


class TestRepository:
    @pytest.fixture
    def content(self, tmp_path):
        folder = tmp_path / "content"
        (folder / "dags").mkdir(parents=True)
        (folder / "README.md").write_text("# Olá\n")
        (folder / "dags/.gitkeep").write_text("")
        return folder

    @pytest.fixture
    def options(self, organization, content, key):
        return {
            "organization": organization,
            "name": "jobs",
            "description": "Jobs",
            "settings": {"default_delete_branch_after_merge": True},
            "content_dir": str(content),
            "protections": [{"branch": "main", "approvals": 2, "status_checks": ["check", "a/b"]}],
            "webhooks": [
                {
                    "url": "https://127.0.0.1:9/hook",
                    "secret": secrets.token_hex(20),
                    "branch_filter": "main",
                    "events": ["push", "pull_request_only", "pull_request_sync"],
                }
            ],
            "deploy_keys": [{"title": "deploy", "key": key()}],
        }

    def test_made_with_its_first_commit(self, server, twice, options, organization):
        assert twice("gitea_repository", **options)["changed"]
        path = f"/repos/{organization}/jobs"
        assert base64.b64decode(server.api("GET", path + "/contents/README.md")[1]["content"]).decode() == "# Olá\n"
        assert server.api("GET", path + "/contents/dags/.gitkeep")[0] == 200
        assert len(server.api("GET", path + "/commits")[1]) == 1
        rule = server.api("GET", path + "/branch_protections/main")[1]
        assert rule["required_approvals"] == 2 and rule["status_check_contexts"] == ["a/b", "check"] and rule["block_admin_merge_override"]
        assert server.api("GET", path)[1]["private"] is True
        assert server.api("POST", path + "/contents/x", {"branch": "main", "message": "x", "content": ""})[0] == 403

    def test_what_is_in_it_stays(self, server, twice, options, organization):
        twice("gitea_repository", **dict(options, protections=[]))
        path = f"/repos/{organization}/jobs/contents/README.md"
        sha = server.api("GET", path)[1]["sha"]
        change = {"branch": "main", "message": "x", "content": base64.b64encode(b"mine").decode(), "sha": sha}
        assert server.api("PUT", path, change)[0] == 200
        assert not twice("gitea_repository", **dict(options, protections=[]))["changed"]
        assert base64.b64decode(server.api("GET", path)[1]["content"]) == b"mine"

    def test_drift_is_mended_and_what_is_not_named_goes(self, server, twice, options, organization, key):
        twice("gitea_repository", **options)
        path = f"/repos/{organization}/jobs"
        assert server.api("PATCH", path, {"description": "Other", "private": False})[0] == 200
        assert server.api("PATCH", path + "/branch_protections/main", {"required_approvals": 0, "enable_push": True})[0] == 200
        assert server.api("POST", path + "/branch_protections", {"rule_name": "release/*"})[0] == 201
        hook = server.api("GET", path + "/hooks")[1][0]
        assert server.api("PATCH", f"{path}/hooks/{hook['id']}", {"active": False})[0] == 200
        theirs = {"type": "gitea", "active": True, "events": ["push"], "config": {"url": "https://127.0.0.1:9/theirs", "content_type": "json"}}
        assert server.api("POST", path + "/hooks", theirs)[0] == 201
        deploy = server.api("GET", path + "/keys")[1][0]
        assert server.api("DELETE", f"{path}/keys/{deploy['id']}")[0] == 204
        assert server.api("POST", path + "/keys", {"title": "deploy", "key": key(), "read_only": False})[0] == 201
        assert server.api("POST", path + "/keys", {"title": "theirs", "key": key(), "read_only": True})[0] == 201

        diff = twice("gitea_repository", **options)["diff"]
        assert diff["before"]["settings"]["description"] == "Other"
        assert diff["before"]["protections"]["main"]["enable_push"] is True
        assert sorted(hook["active"] for hook in diff["before"]["webhooks"]) == [False, True]
        assert diff["before"]["deploy_keys"]["deploy"]["read_only"] is False
        assert {rule["rule_name"] for rule in server.api("GET", path + "/branch_protections")[1]} == {"main", "release/*"}
        assert len(server.api("GET", path + "/hooks")[1]) == 1
        assert {key["title"]: key["read_only"] for key in server.api("GET", path + "/keys")[1]} == {"deploy": True}
        left_out = {option: value for option, value in options.items() if option not in ("webhooks", "deploy_keys")}
        assert not twice("gitea_repository", **left_out)["changed"]
        assert twice("gitea_repository", **dict(options, webhooks=[], deploy_keys=[]))["changed"]
        assert server.api("GET", path + "/hooks")[1] == server.api("GET", path + "/keys")[1] == []

    def test_another_secret_is_another_hook(self, server, twice, options):
        twice("gitea_repository", **options)
        options["webhooks"][0]["secret"] = secrets.token_hex(20)
        diff = twice("gitea_repository", **options)["diff"]
        assert options["webhooks"][0]["secret"] not in json.dumps(diff)

    def test_deliveries_are_signed_and_know_no_fragment(self, server, twice, options, organization):
        """The secret given is the one that signs; the fragment that tells secrets apart is not sent."""
        seen = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen.append((self.path, self.headers["X-Gitea-Signature"], body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words):
                pass

        receiver = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        hook = dict(options["webhooks"][0], url=f"http://127.0.0.1:{receiver.server_port}/deploy")
        twice("gitea_repository", **dict(options, protections=[], webhooks=[hook]))
        made = server.api("GET", f"/repos/{organization}/jobs/hooks")[1][0]
        assert server.api("POST", f"/repos/{organization}/jobs/hooks/{made['id']}/tests")[0] == 204
        for attempt in range(100):
            if seen:
                break
            time.sleep(0.1)
        receiver.shutdown()
        path, signature, body = seen[0]
        assert path == "/deploy"
        assert signature == hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()

    def test_an_organisation_that_is_not_there_is_said(self, server, call, options):
        assert "404" in call("gitea_repository", **dict(options, organization="nobody-has-this"))["msg"]


class TestVerify:
    """The role's own proof holds, finds a fault when there is one, and leaves nothing behind."""

    @pytest.fixture
    def verify(self, server, twice, organization):
        twice("gitea_repository", organization=organization, name="jobs", protections=[{"branch": "main", "approvals": 1, "status_checks": ["check"]}])

        def verify():
            wish = {
                "url": server.url, "ssh_port": server.ssh_port, "ca_path": str(server.ca_path), "version": "1.24.6",
                "username": server.admin, "password": server.password, "repositories": [f"{organization}/jobs"],
            }
            run = [sys.executable, ROOT / "roles/gitea/files/verify.py"]
            done = subprocess.run(run, input=json.dumps(wish), capture_output=True, text=True, check=False)
            assert done.stdout, done.stderr
            return json.loads(done.stdout)

        return verify

    def test_holds_and_cleans_up(self, server, verify):
        result = verify()
        assert result["broken"] == [] and len(result["held"]) > 20
        assert not [user for user in server.api("GET", "/admin/users?limit=50")[1] if user["login"].startswith("verify-")]
        assert not [one for one in server.api("GET", "/admin/orgs?limit=50")[1] if one["username"].startswith("verify-")]

    def test_what_a_killed_proof_left_goes_when_it_is_old(self, server):
        spec = importlib.util.spec_from_file_location("gitea_verify", ROOT / "roles/gitea/files/verify.py")
        proof = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(proof)

        def there():
            return [server.api("GET", path)[0] for path in ("/users/verify-0123abcd-0", "/orgs/verify-0123abcd", "/repos/verify-0123abcd/proof")]

        for name in ("verify-0123abcd-0", "verify-a-person"):
            body = {"username": name, "email": name + "@example.org", "password": secrets.token_urlsafe(24)}
            assert server.api("POST", "/admin/users", body)[0] == 201
        assert server.api("POST", "/orgs", {"username": "verify-0123abcd"})[0] == 201
        assert server.api("POST", "/orgs/verify-0123abcd/repos", {"name": "proof"})[0] == 201
        now, admin = datetime.datetime.now(datetime.timezone.utc), (server.admin, server.password)
        gitea = proof.Server(server.url, str(server.ca_path))
        proof.remove_leftovers(gitea, admin, now - proof.LEFT_AFTER)
        assert there() == [200, 200, 200]
        proof.remove_leftovers(gitea, admin, now + datetime.timedelta(minutes=1))
        assert there() == [404, 404, 404]
        assert server.api("GET", "/users/verify-a-person")[0] == 200
        assert server.api("DELETE", "/admin/users/verify-a-person?purge=true")[0] == 204

    def test_finds_what_is_open(self, server, verify, organization):
        server.api("PATCH", f"/repos/{organization}/jobs/branch_protections/main", {"enable_push": True, "required_approvals": 0})
        assert any("push to main" in what for what in verify()["broken"])
