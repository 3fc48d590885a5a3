# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays those who want something of the flow that they may not have: at its webhook, in its sandbox, and with its accounts.

Runs on the flow's host as root. Argument: what is expected, as JSON. Prints {"held": [...], "broken": [...]}; ends with 1 when something is
broken. Leaves nothing behind but a run of the flow, which the one good word starts.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import io
import json
import pathlib
import secrets
import socket
import ssl
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from base64 import b64encode

sys.path.insert(0, "/opt/datalake/gitops")

from lakehouse_gitops.git import Copy
from lakehouse_gitops.gitea import Straight
from lakehouse_gitops.settings import load

FLOW, LISTENER = pathlib.Path("/etc/datalake/gitops"), pathlib.Path("/etc/datalake/gitops-webhook")
SOCKET = "/run/gitops-check/socket"

# What the code of a pull request tries in the sandbox; each is a test that passes when it is refused.
INTRUDER = '''
import os
import pathlib
import shutil
import socket

import pytest

ADDRESS = ("%(address)s", %(port)d)


def test_it_has_no_network():
    with pytest.raises(OSError):
        socket.create_connection(ADDRESS, timeout=3)
    assert [name for dummy, name in socket.if_nameindex()] == ["lo"]


@pytest.mark.parametrize("path", ["/etc/datalake", "/etc/datalake/gitops/deploy_key", "/var/lib/datalake", "/var/lib/datalake/gitops/memory.json"])
def test_it_reads_nothing_of_the_platform(path):
    with pytest.raises(OSError):
        os.listdir(path) if os.path.isdir(path) else open(path).close()


@pytest.mark.parametrize(
    "path", ["/opt/lakehouse", "/opt/lakehouse/releases", "/opt/datalake", "/etc", "/usr/local/bin", "/var/log", "/home", "/tmp", "/var/tmp"]
)
def test_it_writes_nowhere(path):
    with pytest.raises(OSError):
        (pathlib.Path(path) / "verify").touch()


def test_its_files_have_an_end(tmp_path):
    with pytest.raises(OSError):
        for number in range(%(files_mib)d // 16 + 1):
            (tmp_path / str(number)).write_bytes(bytes(16 * 1024 * 1024))
    shutil.rmtree(tmp_path)


def test_it_sees_no_other_process():
    ours = {os.getpid(), os.getppid()}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in ours and os.stat("/proc/" + name).st_uid != os.getuid():
            with pytest.raises(OSError):
                open("/proc/%%s/environ" %% name, "rb").read()


def test_it_does_not_reach_into_who_checks_it():
    with pytest.raises(OSError):
        open("/proc/%%d/fd/1" %% os.getppid(), "wb")


def test_it_has_no_socket_of_others():
    for path in ("%(socket)s", "/run/dbus/system_bus_socket", "/run/systemd/private"):
        with pytest.raises(OSError):
            socket.socket(socket.AF_UNIX).connect(path)
'''


class Proof:
    def __init__(self):
        self.held, self.broken = [], []

    def that(self, holds, what):
        (self.held if holds else self.broken).append(what)


