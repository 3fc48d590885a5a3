# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package as it lies in the role, without being installed."""

from __future__ import annotations

import io
import pathlib
import sys
import tarfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/gitops/files"))


@pytest.fixture
def archive():
    """A tree as git would give it: contents by name; a text that begins with -> is a link."""

    def archive(**files):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.mtime = 1
                if text.startswith("->"):
                    member.type, member.linkname = tarfile.SYMTYPE, text[2:]
                    tar.addfile(member)
                else:
                    member.size = len(text.encode())
                    tar.addfile(member, io.BytesIO(text.encode()))
        return buffer.getvalue()

    return archive
