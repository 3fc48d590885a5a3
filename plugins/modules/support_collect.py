#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: support_collect
short_description: Collect what tells how a host is, without its secrets
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Collects versions, units and their state, settings, the journal of the last hours, disks, memory, sockets, firewall and the dates of
    certificates, and writes them below a folder of the controller that goes with the run. M(gti.lakehouse.support_bundle) makes an archive of it.
  - Files of keys, passwords and tokens are not read for it. Private keys that the host has are looked for in the rest on the host itself, O(secrets)
    and O(keys_dir) on the controller, before anything is written there. A hit is redacted and named. Then, in settings, values whose names speak of
    a password, a secret or a token are left out.
  - Where the host's own private keys cannot be read in time, nothing is collected of it.
  - Each command has a time limit. What did not end in time, or failed, is named, and the rest goes on.
extends_documentation_fragment:
  - gti.lakehouse.attributes.info_module
options:
  secrets:
    description: Values to look for, by their names. Lists and tables in it are gone through.
    type: dict
    default: {}
  keys_dir:
    description: Folder on the controller of which each private key is looked for.
    type: path
  hours:
    description: Hours of the journal, from now back.
    type: int
    default: 24
  journal_mib:
    description: MiB of the journal, of which the newest are taken.
    type: int
    default: 4
  units:
    description:
      - The units whose journal and state are collected, where the host has other work that is nobody's business. Its processes, sockets,
        firewall and packages are then left out.
      - Without any, all of the host.
    type: list
    elements: str
    default: []
  command_seconds:
    description: Seconds that one command may take.
    type: int
    default: 20
  seconds:
    description: Seconds after which no further command is begun.
    type: int
    default: 120
notes:
  - The search for O(secrets) is done on the controller, so that no host is told another one's.
seealso:
  - module: gti.lakehouse.support_bundle
attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
"""

EXAMPLES = r"""
- name: Collect the last two hours
  gti.lakehouse.support_collect:
    hours: 2
    secrets: {vault_trino_reader_password: "{{ vault_trino_reader_password }}"}
  become: true
  timeout: 300
  no_log: true
"""

RETURN = r"""
names:
  description: Names of the files that were collected.
  returned: success
  type: list
  elements: str
  sample: [journal.txt, memory.txt]
problems:
  description: What could not be collected, and why.
  returned: success
  type: list
  elements: str
  sample: ["disk.txt: df --human-readable did not end within 20 s"]
hits:
  description: How often which secret was redacted, by the name of the file and the name of the secret.
  returned: success
  type: dict
  sample: {journal.txt: {vault_trino_reader_password: 2}}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.gti.lakehouse.plugins.module_utils.support.secret_forms import Secrets
from ansible_collections.gti.lakehouse.plugins.module_utils.support.host import Host


def collect(host, hours, journal_mib, units):
    """{name: text} without the host's own private keys, and {name: {key: count}} of those that were in it. Nothing where they could not be read."""
    keys = host.keys()
    if host.problems:
        host.problems.append("nothing was collected, since the host's own private keys could not be looked for")
        return {}, {}
    # Others' keys are left to the controller, which knows whose they are.
    secrets, files, hits = Secrets(keys, any_key=False), {}, {}
    for name, text in host.collect(hours, journal_mib, units).items():
        text, found = secrets.redact(text)
        files[name] = text.decode(errors="replace")
        if found:
            hits[name] = found
    return files, hits


def main() -> None:
    # Secrets are plugins/action/support_collect.py's own business, which keeps them from the host.
    module = AnsibleModule(
        argument_spec={
            "secrets": {"type": "dict", "default": {}, "no_log": True}, "keys_dir": {"type": "path", "no_log": False},
            "hours": {"type": "int", "default": 24}, "journal_mib": {"type": "int", "default": 4}, "units": {"type": "list", "elements": "str", "default": []},
            "command_seconds": {"type": "int", "default": 20}, "seconds": {"type": "int", "default": 120}},
        supports_check_mode=True)
    host = Host(module.params["command_seconds"], module.params["seconds"])
    files, hits = collect(host, module.params["hours"], module.params["journal_mib"], module.params["units"])
    module.exit_json(changed=False, files=files, problems=host.problems, hits=hits)


if __name__ == "__main__":
    main()
