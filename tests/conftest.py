# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets tests import this checkout as the collection that it is, wherever it lies."""

from __future__ import annotations

import pathlib
import sys
import types

import hypothesis
import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

import ansible_collections  # where pip put the collections that come with Ansible

from ansible.module_utils import _internal

# A slow machine is no finding, and a checkout that passed passes again.
hypothesis.settings.register_profile(
    "lakehouse", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("lakehouse")

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
# What the roles' proofs have beside them as a link.
sys.path.insert(0, str(CHECKOUT / "roles/common/files"))

for name, path in (("gti", []), ("gti.lakehouse", [str(CHECKOUT)])):
    package = types.ModuleType(f"{ansible_collections.__name__}.{name}")
    package.__path__ = path
    sys.modules[package.__name__] = package


@pytest.fixture(autouse=True)
def modules_speak_for_themselves(monkeypatch):
    """Tests of filters load Ansible's controller side, and modules run in this process would then hand it their warnings."""
    monkeypatch.setattr(_internal, "is_controller", False)


# No server is common to the files of these.
APART = ("playbooks", "spark")


class OneWorkerForAFolder(LoadScopeScheduling):
    """What one folder's servers serve is run by one worker, so that they are started once."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return file if folder.rpartition("/")[2] in APART else folder


def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadscope`. Not by marks and `loadgroup`: with pytest 9.2, xdist 3.8 overlooks them without a word."""
    return OneWorkerForAFolder(config, log) if config.getvalue("dist") == "loadscope" else None
