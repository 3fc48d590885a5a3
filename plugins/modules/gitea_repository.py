#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_repository
short_description: Manage an organisation's repositories in Gitea, with protected branches, webhooks and deploy keys
version_added: 0.2.0
description:
  - Creates a repository of an organisation, gives it its first commit, and keeps its settings, branch protections, webhooks and
    deploy keys. Branch protections that a person added stay.
  - What is in a repository belongs to those who work on it, so only an empty one gets O(content_dir).
options:
  organization:
    description:
      - Name of the organisation that owns the repository.
    type: str
    required: true
  name:
    description:
      - Name of the repository.
    type: str
    required: true
  description:
    description:
      - What it is for.
    type: str
    default: ""
  private:
    description:
      - Whether only those see it who were given the right.
    type: bool
    default: true
  default_branch:
    description:
      - Name of the branch that new work starts from.
    type: str
    default: main
  settings:
    description:
      - Further fields of the repository in the words of Gitea's API, such as C(allow_merge_commits).
    type: dict
    default: {}
  content_dir:
    description:
      - Folder, where the module runs, whose files are the first commit.
    type: path
  protections:
    description:
      - Branches that change by pull requests alone. Nobody pushes to them, with force or without; an approval holds for what was
        approved; administrators cannot go around.
    type: list
    elements: dict
    default: []
    suboptions:
      branch:
        description: Name of the branch, or a pattern.
        type: str
        required: true
      approvals:
        description: Approvals that a merge needs.
        type: int
        default: 1
      status_checks:
        description: Contexts of commit statuses that must be green before a merge; patterns are allowed.
        type: list
        elements: str
        default: []
      settings:
        description: Further fields in the words of Gitea's API. They have the last word.
        type: dict
        default: {}
  webhooks:
    description:
      - Addresses that are told of events. A hook is known by its address; when anything of it differs, it is made anew.
      - No others are told. When left out, the webhooks stay as they are.
    type: list
    elements: dict
    suboptions:
      url:
        description:
          - Where the events go. Gitea keeps it with a fragment, which is not sent, that tells one secret from another.
        type: str
        required: true
      secret:
        description: Signs each delivery, by HMAC-SHA-256.
        type: str
        required: true
      events:
        description:
          - What is told. V(pull_request_only) is that a pull request is opened, closed or edited, V(pull_request_sync) that commits came
            to it.
        type: list
        elements: str
        default: [push]
      branch_filter:
        description: Pattern of the branches whose pushes are told.
        type: str
        default: "*"
      active:
        description: Whether it is told at all.
        type: bool
        default: true
  deploy_keys:
    description:
      - SSH keys of programs. A key is known by its title; when it differs, it is replaced.
      - No others let in. When left out, the keys stay as they are.
    type: list
    elements: dict
    suboptions:
      title:
        description: Whose key it is.
        type: str
        required: true
      key:
        description: The public key.
        type: str
        required: true
      read_only:
        description: Whether it may only read.
        type: bool
        default: true
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.web
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_gitea
"""

EXAMPLES = r"""
- name: Have a repository that changes by reviewed merges alone
  gti.lakehouse.gitea_repository:
    url: https://gitea.example.org:3000
    username: admin
    password: "{{ gitea_admin_password }}"
    organization: example
    name: jobs
    content_dir: files/jobs
    protections:
      - {branch: main, approvals: 1, status_checks: [check]}
    webhooks:
      - {url: "https://deploy.example.org:8444/jobs", secret: "{{ deploy_hook_secret }}", branch_filter: main}
    deploy_keys:
      - {title: deploy, key: "{{ deploy_public_key }}"}
  delegate_to: localhost
"""

RETURN = r"""
diff:
  description: The repository before and after, as far as it differs.
  returned: when something changes
  type: dict
  sample: {after: {private: true}, after_header: data/jobs, before: {private: false}, before_header: data/jobs}
"""

import base64
import os

from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea.client import run
from ansible_collections.gti.lakehouse.plugins.module_utils.web_module import Refused, changed

# What tools leave behind where somebody has run them in a checkout.
CACHES = ("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def first_files(folder):
    """The files below a folder, in the API's words."""
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in CACHES]
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as stream:
                content = base64.b64encode(stream.read()).decode()
            files.append({"operation": "create", "path": os.path.relpath(path, folder), "content": content})
    if not files:
        raise Refused("content_dir %s has no files" % folder)
    return sorted(files, key=lambda file: file["path"])


