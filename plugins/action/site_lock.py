# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import getpass
import os
import socket
import tempfile
import time

from ansible import constants as C
from ansible import context
from ansible.plugins.action import ActionBase

from ansible_collections.gti.lakehouse.plugins.module_utils.site import lock as site_lock

OPTIONS = {
    "name": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "reach": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Belongs to the run and no host: the keeper of the lock lives as long as the process that runs the playbooks."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, args = self.validate_argument_spec(OPTIONS)
        result["changed"] = False
        mine = os.path.join(C.DEFAULT_LOCAL_TMP, "site-lock")  # the folder is that of one run
        if self._task.check_mode or os.path.exists(mine):
            return result
        with tempfile.TemporaryFile("w+", dir=C.DEFAULT_LOCAL_TMP) as errors:
            said = site_lock.take(os.getppid(), args["name"], self.who(), args["reach"], errors)
            errors.seek(0)
            complaint = errors.read().strip()
        if said == site_lock.HELD:
            with open(mine, "w", encoding="utf-8"):
                return result
        if said:
            result.update(failed=True, msg=(
                "Another run changes the site %s: %s. Nothing was changed. Wait until it ends, or end it there: the lock goes with it, "
                "after %d seconds where its machine is gone." % (args["name"], said, site_lock.PATIENCE)))
        else:
            result["warnings"] = ["%s could not be asked whether another run changes the site: %s" % (args["host"], complaint)]
        return result

    def who(self):
        return "%s by %s on %s, process %d, since %s UTC" % (
            ", ".join(map(os.path.basename, context.CLIARGS.get("args") or ["a run"])), getpass.getuser(), socket.gethostname(), os.getppid(),
            time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()))
