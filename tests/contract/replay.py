# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the recorded calls, in their order, against the lab's API with containers in memory."""

from __future__ import annotations

import hashlib
import re

from lab.pve.backends.memory import MemoryBackend
from lab.pve.node import LOCAL
from lab.pve.testing import PveServer
from tests.contract import between, left_out, official, reference
from tests.contract.client import Client, ticket_headers, token_headers
from tests.contract.compare import UPID, Comparison

TEMPLATE = "debian-12-standard_12.0-1_amd64.tar.zst"
PASSWORD = "recorded-password"
UPID_IN_PATH = re.compile(r"UPID:[^/]+")


class Replay:
    """`differences` by id after `run`; `skipped` by id with the reason."""

    def __init__(self, interactions):
        self.interactions = interactions
        self.comparison = Comparison()
        self.differences = {}
        self.skipped = {}
        self.against_schema = {}
        self.tolerated = set()
        self.secrets = {}
        checksum = next(recorded["params"]["checksum"] for recorded in interactions if recorded["id"] == "storage-034")
        self.comparison.digests[checksum] = hashlib.sha256(between.TINY).hexdigest()

    def run(self, until=None):
        backend = MemoryBackend()
        with PveServer(backend, template=TEMPLATE, storages={"local": dict(LOCAL)}, lock_timeout=5) as self.pve:
            self.node, self.backend = self.pve.node, backend
            self.client = Client(self.pve)
            self.node.fetch = between.fetch
            self.node.appliances = between.appliances(self.interactions)
            for recorded in self.interactions:
                self.one(recorded)
                if recorded["id"] == until:
                    break
            self.client.close()
        return self

    def one(self, recorded):
        identifier = recorded["id"]
        between.before(self, identifier)
        reason = left_out.reason(identifier)
        if reason:
            self.skipped[identifier] = reason
            return
        answer = self.client.call(recorded["method"], self.path(recorded), self.params(recorded),
                                  {**self.headers(recorded), **recorded.get("headers", {})}, recorded.get("rawbody"))
        found = []
        if (answer.status, answer.reason) != (recorded["status"], recorded["reason"]):
            found.append("%d %s, not %d %s" % (answer.status, answer.reason, recorded["status"], recorded["reason"]))
        found += self.comparison.differences(recorded["body"], answer.body)
        found += self.end_of_task(recorded, answer)
        self.check_against_schema(recorded, answer)
        for text in list(found):
            tolerated = left_out.expected(identifier, text)
            if tolerated:
                self.tolerated.add(tolerated)
                found.remove(text)
        if found:
            self.differences[identifier] = found
        self.keep_secret(recorded, answer)
        between.after(self, identifier)

    # ---- from the recording to our request

    def path(self, recorded):
        return UPID_IN_PATH.sub(lambda match: self.our_upid(match[0]), recorded["path"])

    def our_upid(self, text):
        """The UPID that stands for a recorded one; for one that no recorded call returned, our latest of its kind."""
        match = UPID.match(text)
        if not match:
            return text
        upid = match[0]
        if upid not in self.comparison.upids:
            taken = set(self.comparison.upids.values())
            ours = [candidate for candidate in self.node.tasks.tasks if candidate not in taken
                    and UPID.fullmatch(candidate).groups() == match.groups()]
            if not ours:
                return text
            self.comparison.upids[upid] = ours[-1]
        return text.replace(upid, self.comparison.upids[upid])

    def params(self, recorded):
        params = recorded["params"]
        pairs = params if isinstance(params, list) else list(params.items())
        return [(name, self.value(recorded, name, value)) for name, value in pairs]

    def value(self, recorded, name, value):
        if value == "<password>":
            return self.pve.root_password if recorded["params"].get("username") == "root@pam" else PASSWORD
        if value == "<ticket>":
            return self.node.tickets.make("root@pam")
        return self.comparison.translate(value)

    def headers(self, recorded):
        kind = recorded["auth"]
        token = re.fullmatch(r"token (\S+!\S+)", kind)
        if token:
            return token_headers(token[1], self.secrets[token[1]])
        ticket = re.fullmatch(r"ticket (\S+@\S+)", kind)
        if ticket:
            return ticket_headers(self.node, ticket[1])
        return between.odd_credentials(self, kind)

    def keep_secret(self, recorded, answer):
        if answer.status == 200 and isinstance(answer.body, dict) and isinstance(answer.data, dict):
            if "full-tokenid" in answer.data:
                self.secrets[answer.data["full-tokenid"]] = answer.data["value"]

    # ---- after the call

    def check_against_schema(self, recorded, answer):
        if answer.status == 200 and isinstance(answer.body, dict) and reference.SCHEMA.is_file():
            problems = official.problems_of_answer(recorded["method"], recorded["path"], answer.data)
            if problems:
                self.against_schema[recorded["id"]] = problems

    def end_of_task(self, recorded, answer):
        """How the task ended that the call returned."""
        task = self.node.tasks.find(answer.data) if answer.status == 200 and isinstance(answer.body, dict) \
            and isinstance(answer.data, str) else None
        if task is None or recorded["id"] in between.DO_NOT_WAIT:
            return []
        task.done.wait(5)
        expected = recorded.get("task_end")
        if not expected:
            return []
        found = []
        self.comparison._value("task_end", expected, {key: task.status().get(key) for key in expected}, found, False,
                               False)
        return found