class Repository:
    """Each part adds what it finds and what it wants, and what is to be called for it."""

    def __init__(self, connection, params):
        self.connection = connection
        self.params = params
        self.path = "/repos/%s/%s" % (params["organization"], params["name"])
        self.current = connection.get(self.path)
        self.before = {} if self.current else None
        self.after = {}
        self.calls = []

    def compare(self):
        self._itself()
        self._content()
        self._protections()
        self._webhooks()
        self._deploy_keys()

    def _list(self, what):
        return self.connection.get_all("%s/%s" % (self.path, what)) if self.current else []

    def _see(self, part, before, after):
        self.after[part] = after
        if self.current:
            self.before[part] = before

    def _call(self, method, path, body=None):
        self.calls.append((method, path, body))

    def _itself(self):
        params = self.params
        wanted = dict(params["settings"], description=params["description"], private=params["private"], default_branch=params["default_branch"])
        if not self.current:
            new = dict(name=params["name"], description=params["description"], private=params["private"], default_branch=params["default_branch"])
            self._call("POST", "/orgs/%s/repos" % params["organization"], new)
        if params["settings"] if not self.current else plans.drift(self.current, wanted):
            self._call("PATCH", self.path, wanted)
        self._see("settings", plans.view(self.current or {}, wanted), wanted)

    def _content(self):
        if not self.params["content_dir"] or not (self.current is None or self.current["empty"]):
            return
        files = first_files(self.params["content_dir"])
        branch = self.params["default_branch"]
        self._call("POST", self.path + "/contents", {"branch": branch, "new_branch": branch, "message": "First content", "files": files})
        self._see("files", [], [file["path"] for file in files])

    def _protections(self):
        held = plans.by_name(self._list("branch_protections"), "rule_name")
        before, after = {}, {}
        for rule in self.params["protections"]:
            name, wanted = rule["branch"], plans.protection(rule)
            if name not in held:
                self._call("POST", self.path + "/branch_protections", dict(wanted, rule_name=name))
            elif plans.drift(held[name], wanted):
                self._call("PATCH", "%s/branch_protections/%s" % (self.path, name), wanted)
            if name in held:
                before[name] = plans.view(held[name], wanted)
            after[name] = wanted
        self._see("protections", before, after)

    def _webhooks(self):
        if self.params["webhooks"] is None:
            return
        held = self._list("hooks")
        addresses = {options["url"] for options in self.params["webhooks"]}
        others = [hook for hook in held if plans.address(hook["config"]["url"]) not in addresses]
        for hook in others:
            self._call("DELETE", "%s/hooks/%d" % (self.path, hook["id"]))
        before, after = [plans.webhook_of(hook) for hook in others], []
        for options in self.params["webhooks"]:
            wanted = plans.webhook(options)
            same = [hook for hook in held if plans.address(hook["config"]["url"]) == options["url"]]
            after.append(wanted)
            if [plans.webhook_of(hook) for hook in same] == [wanted]:
                before.append(wanted)
                continue
            before += [plans.webhook_of(hook) for hook in same]
            for hook in same:
                self._call("DELETE", "%s/hooks/%d" % (self.path, hook["id"]))
            config = {"url": wanted["url"], "content_type": "json", "secret": options["secret"]}
            body = {key: options[key] for key in ("events", "branch_filter", "active")}
            self._call("POST", self.path + "/hooks", dict(body, type="gitea", config=config))
        self._see("webhooks", before, after)

    def _deploy_keys(self):
        if self.params["deploy_keys"] is None:
            return
        held = plans.by_name(self._list("keys"), "title")
        before, after = {}, {}
        for title in sorted(set(held) - {wanted["title"] for wanted in self.params["deploy_keys"]}):
            before[title] = plans.deploy_key(held[title])
            self._call("DELETE", "%s/keys/%d" % (self.path, held[title]["id"]))
        for wanted in self.params["deploy_keys"]:
            title = wanted["title"]
            after[title] = plans.deploy_key(wanted)
            if title in held:
                before[title] = plans.deploy_key(held[title])
                if before[title] == after[title]:
                    continue
                self._call("DELETE", "%s/keys/%d" % (self.path, held[title]["id"]))
            self._call("POST", self.path + "/keys", dict(after[title], title=title))
        self._see("deploy_keys", before, after)


def manage(module, connection):
    repository = Repository(connection, module.params)
    repository.compare()
    if not module.check_mode:
        for method, path, body in repository.calls:
            connection.call(method, path, body)
    name = "%s/%s" % (module.params["organization"], module.params["name"])
    return dict(changed(name, repository.before, repository.after), repository=repository.after)


def main():
    protection = {
        "branch": {"type": "str", "required": True},
        "approvals": {"type": "int", "default": 1},
        "status_checks": {"type": "list", "elements": "str", "default": []},
        "settings": {"type": "dict", "default": {}},
    }
    webhook = {
        "url": {"type": "str", "required": True},
        "secret": {"type": "str", "required": True, "no_log": True},
        "events": {"type": "list", "elements": "str", "default": ["push"]},
        "branch_filter": {"type": "str", "default": "*"},
        "active": {"type": "bool", "default": True},
    }
    deploy_key = {
        "title": {"type": "str", "required": True},
        "key": {"type": "str", "required": True, "no_log": False},
        "read_only": {"type": "bool", "default": True},
    }
    run(
        manage,
        organization={"type": "str", "required": True},
        name={"type": "str", "required": True},
        description={"type": "str", "default": ""},
        private={"type": "bool", "default": True},
        default_branch={"type": "str", "default": "main"},
        settings={"type": "dict", "default": {}},
        content_dir={"type": "path"},
        protections={"type": "list", "elements": "dict", "default": [], "options": protection},
        webhooks={"type": "list", "elements": "dict", "options": webhook},
        deploy_keys={"type": "list", "elements": "dict", "options": deploy_key, "no_log": False},
    )


if __name__ == "__main__":
    main()
