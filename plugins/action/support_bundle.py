# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

from ansible import constants as C
from ansible.plugins.action import ActionBase

from ansible_collections.gti.lakehouse.plugins.module_utils.support.bundle import Waiting, forget, what_to_look_for, write

OPTIONS = {
    "path": {"type": "path", "required": True},
    "files": {"type": "dict", "default": {}},
    "missing": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}},
    "keys_dir": {"type": "path"},
    "keep": {"type": "int", "default": 0},
}


class ActionModule(ActionBase):
    """Writes on the controller, whatever the connection of the task is."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, args = self.validate_argument_spec(OPTIONS)
        result.update(changed=False, path=args["path"], summary=[])
        if self._task.check_mode:
            return result
        os.makedirs(os.path.dirname(os.path.abspath(args["path"])), mode=0o700, exist_ok=True)
        secrets = what_to_look_for(args["secrets"], args["keys_dir"])
        result["summary"] = write(args["path"], Waiting(C.DEFAULT_LOCAL_TMP).take(), args["missing"], args["files"], secrets)
        if args["keep"]:
            forget(args["path"], args["keep"])
        return result
