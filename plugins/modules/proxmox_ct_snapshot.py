#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxmox_ct_snapshot
short_description: Manage snapshots of containers of Proxmox VE
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Makes and removes snapshots, and rolls a container back to one. The list of snapshots is always returned.
  - Fails before it changes anything when a storage of the container can not make snapshots.
extends_documentation_fragment:
  - gti.lakehouse.proxmox
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_proxmox
options:
  state:
    description:
      - V(present) and V(absent) mean that the snapshot is there, or not.
      - V(rolled_back) puts the container back to the snapshot each time; everything since is lost.
    type: str
    choices: [present, absent, rolled_back]
    default: present
  vmid:
    description:
      - Number of the container.
    type: int
  hostname:
    description:
      - Name of the container, when O(vmid) is not given; else a safeguard, it must be the name of that container.
    type: str
  name:
    description:
      - Name of the snapshot.
    type: str
    required: true
  description:
    description:
      - Text of the snapshot; left alone when not given.
    type: str
  start:
    description:
      - Whether the container runs after a roll-back, which stops it. By default it does when it did before.
    type: bool
  lock_timeout:
    description:
      - Seconds to wait for a lock that another operation holds on the container.
    type: int
    default: 60
  timeout:
    description:
      - Seconds to wait for each task.
    type: int
    default: 600
seealso:
  - module: gti.lakehouse.proxmox_ct
  - module: gti.lakehouse.proxmox_ct_info
"""

EXAMPLES = r"""
- name: Remember the state before an upgrade
  gti.lakehouse.proxmox_ct_snapshot:
    api_host: pve.example.test
    api_user: lakehouse@pve
    api_token_id: provision
    api_token_secret: "{{ vault_proxmox_token_secret }}"
    hostname: superset
    name: before_upgrade
    description: Superset 3.0

- name: Go back
  gti.lakehouse.proxmox_ct_snapshot:
    hostname: superset
    name: before_upgrade
    state: rolled_back

- name: Forget it
  gti.lakehouse.proxmox_ct_snapshot:
    hostname: superset
    name: before_upgrade
    state: absent
"""

RETURN = r"""
vmid:
  description: Number of the container.
  returned: success
  type: int
  sample: 115
status:
  description: Whether the container is V(running) or V(stopped) now.
  returned: success
  type: str
  sample: running
snapshots:
  description: The container's snapshots, oldest first; in check mode those that are there now.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name.
      type: str
      sample: before_upgrade
    description:
      description: Text.
      type: str
      sample: Superset 3.0
    parent:
      description: Snapshot before it; empty for the first one.
      type: str
      sample: ""
    time:
      description: When it was made, in seconds since 1970.
      type: int
      sample: 1795449867
changes:
  description: The calls that were made, or in check mode would be.
  returned: always
  type: list
  elements: dict
  sample: [{call: POST nodes/pve/lxc/115/snapshot, keys: [before_upgrade]}]
tasks:
  description: Tasks of Proxmox VE that were waited for; see M(gti.lakehouse.proxmox_ct).
  returned: success
  type: list
  elements: dict
  sample: [{upid: "UPID:pve:00004290:000A21F3:6B046434:vzsnapshot:115:lakehouse@pve!provision:", type: vzsnapshot, exitstatus: OK, seconds: 0.4}]
log:
  description: Last lines of the log of a failed task.
  returned: when a task failed
  type: list
  elements: str
  sample: ["TASK ERROR: snapshot feature is not available"]
"""

from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client, PveError, Task, UncertainError, is_upid
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import Guest
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.guest import locate, read
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.module import create_client, create_module, fail
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.rights import check_needs
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.snapshot import (
    SnapshotWish, list_snapshots, parse_snapshot_wish, plan_snapshot)
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step, converge

PRIVILEGES = {"rollback": ("VM.Snapshot", "VM.Snapshot.Rollback"), "start": ("VM.PowerMgmt",)}


def argument_spec() -> dict[str, Any]:
    """The module's own options."""
    return {
        "state": {"type": "str", "choices": ["present", "absent", "rolled_back"], "default": "present"},
        "vmid": {"type": "int"},
        "hostname": {"type": "str"},
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "start": {"type": "bool"},
        "lock_timeout": {"type": "int", "default": 60},
        "timeout": {"type": "int", "default": 600},
    }