def say(wish, body=b"{}", method="POST", **headers):
    connection = http.client.HTTPSConnection(wish["fqdn"], wish["port"], context=ssl.create_default_context(), timeout=15)
    try:
        connection.request(method, "/", body=body, headers={"X-Gitea-" + name.capitalize(): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def prove_webhook(wish, proof):
    secret = (LISTENER / "secret").read_text().strip().encode()

    def sign(body, key=secret):
        return hmac.new(key, body, hashlib.sha256).hexdigest()

    def number():
        return "verify-" + secrets.token_hex(8)

    good = json.dumps({"repository": {"full_name": wish["repositories"][0]}, "verify": secrets.token_hex(8)}).encode()
    other = json.dumps({"repository": {"full_name": "verify/verify"}}).encode()
    delivery = number()
    proof.that(say(wish, None, "GET") == 405, "the webhook answers no GET")
    proof.that(say(wish, good, delivery=number()) == 401, "an unsigned webhook message is refused")
    proof.that(say(wish, good, delivery=number(), signature=sign(good, b"another")) == 401, "a webhook message with a wrong signature is refused")
    proof.that(say(wish, good + b" ", delivery=number(), signature=sign(good)) == 401, "a modified webhook message is refused")
    proof.that(say(wish, other, delivery=number(), signature=sign(other)) == 403, "a webhook message of another repository is refused")
    proof.that(say(wish, good, delivery=delivery, signature=sign(good)) == 202, "a signed webhook message is accepted")
    proof.that(say(wish, good, delivery=delivery, signature=sign(good)) == 409, "a replayed webhook message is refused")
    proof.that(say(wish, good, delivery=number(), signature=sign(good)) == 409, "a replayed webhook message with another delivery id is refused")
    with socket.create_connection((wish["fqdn"], wish["port"]), timeout=15) as plain:
        plain.sendall(b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
        try:
            spoke = plain.recv(64).startswith(b"HTTP")
        except ConnectionError:
            spoke = False
    proof.that(not spoke, "there is no answer without TLS")


def as_account(account, *command):
    return subprocess.run(["runuser", "-u", account, "--", *command], capture_output=True, text=True, timeout=60, check=False, cwd="/")


def prove_outsiders(wish, proof):
    secret_files = [FLOW / name for name in ("deploy_key", "gitea_password", "trino_password")]
    for account in [*wish["outsiders"], "gitops-webhook", "nobody"]:
        theirs = [LISTENER / "secret", LISTENER / "tls/server.key"] if account != "gitops-webhook" else []
        for path in secret_files + theirs:
            proof.that(path.exists() and as_account(account, "test", "-r", str(path)).returncode == 1, f"{account} does not read {path}")
        for path in [wish["root"], wish["root"] + "/releases", *(f"{wish['root']}/{name}" for name in wish["names"])]:
            proof.that(as_account(account, "test", "-w", path).returncode == 1, f"{account} does not write into {path}")
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect({SOCKET!r})"
        refused = as_account(account, "/usr/bin/python3", "-c", connect)
        proof.that("PermissionError" in refused.stderr, f"{account} does not reach the sandbox")
    for account in wish["outsiders"]:
        for name in wish["names"]:
            proof.that(as_account(account, "ls", f"{wish['root']}/{name}/").returncode == 0, f"{account} reads {name}")


def prove_sandbox(wish, proof, settings):
    def check(text):
        content = text.encode()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            member = tarfile.TarInfo("tests/test_verify.py")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        request = "{'checks': ['tests'], 'interpreter': sys.executable}"
        call = f"import sys; from lakehouse_gitops.sandbox import ask; print(ask(sys.argv[1], {request}, sys.stdin.buffer.read(), 120))"
        done = subprocess.run(
            ["runuser", "-u", "gitops", "--", "env", "PYTHONPATH=/opt/datalake/gitops", "/usr/bin/python3", "-P", "-c", call, SOCKET],
            input=archive.getvalue(), capture_output=True, timeout=180, check=False,
        )  # fmt: skip
        return (done.stdout or done.stderr).decode(errors="replace").strip()

    answer = check(INTRUDER % {"address": settings.ssh_host, "port": settings.ssh_port, "socket": SOCKET, "files_mib": wish["files_mib"]})
    said = "" if answer == "[]" else answer
    proof.that(not said, f"code in the sandbox has no network, reads no secret, and writes nothing that stays or has no end {said}".strip())
    answer = check("def test_it():\n    assert False\n")
    proof.that("test_it" in answer, "a tree that fails is not green")


def prove_accounts(wish, proof, settings):
    """What the flow's own key and account cannot do either."""
    repository = settings.repositories[0]
    copy = Copy(settings, repository)
    branch = "refs/heads/verify-" + secrets.token_hex(4)
    variables = [f"{name}={value}" for name, value in copy.environment.items()]
    push = as_account("gitops", "env", *variables, "git", "--git-dir", str(copy.folder), "push", copy.url, f"refs/heads/{repository.branch}:{branch}")
    proof.that(push.returncode != 0 and "read" in push.stderr.lower() or "denied" in push.stderr.lower(), "the deploy key does not write")
    stranger = [variable for variable in variables if not variable.startswith("GIT_SSH_COMMAND")]
    unpinned = copy.environment["GIT_SSH_COMMAND"].replace(str(settings.folder / "known_hosts"), "/dev/null")
    other = as_account("gitops", "env", *stranger, f"GIT_SSH_COMMAND={unpinned}", "git", "ls-remote", copy.url)
    proof.that("host key" in other.stderr.lower(), "a server with an unknown host key is refused")
    path = f"{settings.gitea_url}/api/v1/repos/{repository.full_name}"
    who = "Basic " + b64encode(f"{settings.gitea_user}:{settings.secret('gitea_password')}".encode()).decode()
    file = json.dumps({"branch": repository.branch, "message": "x", "content": ""}).encode()
    for method, address, data, what in [
        ("POST", path + "/contents/verify.txt", file, "write to main"),
        ("PATCH", path, b"{}", "change the repository"),
        ("POST", path + "/hooks", b"{}", "make webhooks"),
    ]:
        request = urllib.request.Request(address, data, {"Authorization": who, "Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.build_opener(Straight).open(request, timeout=30) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        proof.that(status in (403, 404), f"the GitOps account in Gitea does not {what} ({status})")


def main():
    wish = json.loads(sys.argv[1])
    settings = load(FLOW / "gitops.json")
    proof = Proof()
    for unit in ("gitops.timer", "gitops.path", "gitops-check.socket", "gitops-webhook.service"):
        active = subprocess.run(["systemctl", "--quiet", "is-active", unit], check=False)
        proof.that(active.returncode == 0, f"{unit} is active")
    shown = subprocess.run(["/usr/local/bin/gitops", "status"], capture_output=True, text=True, check=False)
    proof.that(shown.returncode == 0, f"every repository has a release {shown.stdout if shown.returncode else ''}".strip())
    prove_webhook(wish, proof)
    prove_outsiders(wish, proof)
    prove_sandbox(wish, proof, settings)
    prove_accounts(wish, proof, settings)
    json.dump({"held": proof.held, "broken": proof.broken}, sys.stdout)
    sys.exit(1 if proof.broken else 0)


if __name__ == "__main__":
    main()
