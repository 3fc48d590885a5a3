# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./bootstrap installs is what the requirements name, each with its checksums."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
# An extra is part of a lock's name where something asks for it: Debian's pip would not take the plain name's pin for it.
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?(==\S+)", re.MULTILINE)


@pytest.mark.parametrize("name, sources", [("requirements", ["requirements"]), ("requirements-test", ["requirements", "requirements-test"])])
def test_a_lock_is_of_its_requirements(name, sources):
    lock = (ROOT / f"{name}.lock").read_text()
    wanted = [pin for source in sources for pin in PINNED.findall((ROOT / f"{source}.txt").read_text())]
    assert sorted(PINNED.findall(lock)) == sorted(wanted), f"renew {name}.lock, as it says at its top"
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE).strip())
    assert len(entries) == len(wanted) and all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry) for entry in entries)


def test_bootstrap_takes_nothing_else():
    (install,) = re.findall(r"pip install .*", (ROOT / "bootstrap").read_text())
    assert {"--require-hashes", "--only-binary"} <= set(install.split()) and not re.search(r"requirements\S*\.txt", (ROOT / "bootstrap").read_text())
