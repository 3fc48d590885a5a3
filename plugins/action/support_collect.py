# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible import constants as C
from ansible.plugins.action import ActionBase

from ansible_collections.gti.lakehouse.plugins.module_utils.support.bundle import Waiting, what_to_look_for


class ActionModule(ActionBase):
    """Has the module collect on the host, and lets nothing of it onto the controller's disk before the site's secrets are out of it."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        secrets = what_to_look_for(args.pop("secrets", {}), args.pop("keys_dir", None))
        result.update(self._execute_module(module_args=args, task_vars=task_vars))
        files = result.pop("files", None)
        if files is not None:
            result["names"] = sorted(files)
            Waiting(C.DEFAULT_LOCAL_TMP).put(task_vars["inventory_hostname"], files, {"problems": result["problems"], "hits": result["hits"]}, secrets)
        return result
