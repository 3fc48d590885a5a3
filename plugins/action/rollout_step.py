# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible import constants as C
from ansible.plugins.action import ActionBase

from ansible_collections.gti.lakehouse.plugins.module_utils.site import rollout

LISTS = {name: {"type": "list", "elements": "str", "default": []} for name in ("needs", "beside", "after")}
OPTIONS = {
    "state": {"type": "str", "required": True, "choices": [rollout.BEGUN, rollout.DONE, rollout.FAILED, "report"]},
    "name": {"type": "str"},
    "components": {"type": "dict", "default": {}},
    "rolling": {"type": "bool", "default": False},
    "reason": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 3600},
}


class ActionModule(ActionBase):
    """Works in Ansible's own process alone, as waiting by a module would hold up whatever else is done on the controller."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, args = self.validate_argument_spec(dict(OPTIONS, **LISTS), required_if=[
            ("state", state, ["name"]) for state in (rollout.BEGUN, rollout.DONE, rollout.FAILED)])
        self.rollout = rollout.Rollout(C.DEFAULT_LOCAL_TMP)
        result["changed"] = False
        if args["state"] == "report":
            result["steps"] = self.rollout.all()
        elif args["state"] == rollout.BEGUN:
            result.update(self.begin(args, task_vars))
        else:
            self.end(args, task_vars["inventory_hostname"])
        return result

    def begin(self, args, task_vars):
        here, played = task_vars["inventory_hostname"], task_vars["ansible_play_hosts_all"]

        def pairs(names):
            return [(name, host) for name in names
                    for host in rollout.hosts_of(args["components"], name, task_vars["groups"]) if host in played]

        before = [host for dummy, host in pairs([args["name"]])]
        needed = pairs(args["needs"]) + [pair for pair in pairs(args["beside"]) if pair[1] == here]
        if args["rolling"]:
            needed += [(args["name"], host) for host in before[:before.index(here)]]
        lost = set(played) - set(task_vars["ansible_play_hosts"])
        self.rollout.wait(pairs(args["after"]), lost, args["timeout"])
        missing = self.rollout.wait(needed, lost, args["timeout"])
        if not missing:
            self.rollout.mark(args["name"], here, rollout.BEGUN)
            return {}
        reason = "for want of " + ", ".join("%(component)s on %(host)s" % mark for mark in missing)
        self.rollout.mark(args["name"], here, rollout.STOPPED, reason)
        return {"failed": True, "msg": "%s was stopped %s." % (args["name"], reason)}

    def end(self, args, here):
        if self.rollout.read(args["name"], here)["state"] != rollout.STOPPED:
            self.rollout.mark(args["name"], here, args["state"], args["reason"])
