# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of the mirror's cache, for tests with real servers."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
RELEASES = pathlib.Path("/var/cache/gti-lakehouse/mirror/public/releases")


def locked_version(variable):
    """That of the trial, whose mirror fills the cache; where it says nothing else, that of every site."""
    versions = [yaml.safe_load((CHECKOUT / path).read_text()) for path in ("group_vars/all/versions.yml", "inventories/lab/group_vars/lakehouse/site.yml")]
    return (versions[0] | versions[1])[variable]


def unpack(name, version, folder, instead, *options):
    """Unpack a release into the folder; `instead` is the environment variable that names another one."""
    archive = RELEASES / f"{name}-{version}.tar.zst"
    if not archive.exists():
        pytest.fail(f"no {name} to test against: set {instead}, or fill the mirror so that it has {archive}")
    subprocess.run(["tar", "--zstd", *options, "-xf", archive, "-C", folder], check=True)
    return folder
