# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules, run in this process as Ansible runs them."""

from __future__ import annotations

import importlib
import json

import pytest
from ansible.module_utils.testing import patch_module_args


class Outcome(dict):
    """What a module returned; `warned` is what it warned of."""

    @property
    def failed(self):
        return self.get("failed", False)


def run_module(module_name, arguments, secret_values, capfd, check=False):
    """Run a module and return what it prints; no secret may be in that."""
    module = importlib.import_module(f"ansible_collections.gti.lakehouse.plugins.modules.{module_name}")
    capfd.readouterr()
    with patch_module_args({**arguments, "_ansible_check_mode": check, "_ansible_diff": True}), pytest.raises(SystemExit):
        module.main()
    output, errors = capfd.readouterr()
    for value in filter(None, secret_values):
        assert value not in output + errors
    result = Outcome(json.loads(output))
    # Ansible shows warnings itself where its controller's part is loaded too, as other tests do.
    result.warned = str(result.pop("warnings", "")) + errors
    return result


def run_twice(run, module_name, options):
    """Foresee, do, do again: what check mode says is what happens, and the second time nothing does."""
    foreseen = run(module_name, check=True, **options)
    done = run(module_name, **options)
    assert not foreseen.failed and not done.failed, (foreseen, done)
    assert foreseen["changed"] == done["changed"]
    assert foreseen.get("diff") == done.get("diff")
    again = run(module_name, **options)
    assert not again.failed and again["changed"] is False and "diff" not in again, again
    return done
