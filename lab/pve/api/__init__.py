# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's functions. Importing the package fills the router with their routes."""

import importlib

from ..router import ROUTER

MODULES = ("access", "backup", "cluster", "firewall", "guest_clone", "guest_config", "guest_create", "guest_destroy",
           "guest_disk", "guest_power", "guest_snapshot", "guest_view", "nodes", "pools", "storage", "storage_content",
           "tasks")

for _name in MODULES:
    importlib.import_module("." + _name, __name__)

__all__ = ["MODULES", "ROUTER"]