class Snapshots:
    """One container's snapshots, on their way to the declared state."""

    def __init__(self, client: Client, wish: SnapshotWish, guest: Guest, timeout: int) -> None:
        self.client = client
        self.wish = wish
        self.guest = guest
        self.timeout = timeout
        self.snapshots = list_snapshots(client, guest)
        self.done: list[Step] = []
        self.tasks: list[Task] = []

    def plan(self) -> tuple[Step, ...]:
        """The calls that are left to make."""
        return plan_snapshot(self.wish, self.guest, self.snapshots)

    def look_again(self, step: Step) -> None:
        """Read everything afresh."""
        self.guest = read(self.client, self.guest)
        self.snapshots = list_snapshots(self.client, self.guest)

    def act(self, step: Step) -> None:
        """Make one call, wait for its task, read afresh."""
        try:
            answer = self.client.write(step.method, step.path, step.params)
            if is_upid(answer):
                self.tasks.append(self.client.wait(answer, self.timeout))
        except UncertainError as error:
            if step.kind == "rollback":
                # Not told apart from one that never began, and a second one could cost newer data: a person must look.
                raise PveError("the roll-back may or may not have happened: %s" % error, error.status) from error
            raise
        self.done.append(step)
        if step.kind == "rollback":
            run = self.guest.running if self.wish.start is None else self.wish.start
            self.wish = replace(self.wish, rolled_back=True, start=run)
        self.look_again(step)

    def check(self, steps: tuple[Step, ...]) -> None:
        """Refuse what can not work before the first write."""
        path = "/vms/%d" % self.guest.vmid
        check_needs(self.client, sorted({(PRIVILEGES.get(step.kind, ("VM.Snapshot",)), (path,)) for step in steps}))
        if any(step.kind == "snapshot" for step in steps):
            feature = self.client.get("nodes/%s/lxc/%d/feature" % (self.guest.node, self.guest.vmid), feature="snapshot")
            if not int(feature["hasFeature"]):
                raise PlanError("container %d can not be snapshot: a volume is on a storage without snapshots, or is a bind mount" % self.guest.vmid)


def find_container(module: AnsibleModule, client: Client) -> Guest:
    """The container, which must be there."""
    vmid, hostname = module.params["vmid"], module.params["hostname"] or ""
    guest = locate(client, vmid, hostname)
    if not guest.exists:
        raise PlanError("there is no container %s" % (vmid or hostname))
    guest = read(client, guest)
    if hostname and guest.settled["hostname"].lower() != hostname.lower():
        raise PlanError("vmid %d belongs to the container %r, not to %r" % (vmid, guest.settled["hostname"], hostname))
    return guest


def main() -> None:
    module = create_module(argument_spec(), required_one_of=[("vmid", "hostname")])
    work = None
    try:
        wish = parse_snapshot_wish(module.params)
        client = create_client(module)
        client.lock_timeout = module.params["lock_timeout"]
        work = Snapshots(client, wish, find_container(module, client), module.params["timeout"])
        before = [snapshot["name"] for snapshot in work.snapshots]
        steps = work.plan()
        if steps and not module.check_mode:
            work.check(steps)
            converge(client, work.plan, work.act, work.look_again, work.done)
    except (PlanError, PveError) as error:
        done = [step.describe() for step in work.done] if work else []
        fail(module, error, changes=done, changed=bool(done))
    for task in work.tasks:
        for warning in task.warnings:
            module.warn(warning)
    after = [name for name in before if name != wish.name]
    if wish.state != "absent":
        after = before if wish.name in before else before + [wish.name]
    module.exit_json(
        changed=bool(steps), vmid=work.guest.vmid, status=work.guest.status, snapshots=work.snapshots,
        tasks=[task.as_result() for task in work.tasks], changes=[step.describe() for step in (steps if module.check_mode else work.done)],
        diff={"before": {"snapshots": before}, "after": {"snapshots": after}})


if __name__ == "__main__":
    main()
