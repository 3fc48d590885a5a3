#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_lockout
short_description: Lock out the users of a MinIO server that nobody names any more
version_added: 0.4.0
description:
  - Disables every other user than those named. Their policies and what they stored stay, and M(gti.lakehouse.minio_user) enables them again.
  - The root account is no user of MinIO's, so it is never locked out.
author:
  - The gti.lakehouse authors (@gti)
extends_documentation_fragment:
  - gti.lakehouse.lockout
  - gti.lakehouse.minio
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_minio
seealso:
  - module: gti.lakehouse.minio_user
"""

EXAMPLES = r"""
- name: Lock out who is in no list any more
  gti.lakehouse.minio_lockout:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    keep: [spark, trino]
  delegate_to: localhost
"""

RETURN = r"""
locked:
  description: The users that were locked out, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [report-builder]
code:
  description: Name that the server gives to the error.
  returned: when the server refuses
  type: str
  sample: AccessDenied
"""

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import user_plan as plans
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import create_module, run


def manage(module, connection):
    found = plans.forgotten(json.loads(connection.admin.user_list()), module.params["keep"], module.params["keep_prefixes"])
    if not module.check_mode:
        for name in found:
            connection.admin.user_disable(name)
    result = {"changed": bool(found), "locked": found}
    if found:
        before, after = ({name: {"enabled": enabled} for name in found} for enabled in (True, False))
        result["diff"] = {"before_header": "users", "after_header": "users", "before": before, "after": after}
    return result


def main():
    module = create_module(
        argument_spec={
            "keep": {"type": "list", "elements": "str", "required": True},
            "keep_prefixes": {"type": "list", "elements": "str", "default": []},
        },
    )
    run(module, lambda connection: manage(module, connection))


if __name__ == "__main__":
    main()
