#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxmox_ct
short_description: Manage containers (CTs) of Proxmox VE
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - States everything about a container in one task, from nothing to running; a second run changes nothing and writes nothing.
  - An option that is left out is left alone, and so is a sub-option of a network card, of a mount and of the root file system.
    V(false), V(0) or an empty text takes one away. O(features) and O(startup) are stated as a whole.
  - A change that waits for the next start is taken back before the same key is changed again.
  - What the token may not do, and what the node does not have (storage, template, bridge), makes the module fail before it changes
    anything, in check mode too.
  - Changes that a running container can not take at once wait for its next start; see RV(pending) and RV(restart_required).
  - Volumes only ever grow. What can not be changed in place (the storage of a volume, O(unprivileged)) makes the module fail
    before it changes anything.
extends_documentation_fragment:
  - gti.lakehouse.proxmox
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_proxmox
options:
  state:
    description:
      - V(present) means that the container exists as declared; whether it runs is left alone, and a new one is not started.
      - V(started) and V(stopped) mean the same, and running or not.
      - V(restarted) restarts it each time; a stopped one is started.
      - V(absent) removes it with its volumes. A running one is only removed with O(force), a protected one never.
    type: str
    choices: [present, started, stopped, restarted, absent]
    default: present
  vmid:
    description:
      - Number of the container.
      - Without it, the container is found by O(hostname); a new one takes the next free number.
    type: int
  hostname:
    description:
      - Name of the container, a DNS name.
      - Needed to create one. When O(vmid) belongs to a container of another name, the module fails unless O(rename) is set.
    type: str
  rename:
    description:
      - Change the name of the container with number O(vmid) to O(hostname).
    type: bool
    default: false
  node:
    description:
      - Node on which a new container is created; may be left out when there is only one.
      - An existing container is found wherever it is, and never moved.
    type: str
  ostemplate:
    description:
      - Template of a new container, like V(local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst).
      - Used at creation only.
    type: str
  unprivileged:
    description:
      - Whether the container runs in a user namespace of its own. A new one does unless this says otherwise.
      - It can not be changed; the module fails when an existing container differs.
    type: bool
  ssh_public_keys:
    description:
      - Public keys of the container's root user.
      - Used at creation only; the API never shows them again.
    type: list
    elements: str
  password:
    description:
      - Password of the container's root user, in clear or as a crypt hash (V($6$...)), at least 5 characters.
      - Used at creation only; the API never shows it again.
    type: str
  pool:
    description:
      - Resource pool of the container. One without a pool is added; one of another pool stays there, with a warning, unless O(pool_move).
    type: str
  pool_move:
    description:
      - Take the container out of another pool into O(pool).
    type: bool
    default: false
  cores:
    description:
      - Number of CPU cores; V(0) means all of the node's.
    type: int
  cpulimit:
    description:
      - Limit of CPU time in cores, like V(1.5); V(0) means none.
    type: float
  cpuunits:
    description:
      - Weight of the container when CPU time is short, 1 to 10000.
    type: int
  memory:
    description:
      - Memory in MiB.
    type: int
  swap:
    description:
      - Swap in MiB.
    type: int
  rootfs:
    description:
      - The root file system. A new container needs O(rootfs.storage) and O(rootfs.size_gib).
    type: dict
    suboptions:
      storage:
        description:
          - Storage of the volume. Moving a volume is left to Proxmox VE's own move; the module fails when an existing one is elsewhere.
        type: str
      size_gib:
        description:
          - Size in GiB, in steps of 1 MiB. A smaller volume is grown, a larger one makes the module fail.
        type: float
      options: &options
        description:
          - Mount options.
        type: list
        elements: str
        choices: [discard, lazytime, noatime, nodev, noexec, nosuid]
      acl: &acl
        description:
          - Turn POSIX ACLs on or off instead of leaving it to the file system.
        type: bool
      quota: &quota
        description:
          - User quotas inside the container.
        type: bool
      replicate: &replicate
        description:
          - Whether replication jobs include the volume. They do unless this is V(false).
        type: bool
      ro: &ro
        description:
          - Mount it read-only.
        type: bool
      shared: &shared
        description:
          - Declare that the volume is available on all nodes.
        type: bool
  mounts:
    description:
      - Further volumes. An unlisted one is left alone unless O(purge_mounts).
      - Removing or replacing one keeps its data as an unused volume of the container; the module never deletes those.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - Name of the mount point in the API, V(mp0) to V(mp255).
        type: str
        required: true
      path:
        description:
          - Where it is mounted in the container.
        type: str
        required: true
      storage:
        description:
          - Storage of the volume; needed for a new one.
        type: str
      size_gib:
        description:
          - Size in GiB; needed for a new one. See O(rootfs.size_gib).
        type: float
      host_path:
        description:
          - A folder of the node to mount instead of a volume. Proxmox VE allows this to V(root@pam) with its password only.
        type: str
      backup:
        description:
          - Whether backups include the volume. They do not unless this is V(true).
        type: bool
      keepattrs:
        description:
          - Take owner and permissions from the mount point's folder.
        type: bool
      options: *options
      acl: *acl
      quota: *quota
      replicate: *replicate
      ro: *ro
      shared: *shared
  purge_mounts:
    description:
      - Detach mounts that O(mounts) does not list. Their volumes stay as unused ones.
    type: bool
    default: false
  networks:
    description:
      - Network cards. An unlisted one is left alone unless O(purge_networks).
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - Name of the card in the API, V(net0) to V(net31).
        type: str
        required: true
      name:
        description:
          - Its name in the container; a new card is V(eth0) for V(net0) and so on unless given.
        type: str
      bridge:
        description:
          - Bridge or virtual network of the node.
        type: str
        required: true
      ip:
        description:
          - IPv4 address with prefix length, or V(dhcp), or V(manual).
        type: str
      gw:
        description:
          - IPv4 gateway.
        type: str
      ip6:
        description:
          - IPv6 address with prefix length, or V(auto), V(dhcp), V(manual).
        type: str
      gw6:
        description:
          - IPv6 gateway.
        type: str
      hwaddr:
        description:
          - MAC address. Left out, a card keeps the one it has.
        type: str
      tag:
        description:
          - VLAN.
        type: int
      trunks:
        description:
          - VLANs to pass through.
        type: list
        elements: int
      mtu:
        description:
          - Largest packet size.
        type: int
      rate:
        description:
          - Limit in MB/s.
        type: float
      firewall:
        description:
          - Whether the card obeys the firewall of Proxmox VE.
        type: bool
      link_down:
        description:
          - Leave the card unplugged.
        type: bool
      host_managed:
        description:
          - Let the node configure the address instead of the container (Proxmox VE 9.1 and later).
        type: bool
  purge_networks:
    description:
      - Remove cards that O(networks) does not list.
    type: bool
    default: false
  features:
    description:
      - Extra abilities. Proxmox VE lets tokens change V(nesting) only.
    type: dict
    suboptions:
      nesting:
        description:
          - Allow containers in the container; systemd needs it too.
        type: bool
      keyctl:
        description:
          - Allow the keyctl system call.
        type: bool
      fuse:
        description:
          - Allow FUSE file systems.
        type: bool
      mknod:
        description:
          - Allow making certain device nodes.
        type: bool
      force_rw_sys:
        description:
          - Mount /sys writable in an unprivileged container.
        type: bool
      mount:
        description:
          - Types of file systems that may be mounted, like V(nfs).
        type: list
        elements: str
  tags:
    description:
      - Tags, as a set; Proxmox VE writes them in lower case.
    type: list
    elements: str
  nameservers:
    description:
      - Addresses of name servers, in order; an empty list means the node's.
    type: list
    elements: str
  searchdomains:
    description:
      - Search domains, in order; an empty list means the node's.
    type: list
    elements: str
  timezone:
    description:
      - Time zone, V(host) for the node's, or empty for the template's.
    type: str
  ostype:
    description:
      - Kind of system, which Proxmox VE otherwise detects at creation.
    type: str
    choices: [alpine, archlinux, centos, debian, devuan, fedora, gentoo, nixos, opensuse, ubuntu, unmanaged]
  startup:
    description:
      - Order of starting and stopping with the node.
    type: dict
    suboptions:
      order:
        description:
          - Place in the order; lower ones start earlier and stop later.
        type: int
      up:
        description:
          - Seconds to wait after its start before the next one.
        type: int
      down:
        description:
          - Seconds to wait for its shutdown before the next one.
        type: int
  onboot:
    description:
      - Start it with the node.
    type: bool
  protection:
    description:
      - Forbid removing the container and changing its volumes. A task that turns this on or off writes it after, or before, its other changes.
    type: bool
  description:
    description:
      - Notes shown in the web interface; an empty text removes them.
    type: str
  restart_if_pending:
    description:
      - With O(state=started), restart a running container when changes wait for that.
    type: bool
    default: false
  force:
    description:
      - With O(state=absent), remove a running container. With O(state=stopped), pull the plug instead of shutting down.
    type: bool
    default: false
  purge:
    description:
      - With O(state=absent), also take the container out of backup, replication and high availability jobs.
    type: bool
    default: false
  shutdown_timeout:
    description:
      - Seconds that the container has to shut down before it is stopped.
    type: int
    default: 60
  lock_timeout:
    description:
      - Seconds to wait for a lock that another operation holds on the container.
    type: int
    default: 60
  timeouts:
    description:
      - Seconds to wait for each kind of task.
    type: dict
    default: {}
    suboptions:
      create:
        description:
          - Creating the container.
        type: int
        default: 600
      start:
        description:
          - Starting it.
        type: int
        default: 120
      shutdown:
        description:
          - Stopping it, on top of O(shutdown_timeout).
        type: int
        default: 60
      resize:
        description:
          - Growing a volume.
        type: int
        default: 600
      destroy:
        description:
          - Removing it.
        type: int
        default: 300
  abort_on_timeout:
    description:
      - Abort a task that takes too long instead of leaving it running.
    type: bool
    default: false
