#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_storage
short_description: Format the log folders of a Kafka node, once
version_added: 0.1.0
description:
  - Makes the log folders of a KRaft node those of a cluster, with the tool that comes with Kafka.
  - Looks first, at the C(meta.properties) of each folder. Only folders in which there is nothing are formatted. Folders of
    another cluster or node, and folders with something in them and no C(meta.properties), are refused, never overwritten.
  - A folder without anything beside formatted ones is a disk that was added; Kafka takes it into use by itself.
author:
  - The gti.lakehouse authors (@gti)
options:
  cluster_id:
    description:
      - Identifier of the cluster, 22 letters of URL-safe base64.
    type: str
    required: true
  node_id:
    description:
      - Number of the node.
    type: int
    required: true
  log_dirs:
    description:
      - The log folders, the one with the cluster's metadata first.
    type: list
    elements: path
    required: true
  config:
    description:
      - The node's file of settings, which names the same folders.
    type: path
    required: true
  kafka_home:
    description:
      - Folder of the installed Kafka, the one that holds C(libs).
    type: path
    required: true
  java:
    description:
      - The Java that runs the tool.
    type: path
    default: /usr/bin/java
  owner:
    description:
      - Account that Kafka runs as, and that the tool is run as.
    type: str
    required: true
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
"""

EXAMPLES = r"""
- name: Format the node's folders
  gti.lakehouse.kafka_storage:
    cluster_id: MDEyMzQ1Njc4OWFiY2RlZg
    node_id: 1
    log_dirs: [/data/kafka]
    config: /etc/kafka/server.properties
    kafka_home: /opt/kafka
    owner: kafka
"""

RETURN = r"""
state:
  description: What was found, V(empty) or V(formatted).
  returned: success
  type: str
  sample: empty
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import storage_state as storage

RUNUSER = "/usr/sbin/runuser"


def format_folders(module):
    params = module.params
    command = [RUNUSER, "-u", params["owner"], "--", params["java"], "-cp", params["kafka_home"] + "/libs/*"]
    command += ["kafka.tools.StorageTool", "format", "--cluster-id", params["cluster_id"], "--config", params["config"]]
    code, output, errors = module.run_command(command)
    if code != 0:
        module.fail_json(msg="Kafka could not format the folders: " + (errors or output).strip(), rc=code)


def main():
    module = AnsibleModule(
        argument_spec={
            "cluster_id": {"type": "str", "required": True},
            "node_id": {"type": "int", "required": True},
            "log_dirs": {"type": "list", "elements": "path", "required": True},
            "config": {"type": "path", "required": True},
            "kafka_home": {"type": "path", "required": True},
            "java": {"type": "path", "default": "/usr/bin/java"},
            "owner": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        state = storage.state_of([storage.look(path) for path in params["log_dirs"]], params["cluster_id"], params["node_id"])
    except storage.Foreign as error:
        module.fail_json(msg=str(error))
    if state == storage.FORMATTED:
        module.exit_json(changed=False, state=state)
    if not module.check_mode:
        format_folders(module)
    after = {"cluster_id": params["cluster_id"], "node_id": params["node_id"]}
    diff = {"before": {path: None for path in params["log_dirs"]}, "after": {path: after for path in params["log_dirs"]}}
    module.exit_json(changed=True, state=state, diff=diff)


if __name__ == "__main__":
    main()
