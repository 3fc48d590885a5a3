# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: rollout
type: aggregate
short_description: Tell hosts that wait in a rollout of one that was lost, end what a killed run leaves, and say what helps after a failed one
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - A host that can no longer be reached leaves the play, and no task of its own can say so. This tells
    M(gti.lakehouse.rollout_step) of it, which would wait for that host until its O(gti.lakehouse.rollout_step#module:timeout) ends.
  - Ansible's worker processes, and the programs that they run on the controller, end with a run that is killed (on Linux). Without this they
    go on for as long as their task takes, beside the next run.
  - A run of C(site.yml) that failed ends with the command by which the site is collected for whoever is to help.
requirements:
  - Enabled with C(callbacks_enabled = gti.lakehouse.rollout), as in this collection's C(ansible.cfg).
"""

import ctypes
import os
import shlex
import signal
import sys

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.gti.lakehouse.plugins.module_utils.site.rollout import LOST, WHOLE, Rollout

PR_SET_PDEATHSIG = 1


def end_with(run):
    """Of a process that was just forked: as a worker of the run, by Ansible's own handler of this signal, which ends what it runs, too."""
    if os.getppid() == run:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "gti.lakehouse.rollout"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        self.whole_site = os.path.basename(playbook._file_name) == "site.yml"
        run = os.getpid()
        if sys.platform == "linux":
            os.register_at_fork(after_in_child=lambda: end_with(run))

    def v2_runner_on_unreachable(self, result):
        # By the names that ansible-core 2.18 has, too.
        if not result._task.ignore_unreachable:
            Rollout(C.DEFAULT_LOCAL_TMP).mark(WHOLE, result._host.get_name(), LOST, result._result.get("msg", ""))

    def v2_playbook_on_stats(self, stats):
        if self.whole_site and (stats.failures or stats.dark):
            inventories = "".join("-i %s " % shlex.quote(name) for name in context.CLIARGS.get("inventory") or ())
            self._display.display(
                "Something failed. To show it to others: ansible-playbook %splaybooks/support_bundle.yml collects what each host says of itself "
                "into one archive, without the site's secrets." % inventories)