seealso:
  - module: gti.lakehouse.proxmox_ct_info
  - module: gti.lakehouse.proxmox_ct_snapshot
  - module: gti.lakehouse.proxmox_template
"""

EXAMPLES = r"""
- name: Set the connection once for all tasks of a play
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/gti.lakehouse.proxmox:
      api_host: pve.example.test
      api_user: lakehouse@pve
      api_token_id: provision
      api_token_secret: "{{ vault_proxmox_token_secret }}"
      ca_path: /etc/ssl/certs/site-ca.pem
  tasks:
    - name: A running container with a data volume of its own
      gti.lakehouse.proxmox_ct:
        vmid: 109
        hostname: kafka
        node: pve
        state: started
        ostemplate: local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst
        unprivileged: true
        features:
          nesting: true
        cores: 4
        memory: 8192
        swap: 512
        rootfs:
          storage: local-lvm
          size_gib: 16
        mounts:
          - id: mp0
            storage: local-lvm
            size_gib: 100
            path: /var/lib/datalake
            backup: true
        networks:
          - id: net0
            bridge: vmbr0
            ip: 192.0.2.109/24
            gw: 192.0.2.1
        nameservers: [192.0.2.30]
        searchdomains: [example.test]
        tags: [lakehouse, kafka]
        onboot: true
        startup:
          order: 2
          up: 10
        ssh_public_keys:
          - "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"

    - name: Grow its data volume and add a tag, leaving everything else alone
      gti.lakehouse.proxmox_ct:
        hostname: kafka
        mounts:
          - id: mp0
            size_gib: 150
            path: /var/lib/datalake
            backup: true
        tags: [lakehouse, kafka, prod]

    - name: Take changes that wait for a restart into effect
      gti.lakehouse.proxmox_ct:
        hostname: kafka
        state: started
        nameservers: [192.0.2.31]
        restart_if_pending: true

    - name: Remove it
      gti.lakehouse.proxmox_ct:
        vmid: 109
        hostname: kafka
        state: absent
        force: true
