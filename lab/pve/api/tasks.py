# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/nodes/NODE/tasks: what runs and what has run."""

import re

from .. import formats
from ..errors import ParameterError
from ..formats import Invalid
from ..router import Reply, everyone, route
from ..schema import boolean, enum, integer, string

STATUS_TYPES = ("ok", "error", "warning", "unknown")
UPID = {"upid": string(required=True)}


def _status_type(value):
    if value not in STATUS_TYPES:
        raise Invalid("invalid status type '%s'" % value)


formats.FORMATS["pve-task-status-type"] = _status_type


def _find(call, right="Sys.Audit"):
    """The task; its owner may see it, others need the right on the node (rights-004)."""
    if not re.fullmatch(r"UPID:[^:\s]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:", call["upid"]):
        raise ParameterError({"upid": "unable to parse worker upid"})
    task = call.node.tasks.find(call["upid"])
    owner = task.owner if task else call["upid"].split(":")[7:8]
    if owner not in (call.user, [call.user]):
        call.require("/nodes/" + call.node.name, right)
    return task


@route("GET", "/nodes/{node}/tasks", {
    "start": integer(0), "limit": integer(0), "userfilter": string(), "typefilter": string(),
    "vmid": integer(100, 999999999, format="pve-vmid"), "errors": boolean(), "since": integer(), "until": integer(),
    "source": enum("archive", "active", "all"), "statusfilter": string("pve-task-status-type-list")},
    permission=everyone)
def list_tasks(call):
    source = call.get("source", "archive")
    auditor = call.allowed("/nodes/" + call.node.name, "Sys.Audit")
    found = []
    for task in reversed(list(call.node.tasks.tasks.values())):
        shown = task.listed()
        if source != "all" and task.running != (source == "active"):
            continue
        if not auditor and task.owner != call.user:
            continue
        if _fits(call, shown):
            found.append(shown)
    begin, count = call.number("start"), call.number("limit", 50)
    return Reply(found[begin:begin + count if count else None], total=len(found))


def _kind_of_end(status):
    """What the filters call an end state."""
    if status in ("OK", "RUNNING"):
        return "ok"
    if status.startswith("WARNINGS"):
        return "warning"
    return "unknown" if status == "unexpected status" else "error"


def _fits(call, shown):
    end = _kind_of_end(shown["status"])
    wanted = formats.split_list(call.get("statusfilter", ""))
    return not (call.get("vmid") and shown["id"] != call["vmid"]
                or call.get("typefilter") and shown["type"] != call["typefilter"]
                or call.get("userfilter") and call["userfilter"] not in shown["user"]
                or call.flag("errors") and end in ("ok", "warning")
                or wanted and end not in wanted
                or call.get("since") and shown["starttime"] < call.number("since")
                or call.get("until") and shown["starttime"] > call.number("until"))


@route("GET", "/nodes/{node}/tasks/{upid}", UPID, permission=everyone)
def index(call):
    _find(call)
    return [{"name": "log"}, {"name": "status"}]


@route("GET", "/nodes/{node}/tasks/{upid}/status", UPID, permission=everyone)
def status(call):
    task = _find(call)
    if not task:
        raise ParameterError({"upid": "no such task"})
    return task.status()


@route("GET", "/nodes/{node}/tasks/{upid}/log", {**UPID, "start": integer(0), "limit": integer(0),
                                                 "download": boolean()}, permission=everyone)
def log(call):
    """50 lines by default, so the end of a long one needs start and limit; limit=0 is all."""
    task = _find(call)
    if not task:
        return Reply([{"n": 1, "t": "unable to open file - No such file or directory"}], total=1)
    lines = list(task.lines)
    if not lines:
        return Reply([{"n": 1, "t": "no content"}], total=1)
    begin, count = call.number("start"), call.number("limit", 50)
    part = lines[begin:begin + count if count else None]
    return Reply([{"n": begin + n + 1, "t": line} for n, line in enumerate(part)], total=len(lines))


@route("DELETE", "/nodes/{node}/tasks/{upid}", UPID, permission=everyone)
def abort(call):
    """Ask the worker to stop; an ended one is no error."""
    task = _find(call, "Sys.Modify")
    if not task:
        raise ParameterError({"upid": "no such task"})
    if task.running:
        task.abort()
        task.done.wait(5)
