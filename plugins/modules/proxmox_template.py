#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxmox_template
short_description: Get container templates onto storages of Proxmox VE
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Makes the node fetch a template, from the list of appliances that Proxmox VE knows or from a URL, unless the storage has a file of that name.
  - A file that is there is left as it is. Proxmox VE tells nothing of its content, so a changed template needs a new name.
extends_documentation_fragment:
  - gti.lakehouse.proxmox
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_proxmox
options:
  state:
    description:
      - Whether the template is there.
    type: str
    choices: [present, absent]
    default: present
  node:
    description:
      - Node that fetches it; may be left out when there is only one.
    type: str
  storage:
    description:
      - Storage that holds it; it must allow templates.
    type: str
    default: local
  name:
    description:
      - File name, like V(debian-12-standard_12.7-1_amd64.tar.zst). Without O(url) it must be in the list of appliances.
      - Without it, the last part of O(url).
    type: str
  url:
    description:
      - Where the node fetches it, C(http) or C(https).
    type: str
  checksum:
    description:
      - Checksum of the file as V(ALGORITHM:HEX), like V(sha256:...). A file that differs is not kept. Must be given with O(url).
    type: str
  validate_url_certs:
    description:
      - Whether the server of O(url) must prove who it is.
    type: bool
    default: true
  timeout:
    description:
      - Seconds to wait for the node to fetch or remove it.
    type: int
    default: 1800
seealso:
  - module: gti.lakehouse.proxmox_ct
"""

EXAMPLES = r"""
- name: A template of the list of appliances
  gti.lakehouse.proxmox_template:
    api_host: pve.example.test
    api_user: lakehouse@pve
    api_token_id: provision
    api_token_secret: "{{ vault_proxmox_token_secret }}"
    name: debian-12-standard_12.7-1_amd64.tar.zst

- name: A template of our own
  gti.lakehouse.proxmox_template:
    node: pve
    storage: local
    url: https://mirror.example.test/debian-12-gti_3_amd64.tar.zst
    checksum: sha256:{{ template_sha256 }}
"""

RETURN = r"""
volid:
  description: Volume id of the template, for O(gti.lakehouse.proxmox_ct#module:ostemplate).
  returned: success
  type: str
  sample: local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst
node:
  description: Node that has it.
  returned: success
  type: str
  sample: pve
size:
  description: Size in bytes; V(0) when it is not there (yet).
  returned: success
  type: int
  sample: 126515062
changes:
  description: The calls that were made, or in check mode would be.
  returned: always
  type: list
  elements: dict
  sample: [{call: POST nodes/pve/aplinfo, keys: ["local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"]}]
tasks:
  description: Tasks of Proxmox VE that were waited for; see M(gti.lakehouse.proxmox_ct).
  returned: success
  type: list
  elements: dict
  sample: [{upid: "UPID:pve:000032A6:00098F81:6B0462BD:download:x:lakehouse@pve!provision:", type: download, exitstatus: OK, seconds: 12.1}]
log:
  description: Last lines of the log of a failed task.
  returned: when a task failed
  type: list
  elements: str
  sample: ["TASK ERROR: checksum mismatch"]
"""

from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import PveError, Task, TaskError, is_upid
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.guest import choose_node
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.module import create_client, create_module, fail
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.rights import check_needs
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step, converge
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.template import (
    list_storages, list_templates, parse_template_wish, plan_template, template_needs)


def argument_spec() -> dict[str, Any]:
    """The module's own options."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "node": {"type": "str"},
        "storage": {"type": "str", "default": "local"},
        "name": {"type": "str"},
        "url": {"type": "str"},
        "checksum": {"type": "str"},
        "validate_url_certs": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 1800},
    }


def main() -> None:
    module = create_module(argument_spec(), required_one_of=[("name", "url")], required_by={"url": ["checksum"], "checksum": ["url"]})
    done: list[Step] = []
    tasks: list[Task] = []
    try:
        client = create_client(module)
        wish = parse_template_wish(module.params, choose_node(client, module.params["node"] or ""))
        allowed = {entry["storage"] for entry in list_storages(client, wish.node) if "vztmpl" in entry["content"]}
        if wish.storage not in allowed:
            raise PlanError("storage %r holds no templates, or %s may not see it; these do: %s" % (
                wish.storage, client.connection.identity, ", ".join(sorted(allowed)) or "none"))

        def plan() -> tuple[Step, ...]:
            return plan_template(wish, list_templates(client, wish.node, wish.storage))

        def act(step: Step) -> None:
            try:
                answer = client.write(step.method, step.path, step.params)
                if is_upid(answer):
                    tasks.append(client.wait(answer, module.params["timeout"]))
            except TaskError as error:
                if error.says("refusing to override existing file"):
                    return  # somebody else, or a call of ours whose answer was lost, was faster
                raise
            done.append(step)

        steps = plan()
        changed = bool(steps)
        if steps and not module.check_mode:
            check_needs(client, template_needs(wish, steps))
            converge(client, plan, act, lambda step: None, done)
        size = sum(entry["size"] for entry in list_templates(client, wish.node, wish.storage) if entry["volid"] == wish.volid)
    except (PlanError, PveError) as error:
        fail(module, error, changes=[step.describe() for step in done], changed=bool(done))
    there = {True: "present", False: "absent"}
    wanted = wish.state == "present"
    module.exit_json(
        changed=changed, volid=wish.volid, node=wish.node, size=size, tasks=[task.as_result() for task in tasks],
        changes=[step.describe() for step in (steps if module.check_mode else done)],
        diff={"before": {wish.volid: there[wanted != changed]}, "after": {wish.volid: there[wanted]}})


if __name__ == "__main__":
    main()