"""

RETURN = r"""
created:
  description: Whether the container was, or in check mode would be, created by this task.
  returned: success
  type: bool
  sample: false
vmid:
  description: Number of the container. In check mode, none for a new container without O(vmid).
  returned: success
  type: int
  sample: 109
node:
  description: Node on which the container is, or would be created.
  returned: success
  type: str
  sample: pve
hostname:
  description: Name of the container.
  returned: success
  type: str
  sample: kafka
status:
  description: Whether the container is V(running), V(stopped) or V(absent) now.
  returned: success
  type: str
  sample: running
config:
  description: The whole configuration, in the words of the module's options; what waits for a restart is included.
  returned: when the container exists
  type: dict
  sample:
    cores: 4
    features: {nesting: true}
    hostname: kafka
    memory: 8192
    networks:
      - {bridge: vmbr0, gw: 192.0.2.1, hwaddr: "BC:24:11:AA:BB:CC", id: net0, ip: 192.0.2.109/24, name: eth0}
    rootfs: {size_gib: 16, storage: local-lvm, volume: "local-lvm:vm-109-disk-0"}
    tags: [kafka, lakehouse]
changes:
  description: The calls that were made, or in check mode would be, and which keys of the API they change. Values are left out.
  returned: always
  type: list
  elements: dict
  contains:
    call:
      description: Method and path.
      type: str
      sample: PUT nodes/pve/lxc/109/config
    keys:
      description: Keys that it sets or deletes.
      type: list
      elements: str
      sample: [tags]
