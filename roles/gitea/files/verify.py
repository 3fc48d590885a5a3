# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays people at Gitea: what a stranger sees, and how a change comes to a protected branch.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...]}; ends with 1 when something is broken.
It works in an organisation of its own, whose protection is that of the site's first repository, and removes it at the end. What a proof
that was killed has left goes at the next one's beginning.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from urllib.parse import quote, urlsplit

from proof import Server, run, speaks_plainly

RULES = [
    "enable_push", "enable_force_push", "required_approvals", "enable_status_check", "status_check_contexts",
    "block_on_rejected_reviews", "dismiss_stale_approvals", "block_admin_merge_override",
]

# No proof takes so long, so that one which runs meanwhile keeps what it has made.
LEFT_AFTER = datetime.timedelta(hours=1)


def prove_strangers(server, wish, admin, proof):
    proof.that("/user/login" in server.ask("GET", "/explore/repos").url, "an anonymous request is redirected to the login page")
    styles = re.findall(r'href="([^"]+[.]css[^"]*)"', server.ask("GET", "/user/login").text)
    sizes = [len(server.ask("GET", urlsplit(style).path).text) for style in styles]
    proof.that(sum(sizes) > 100000, "its pages have their styles")
    for name in wish["repositories"][:1]:
        page = server.ask("GET", "/" + name)
        proof.that("/user/login" in page.url or page.status == 404, "anonymous access to a repository's page is refused")
        proof.that(server.status("GET", "/repos/" + name) in (401, 403, 404), "anonymous access to a repository through the API is refused")
    proof.that(server.status("GET", "/repos/search") in (401, 403), "anonymous clients cannot list repositories")
    proof.that(server.status("GET", "/users/search") in (401, 403), "anonymous clients cannot list users")
    proof.that(server.status("GET", "/user", (wish["username"], "wrong")) == 401, "a wrong password is refused")
    name = "stranger" + secrets.token_hex(3)
    word = secrets.token_urlsafe(16)
    form = {"user_name": name, "email": name + "@example.org", "password": word, "retype": word}
    server.ask("POST", "/user/sign_up", form=form)
    proof.that(server.status("GET", "/users/" + name, admin) == 404, "nobody can register")
    page = server.ask("GET", "/install")
    proof.that("install" not in page.text.lower() or page.status == 404 or "db_type" not in page.text, "the installer is closed")
    proof.that(not speaks_plainly(server.url), "there is no answer without TLS")
    version = server.api("GET", "/version", admin)["version"].split("+")[0]
    proof.that(version == wish["version"], "the version is %s (it is %s)" % (wish["version"], version))


class Git:
    """One person's git, over SSH or HTTPS."""

    def __init__(self, folder, server, wish, who):
        self.folder = os.path.join(folder, who[0])
        os.mkdir(self.folder)
        self.key = os.path.join(self.folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who[0], "-f", self.key], check=True)
        helper = os.path.join(self.folder, "askpass")
        with open(helper, "w", encoding="utf-8") as stream:
            stream.write("#!/bin/sh\nprintenv VERIFY_PASSWORD\n")
        os.chmod(helper, 0o700)
        ssh = "ssh -i %s -p %d -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=%s/known"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSL_CAINFO": wish["ca_path"],
            "GIT_ASKPASS": helper,
            "GIT_TERMINAL_PROMPT": "0",
            "VERIFY_PASSWORD": who[1],
            "GIT_SSH_COMMAND": ssh % (self.key, wish["ssh_port"], self.folder),
            "GIT_AUTHOR_NAME": who[0], "GIT_AUTHOR_EMAIL": who[0] + "@example.org",
            "GIT_COMMITTER_NAME": who[0], "GIT_COMMITTER_EMAIL": who[0] + "@example.org",
        }
        host = urlsplit(server.url)
        self.by_ssh = "git@%s:%%s.git" % host.hostname
        self.by_https = "https://%s@%s/%%s.git" % (quote(who[0]), host.netloc)

    def __call__(self, *arguments):
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        self.said = done.stderr
        return done.returncode == 0

    def refused(self, *arguments):
        """Whether the branch's protection refused it, and not a mistake on the way there."""
        return not self(*arguments) and ("protected" in self.said or "cannot be deleted" in self.said)

    def public_key(self):
        with open(self.key + ".pub", encoding="utf-8") as stream:
            return stream.read().strip()


def rules_of(server, wish, admin):
    """The protection of the first repository that has one."""
    for name in wish["repositories"]:
        for rule in server.api("GET", "/repos/%s/branch_protections" % name, admin):
            if rule["rule_name"] == "main":
                return {key: rule[key] for key in RULES}
    return None


def remove_leftovers(server, admin, before):
    """People come first and go last in a proof, so that whatever a killed one has left is told by them."""
    people = [user for user in server.api("GET", "/users/search?q=verify-&limit=50", admin)["data"]
              if re.fullmatch(r"verify-[0-9a-f]{8}-[0-9]", user["login"]) and datetime.datetime.fromisoformat(user["created"]) < before]
    for mark in {user["login"].rpartition("-")[0] for user in people}:
        for path in ("/repos/%s/proof" % mark, "/orgs/" + mark):
            server.status("DELETE", path, admin)  # not there, where the proof had not come so far
    for user in people:
        server.api("DELETE", "/admin/users/%s?purge=true" % user["login"], admin)


