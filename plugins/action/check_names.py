# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

from ansible import constants as C
from ansible import context
from ansible.parsing.utils.yaml import from_yaml
from ansible.plugins.action import ActionBase

from ansible_collections.gti.lakehouse.plugins.module_utils.site import checks as site_checks

OPTIONS = {
    "components": {"type": "list", "elements": "str", "required": True},
    "own": {"type": "list", "elements": "str", "default": []},
}
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ActionModule(ActionBase):
    """Holds the command line's tags and each host's variables, the command line's among them, against the collection's own files."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, args = self.validate_argument_spec(OPTIONS)
        result["changed"] = False
        mine = os.path.join(C.DEFAULT_LOCAL_TMP, "names-checked")  # the folder is that of one run
        if os.path.exists(mine):
            return result
        tags = list(context.CLIARGS.get("tags") or ()) + list(context.CLIARGS.get("skip_tags") or ())
        problems = site_checks.tag_problems(tags, site_checks.known_tags(ROOT, args["components"]))
        given = [task_vars["hostvars"].raw_get(host) for host in task_vars["groups"]["lakehouse"]]
        problems += site_checks.variable_problems(set().union(*given), site_checks.known_variables(ROOT), site_checks.prefixes(ROOT), args["own"])
        defaults = site_checks.literal_defaults(ROOT, from_yaml)
        problems += dict.fromkeys(problem for values in given for problem in site_checks.form_problems(values, defaults))
        problems += dict.fromkeys(problem for values in given for problem in site_checks.unread_additions(values))
        if problems:
            result.update(failed=True, msg="Nothing was changed. " + " ".join(problems) + " Correct the command or the inventory; a variable that "
                          "is the site's own belongs into lakehouse_own_variables.")
            return result
        with open(mine, "w", encoding="utf-8"):
            return result