pending:
  description: Keys of the API with a change that waits for a restart.
  returned: success
  type: list
  elements: str
  sample: [nameserver]
restart_required:
  description: Whether the running container must be restarted for all of its configuration to hold.
  returned: success
  type: bool
  sample: true
tasks:
  description: Tasks of Proxmox VE that were waited for.
  returned: success
  type: list
  elements: dict
  contains:
    upid:
      description: Id of the task.
      type: str
      sample: "UPID:pve:000032C0:0009902B:6B0462BF:vzcreate:109:lakehouse@pve!provision:"
    type:
      description: Kind of the task.
      type: str
      sample: vzcreate
    exitstatus:
      description: V(OK), or V(WARNINGS) with their number; those are shown as warnings too.
      type: str
      sample: OK
    seconds:
      description: How long it was waited for.
      type: float
      sample: 3.4
ip_addresses:
  description: Addresses that the running container has right now, without loopback and link-local ones. Just after a start there may be none yet.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.109]
errors:
  description: What the API said about single parameters.
  returned: when a call failed
  type: dict
  sample: {net1: "unable to hotplug net1: bridge 'vmbr77' does not exist"}
upid:
  description: Id of the task that failed or took too long.
  returned: when a task failed
  type: str
  sample: "UPID:pve:00004623:000A8302:6B04652C:vzstart:115:lakehouse@pve!provision:"
exitstatus:
  description: How the failed task ended, in its own words.
  returned: when a task failed
  type: str
  sample: bridge 'vmbr77' does not exist
log:
  description: Last lines of the log of the task that failed or took too long.
  returned: when a task failed
  type: list
  elements: str
  sample: ["TASK ERROR: startup for container '115' failed"]
written:
  description: Keys that were changed although the API refused the call; it may fail after it has written.
  returned: when a change of the configuration failed and left something behind
  type: list
  elements: str
  sample: [memory]
host_keys:
  description:
    - Fingerprints of the SSH host keys that Proxmox VE made for the container, from the log of the task that created it.
    - Empty when that log is not there any more, is not the token's own and it lacks Sys.Audit on the node, or when the container
      came from a backup or a clone, which bring keys of their own.
  returned: when the container exists
  type: list
  elements: str
  sample: ["SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE"]
reverted:
  description: Keys of a failed hot change that were taken back, so that they do not wait for the next restart.
  returned: when a hot change failed
  type: list
  elements: str
  sample: [net1]
hint:
  description: What can be done about a known error.
  returned: when a known error happened
  type: str
  sample: grant VM.Allocate on /vms/109 to the token, and to its user when the token has privilege separation
