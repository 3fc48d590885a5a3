# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background tasks: ids (UPID), logs, end states; workers are threads of the server."""

import json
import os
import subprocess
import threading
import time

from .access import split_token
from .errors import ApiError, Die

KEEP = 1000
INDEX = "tasks/index"


class Killed(Die):
    """The task was aborted from outside. A worker that does not tidy up ends with an unknown status."""


class Task:
    """One worker and what is known of it. Its work function gets it to write the log and to run commands."""

    def __init__(self, registry, upid, record):
        self.registry = registry
        self.upid = upid
        self.record = record        # node, pid, pstart, starttime, type, id, user [, tokenid, endtime, exitstatus]
        self.lines = []
        self.warnings = 0
        self.aborted = threading.Event()
        self.done = threading.Event()
        self.process = None

    @property
    def running(self):
        return not self.done.is_set()

    @property
    def owner(self):
        token = self.record.get("tokenid")
        return self.record["user"] + ("!" + token if token else "")

    def log(self, line):
        self.lines.append(line)
        self.registry.files.append(self.registry.log_name(self.upid), line + "\n")

    def warn(self, text):
        self.warnings += 1
        self.log("WARN: " + text)

    def check(self):
        """Called by long work now and then: ends it when the task was aborted."""
        if self.aborted.is_set():
            raise Killed("received interrupt")

    def pause(self, seconds):
        """Sleep, but wake up when aborted."""
        self.aborted.wait(seconds)
        self.check()

    def run(self, argv, log_output=True, **options):
        """Run a command; its output goes to the log; it ends with the task. Raises Die with the last line."""
        self.check()
        piped = "stdout" not in options     # else only what it says beside its output
        self.process = subprocess.Popen(argv, stdin=options.pop("stdin", subprocess.DEVNULL), text=True,
                                        errors="replace", stdout=options.pop("stdout", subprocess.PIPE),
                                        stderr=subprocess.STDOUT if piped else subprocess.PIPE, **options)
        last = ""
        for line in self.process.stdout if piped else self.process.stderr:
            last = line.rstrip("\n") or last
            if log_output:
                self.log(line.rstrip("\n"))
        code = self.process.wait()
        self.process = None
        if self.aborted.is_set():
            raise Killed("command '%s' failed: received interrupt" % " ".join(argv))
        if code:
            raise Die("command '%s' failed: %s" % (" ".join(argv), last or "exit code %d" % code))

    def abort(self):
        self.aborted.set()
        process = self.process
        if process:
            process.terminate()

    def status(self):
        shown = {name: value for name, value in self.record.items() if name != "endtime"}
        return {"upid": self.upid, **shown, "status": "running" if self.running else "stopped"}

    def listed(self):
        """The entry of the task list."""
        shown = {name: value for name, value in self.record.items() if name not in ("exitstatus", "tokenid")}
        shown["upid"] = self.upid
        if "tokenid" in self.record:
            shown["user"], shown["tokenid"] = self.record["user"], self.record["tokenid"]
        if self.running:
            return {**shown, "status": "RUNNING", "saved": "0"}
        return {**shown, "status": self.record["exitstatus"]}


class Tasks:
    """All tasks of the node, newest last. `grace` is how long a call waits for its task before it answers."""

    def __init__(self, files, node="pve", clock=time.time, grace=0.0):
        self.files = files
        self.node = node
        self.clock = clock
        self.grace = grace
        self.faults = None
        self.lock = threading.Lock()
        self.tasks = {}
        self.serial = os.getpid()
        self._load()

    @staticmethod
    def log_name(upid):
        return "tasks/%s.log" % upid.rstrip(":").replace("/", "_")

    def _load(self):
        """What an earlier server left; tasks that it did not finish have no known end."""
        for line in (self.files.read(INDEX) or "").splitlines():
            entry = json.loads(line)
            task = self.tasks.get(entry["upid"]) or Task(self, entry["upid"], {})
            task.record.update(entry["record"])
            self.tasks[entry["upid"]] = task
        for task in self.tasks.values():
            task.record.setdefault("exitstatus", "unexpected status")
            task.record.setdefault("endtime", task.record["starttime"])
            task.lines = (self.files.read(self.log_name(task.upid)) or "").splitlines()
            task.done.set()
        self._prune()

    def _prune(self):
        old = list(self.tasks)[:-KEEP]
        for upid in old:
            self.files.delete(self.log_name(upid))
            del self.tasks[upid]
        text = "".join(self._line(task) for task in self.tasks.values())
        if text or old:
            self.files.write(INDEX, text)

    @staticmethod
    def _line(task):
        return json.dumps({"upid": task.upid, "record": task.record}) + "\n"

    def start(self, kind, ident, authid, work):
        """Run work(task) in the background; returns the UPID. Its errors become the task's end."""
        with self.lock:
            self.serial = self.serial % 4194303 + 1
            record = {"node": self.node, "pid": self.serial, "pstart": int(time.monotonic() * 100),
                      "starttime": int(self.clock()), "type": kind, "id": ident}
            record["user"], token = split_token(authid)
            if token:
                record["tokenid"] = token
            upid = "UPID:%s:%08X:%08X:%08X:%s:%s:%s:" % (self.node, record["pid"], record["pstart"],
                                                         record["starttime"], kind, ident, authid)
            task = self.tasks[upid] = Task(self, upid, record)
            self.files.append(INDEX, self._line(task))
        threading.Thread(target=self._work, args=(task, work), name=upid, daemon=True).start()
        if self.grace:
            task.done.wait(self.grace)
        return upid

    def _work(self, task, work):
        try:
            if self.faults:
                self.faults.in_task(task)
            work(task)
            end = "WARNINGS: %d" % task.warnings if task.warnings else "OK"
            last = "TASK " + end
        except Killed as err:       # as if the process were gone: no last line (power-049, power-050)
            end, last = "unexpected status", err.reason
        except ApiError as err:
            end = err.message.rstrip("\n")
            last = "TASK ERROR: " + end
        except Exception as err:    # a defect of the lab must end the task, not hang its waiters
            end = "internal error - %s: %s" % (type(err).__name__, err)
            last = "TASK ERROR: " + end
        task.log(last)
        task.record["exitstatus"] = end
        task.record["endtime"] = int(self.clock())
        self.files.append(INDEX, self._line(task))
        task.done.set()

    def find(self, upid):
        return self.tasks.get(upid)

    def stop_all(self, timeout):
        """At the server's end: ask the running ones to stop and give them a moment."""
        running = [task for task in self.tasks.values() if task.running]
        for task in running:
            task.abort()
        deadline = time.monotonic() + timeout
        for task in running:
            task.done.wait(max(0, deadline - time.monotonic()))
