# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: vault_files
type: aggregate
short_description: Name the vaulted file of the inventory that the vault password does not open
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Ansible ends a run with a wrong vault password by C(Decryption failed), without the name of the file. This says before which file it is, and
    where the password came from.
requirements:
  - Enabled with C(callbacks_enabled = gti.lakehouse.vault_files), as in this collection's C(ansible.cfg).
"""

import glob
import os

from ansible import constants as C
from ansible import context
from ansible.parsing.vault import AnsibleVaultError
from ansible.plugins.callback import CallbackBase

HEAD = b"$ANSIBLE_VAULT;"
OWN = "playbooks/files/vault-password"  # a script; the password itself is the operator's


def vaulted(sources):
    """The vaulted files of variables beside the inventories."""
    for source in sources:
        folder = source if os.path.isdir(source) else os.path.dirname(source)
        for path in sorted(glob.glob(os.path.join(folder, "*_vars", "**"), recursive=True)):
            if os.path.isfile(path):
                with open(path, "rb") as stream:
                    if stream.read(len(HEAD)) == HEAD:
                        yield path


def origin():
    """Where the vault password comes from."""
    given = C.DEFAULT_VAULT_PASSWORD_FILE or ""
    if given and not given.endswith(OWN):
        return given
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "gti-lakehouse", "vault-password")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "gti.lakehouse.vault_files"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        for path in vaulted(context.CLIARGS.get("inventory") or ()):
            try:
                playbook._loader.load_from_file(path)
            except AnsibleVaultError:
                self._display.error("%s cannot be opened with the vault password of %s. Put the password there that the file was encrypted with, or "
                                    "name its file in ANSIBLE_VAULT_PASSWORD_FILE." % (path, origin()), wrap_text=False)