"""

from typing import Any

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.actor import TIMEOUTS, Actor, Outcome
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import PveError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.config import describe_config
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.guest import read_addresses, read_host_keys
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.module import create_client, create_module, fail
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.wish import parse_wish

MOUNT_OPTIONS = ["discard", "lazytime", "noatime", "nodev", "noexec", "nosuid"]
OSTYPES = ["alpine", "archlinux", "centos", "debian", "devuan", "fedora", "gentoo", "nixos", "opensuse", "ubuntu", "unmanaged"]


def _options(kind: str, *names: str) -> dict[str, Any]:
    return {name: {"type": kind} for name in names}


def argument_spec() -> dict[str, Any]:
    """The module's own options."""
    words = {"type": "list", "elements": "str"}
    volume = dict(
        _options("bool", "acl", "quota", "replicate", "ro", "shared"), storage={"type": "str"}, size_gib={"type": "float"},
        options=dict(words, choices=MOUNT_OPTIONS))
    mount = dict(
        volume, **_options("bool", "backup", "keepattrs"), id={"type": "str", "required": True}, path={"type": "str", "required": True},
        host_path={"type": "str"})
    network = dict(
        _options("str", "name", "ip", "gw", "ip6", "gw6", "hwaddr"), **_options("bool", "firewall", "link_down", "host_managed"),
        **_options("int", "tag", "mtu"), id={"type": "str", "required": True}, bridge={"type": "str", "required": True},
        trunks={"type": "list", "elements": "int"}, rate={"type": "float"})
    timeouts = {name: {"type": "int", "default": TIMEOUTS[name]} for name in ("create", "start", "shutdown", "resize", "destroy")}
    flag = {"type": "bool", "default": False}
    return dict(
        _options("str", "hostname", "node", "ostemplate", "pool", "timezone", "description"),
        **_options("int", "vmid", "cores", "cpuunits", "memory", "swap"), **_options("bool", "unprivileged", "onboot", "protection"),
        **{name: flag for name in (
            "rename", "pool_move", "purge_mounts", "purge_networks", "restart_if_pending", "force", "purge", "abort_on_timeout")},
        state={"type": "str", "choices": ["present", "started", "stopped", "restarted", "absent"], "default": "present"},
        cpulimit={"type": "float"},
        password={"type": "str", "no_log": True},
        ssh_public_keys=dict(words, no_log=False),
        ostype={"type": "str", "choices": OSTYPES},
        rootfs={"type": "dict", "options": volume},
        mounts={"type": "list", "elements": "dict", "options": mount, "mutually_exclusive": [("storage", "host_path")]},
        networks={"type": "list", "elements": "dict", "options": network},
        features={"type": "dict", "options": dict(_options("bool", "nesting", "keyctl", "fuse", "mknod", "force_rw_sys"), mount=words)},
        startup={"type": "dict", "options": _options("int", "order", "up", "down")},
        tags=words,
        nameservers=words,
        searchdomains=words,
        shutdown_timeout={"type": "int", "default": 60},
        lock_timeout={"type": "int", "default": 60},
        timeouts={"type": "dict", "default": {}, "options": timeouts},
    )


def result_of(outcome: Outcome, addresses: list[str], host_keys: list[str]) -> dict[str, Any]:
    """What the module returns."""
    guest, plan = outcome.guest, outcome.plan
    result = {
        "changed": bool(outcome.done),
        "created": any(step.kind == "create" for step in outcome.done),
        "vmid": guest.vmid,
        "node": guest.node,
        "hostname": guest.settled.get("hostname", ""),
        "status": guest.status or "absent",
        "changes": [step.describe() for step in outcome.done],
        "pending": list(guest.pending) if guest.running else [],
        "restart_required": plan.restart_required,
        "tasks": [task.as_result() for task in outcome.tasks],
        "ip_addresses": addresses,
        "diff": {"before": plan.before, "after": plan.after},
    }
    if guest.exists:
        result.update(config=describe_config(guest.future), host_keys=host_keys)
    return result


def main() -> None:
    module = create_module(argument_spec(), required_one_of=[("vmid", "hostname")])
    actor = None
    try:
        wish = parse_wish(module.params)
        client = create_client(module)
        client.lock_timeout = module.params["lock_timeout"]
        actor = Actor(client, wish, module.params["timeouts"], module.params["abort_on_timeout"])
        outcome = actor.converge(module.check_mode)
        result = result_of(outcome, read_addresses(client, outcome.guest), read_host_keys(client, outcome.guest))
    except (PlanError, PveError) as error:
        done = [step.describe() for step in actor.done] if actor else []
        fail(module, error, changes=done, changed=bool(done))
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