def prove_review(server, wish, admin, proof, rules, undo):
    """One author, as many reviewers as approvals are needed, and a change on its way to main."""
    mark = "verify-" + secrets.token_hex(4)
    people = [("%s-%d" % (mark, number), secrets.token_urlsafe(24)) for number in range(1 + min(rules["required_approvals"], 5))]
    author, reviewers = people[0], people[1:]
    for name, word in people:
        body = {"username": name, "email": name + "@example.org", "password": word, "must_change_password": False}
        server.api("POST", "/admin/users", admin, body)
        undo.callback(server.api, "DELETE", "/admin/users/%s?purge=true" % name, admin)
    server.api("POST", "/orgs", admin, {"username": mark, "visibility": "private"})
    undo.callback(server.api, "DELETE", "/orgs/" + mark, admin)
    repo = "%s/proof" % mark
    new = {"name": "proof", "private": True, "auto_init": True, "readme": "Default", "default_branch": "main"}
    server.api("POST", "/orgs/%s/repos" % mark, admin, new)
    undo.callback(server.api, "DELETE", "/repos/" + repo, admin)
    server.api("POST", "/repos/%s/branch_protections" % repo, admin, dict(rules, rule_name="main"))
    team = {"name": "writers", "permission": "write", "includes_all_repositories": True, "units": ["repo.code", "repo.pulls"]}
    team = server.api("POST", "/orgs/%s/teams" % mark, admin, team)
    folder = undo.enter_context(tempfile.TemporaryDirectory())
    git = Git(folder, server, wish, author)
    stranger = people[-1]
    proof.that(server.status("GET", "/repos/" + repo, author) in (403, 404), "a user without a team cannot see the repository")
    for name, word in people:
        server.api("PUT", "/teams/%d/members/%s" % (team["id"], name), admin)

    proof.that(not git("clone", "-q", git.by_ssh % repo, "early"), "an unknown SSH key is refused")
    server.api("POST", "/user/keys", author, {"title": "verify", "key": git.public_key()})
    proof.that(git("clone", "-q", git.by_ssh % repo, "work"), "git clones over SSH")
    proof.that(git("clone", "-q", git.by_https % repo, "other"), "git clones over HTTPS")
    with open(os.path.join(git.folder, "work", "change.txt"), "w", encoding="utf-8") as stream:
        stream.write("change\n")
    git("-C", "work", "add", "change.txt")
    git("-C", "work", "commit", "-q", "-m", "Change")
    broken_before = len(proof.broken)
    proof.that(git.refused("-C", "work", "push", "-q", "origin", "HEAD:main"), "a push to main is refused over SSH")
    proof.that(git.refused("-C", "work", "push", "-q", git.by_https % repo, "HEAD:main"), "a push to main is refused over HTTPS")
    proof.that(git.refused("-C", "work", "push", "-q", "--force", "origin", "HEAD:main"), "a forced push to main is refused")
    proof.that(git.refused("-C", "work", "push", "-q", "origin", ":main"), "main cannot be deleted")
    file = {"branch": "main", "message": "x", "content": b64encode(b"x").decode()}
    proof.that(server.status("POST", "/repos/%s/contents/x.txt" % repo, admin, file) >= 400, "not even the administrator writes to main")
    if len(proof.broken) > broken_before:
        return  # what main has taken is no change that could be proposed
    proof.that(git("-C", "work", "push", "-q", "origin", "HEAD:change"), "a branch can be pushed")

    pull = server.api("POST", "/repos/%s/pulls" % repo, author, {"head": "change", "base": "main", "title": "Change"})
    path = "/repos/%s/pulls/%d" % (repo, pull["number"])

    def merge(who):
        """Status and text of an attempt. Gitea checks a pull request in the background, and until then refuses to merge it for that alone."""
        for attempt in range(120):
            if server.api("GET", path, author)["mergeable"]:
                answer = server.ask("POST", "/api/v1%s/merge" % path, who, {"Do": "merge"})
                if "try again" not in answer.text:
                    return answer.status, answer.text[:200]
            time.sleep(0.5)
        return 0, "after a minute Gitea still has not checked whether the pull request can be merged"

    def report(state):
        for context in rules["status_check_contexts"]:
            body = {"state": state, "context": context.replace("*", "verify")}
            server.api("POST", "/repos/%s/statuses/%s" % (repo, pull["head"]["sha"]), author, body)

    if reviewers:
        report("success")
        proof.that(merge(author)[0] == 405, "an unapproved pull request cannot be merged")
        proof.that(merge(admin)[0] == 405, "not by the administrator either")
        for reviewer in reviewers:
            server.api("POST", path + "/reviews", reviewer, {"event": "APPROVED", "body": "ok"})
    if rules["enable_status_check"]:
        report("failure")
        proof.that(merge(stranger)[0] == 405, "a pull request with a failed check cannot be merged")
        report("success")
    status, text = merge(stranger)
    proof.that(200 <= status < 300, "an approved pull request with passed checks is merged (%d %s)" % (status, text))


def prove(wish, proof):
    server = Server(wish["url"], wish["ca_path"])
    admin = (wish["username"], wish["password"])
    remove_leftovers(server, admin, datetime.datetime.now(datetime.timezone.utc) - LEFT_AFTER)
    prove_strangers(server, wish, admin, proof)
    rules = rules_of(server, wish, admin)
    with contextlib.ExitStack() as undo:
        if rules:
            prove_review(server, wish, admin, proof, rules, undo)


if __name__ == "__main__":
    sys.exit(run(prove, subprocess.SubprocessError))
