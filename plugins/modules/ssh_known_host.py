#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_known_host
short_description: Know an SSH server by the fingerprints of its host keys
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Writes the host keys of a server to a file of known hosts, after holding them against fingerprints that came another way.
  - Keys that the file has of an earlier server at the same address give way. A server whose keys have neither the fingerprints nor are
    in the file makes the module fail.
  - Asks the server only when the file does not hold a key of the fingerprints yet.
extends_documentation_fragment:
  - gti.lakehouse.attributes
options:
  name:
    description:
      - Address or name of the server, as C(ssh) is given it.
    type: str
    required: true
  port:
    description:
      - Port of the server.
    type: int
    default: 22
  path:
    description:
      - The file of known hosts.
    type: path
    required: true
  fingerprints:
    description:
      - Fingerprints of the server's keys, like RV(gti.lakehouse.proxmox_ct#module:host_keys).
      - Without any, what the file says is left alone, or removed with O(replaced).
    type: list
    elements: str
    required: true
  replaced:
    description:
      - The server was made just now, so that what the file says of its address is another one's.
    type: bool
    default: false
  timeout:
    description:
      - Seconds to wait until the server answers.
    type: int
    default: 120
seealso:
  - module: gti.lakehouse.proxmox_ct
"""

EXAMPLES = r"""
- name: Know the container by the keys that Proxmox VE made for it
  gti.lakehouse.ssh_known_host:
    name: 192.0.2.109
    path: ~/.ssh/known_hosts
    fingerprints: "{{ made['host_keys'] }}"
    replaced: "{{ made['created'] }}"
"""

RETURN = r"""
keys:
  description: Fingerprints of the keys that the file holds for the server.
  returned: success
  type: list
  elements: str
  sample: ["SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE"]
"""

import os
import shutil
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.gti.lakehouse.plugins.module_utils.ssh_hosts import HostKey, HostKeyError, choose, is_known, parse_keys

TYPES = "ed25519,ecdsa,rsa"


class KnownHosts:
    """The file, of which only the lines of one server matter; names in it may be hashed, so OpenSSH's own tool reads and removes."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.path = module.params["path"]
        name, port = module.params["name"], module.params["port"]
        self.name = name if port == 22 else "[%s]:%d" % (name, port)

    def keys(self) -> list[HostKey]:
        """The server's keys that the file holds."""
        if not os.path.exists(self.path):
            return []
        code, out, err = self.module.run_command([self.module.get_bin_path("ssh-keygen", True), "-F", self.name, "-f", self.path])
        if code and err.strip():
            self.module.fail_json(msg="%s can not be read: %s" % (self.path, err.strip()))
        return parse_keys(out)

    def replace(self, keys: list[HostKey]) -> None:
        """Write these keys instead of those that the file holds."""
        if self.module.check_mode:
            return
        folder = tempfile.mkdtemp(dir=self.module.tmpdir)
        copy = os.path.join(folder, "known_hosts")
        if os.path.exists(self.path):
            shutil.copy(self.path, copy)
            self.module.run_command([self.module.get_bin_path("ssh-keygen", True), "-R", self.name, "-f", copy])
        with open(copy, "a", encoding="utf-8") as file:
            file.writelines("%s %s %s\n" % (self.name, key.kind, key.blob) for key in keys)
        self.module.atomic_move(copy, self.path)


def scan(module: AnsibleModule) -> list[HostKey]:
    """The keys that the server has; waits until it answers."""
    name, port = module.params["name"], module.params["port"]
    command = [module.get_bin_path("ssh-keyscan", True), "-T", "5", "-p", str(port), "-t", TYPES, "--", name]
    deadline = time.monotonic() + module.params["timeout"]
    while True:
        keys = parse_keys(module.run_command(command)[1])
        if keys:
            return keys
        if time.monotonic() > deadline:
            module.fail_json(msg="no SSH server answers at %s, port %d, within %d seconds" % (name, port, module.params["timeout"]))
        time.sleep(1)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True}, "port": {"type": "int", "default": 22}, "path": {"type": "path", "required": True},
            "fingerprints": {"type": "list", "elements": "str", "required": True, "no_log": False}, "replaced": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 120}},
        supports_check_mode=True)
    file = KnownHosts(module)
    before = known = file.keys()
    wanted = module.params["fingerprints"]
    if module.params["replaced"] and not wanted:
        known = []
    elif wanted and not is_known(known, wanted):
        try:
            known = choose([] if module.params["replaced"] else known, scan(module), wanted, file.name) or known
        except HostKeyError as error:
            module.fail_json(msg="%s to %s." % (error, module.params["path"]))
    if known != before:
        file.replace(known)
    told = [{"keys": [key.fingerprint for key in keys]} for keys in (before, known)]
    module.exit_json(changed=known != before, keys=told[1]["keys"], diff={"before": told[0], "after": told[1]})


if __name__ == "__main__":
    main()
