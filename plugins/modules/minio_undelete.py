#!/usr/bin/python

# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_undelete
short_description: Bring back deleted objects of a versioned bucket
version_added: 0.3.0
description:
  - Finds the objects below a prefix that were deleted, and of which the bucket still has a version, and removes their delete markers, so that
    the newest version counts again. Objects that are there, and versions, are never touched.
  - A deletion of many objects takes a while. Those that were deleted long before the last one belong to another deletion, and stay deleted.
author:
  - The gti.lakehouse authors (@gti)
options:
  bucket:
    description:
      - Name of the bucket.
    type: str
    required: true
  prefix:
    description:
      - What the keys begin with. Without O(match) it has a slash at the end, as in V(warehouse/gold.db/sales-1f0c/).
    type: str
    required: true
  match:
    description:
      - A regular expression that a key has to match from its beginning; of the others nothing is told, and none is brought back.
    type: str
  minutes:
    description:
      - An object is brought back when it was deleted no more than so many minutes before the last one below the prefix.
    type: int
    default: 60
extends_documentation_fragment:
  - gti.lakehouse.minio
  - gti.lakehouse.attributes
  - gti.lakehouse.attributes.actiongroup_minio
notes:
  - To remove a delete marker takes the right C(s3:DeleteObjectVersion), which in this collection the root account has, and C(forget) for
    tables' metadata.
seealso:
  - module: gti.lakehouse.minio_bucket
"""

EXAMPLES = r"""
- name: Bring back the files of a dropped table
  gti.lakehouse.minio_undelete:
    endpoint: https://minio.example.org:9000
    access_key: "{{ minio_root_user }}"
    secret_key: "{{ minio_root_password }}"
    ca_path: /etc/ssl/certs/site-ca.pem
    bucket: datalake
    prefix: warehouse/gold.db/sales-1f0c/
  delegate_to: localhost
"""

RETURN = r"""
restored:
  description: Keys of the objects that were brought back, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [warehouse/gold.db/sales-1f0c/metadata/00002-5a.metadata.json]
present:
  description: Keys of the objects below the prefix that are there, those that were brought back among them.
  returned: success
  type: list
  elements: str
  sample: [warehouse/gold.db/sales-1f0c/metadata/00002-5a.metadata.json]
lost:
  description: How many keys were deleted and have no version any more, since the bucket's lifecycle has taken it.
  returned: success
  type: int
  sample: 0
code:
  description: Name that the server gives to the error.
  returned: when the server refuses
  type: str
  sample: AccessDenied
"""

import re

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import undelete as minio_undelete
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import Refused, create_module, run


def undelete(connection, params, check_mode):
    if not params["match"] and not params["prefix"].endswith("/"):
        raise Refused("prefix %r has no slash at its end: it would also take what only begins alike" % params["prefix"])
    found = connection.s3.list_objects(params["bucket"], prefix=params["prefix"], recursive=True, include_version=True)
    plan = minio_undelete.plan((version for version in found if re.match(params["match"] or "", version.object_name)), params["minutes"])
    if not check_mode:
        for key, markers in plan.markers.items():
            for marker in markers:
                connection.s3.remove_object(params["bucket"], key, version_id=marker)
    result = {"changed": bool(plan.markers), "restored": sorted(plan.markers), "present": sorted([*plan.present, *plan.markers]), "lost": plan.lost}
    if plan.markers:
        result["diff"] = {"before": {"deleted": len(plan.markers)}, "after": {"deleted": 0}}
    return result


def main():
    module = create_module(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "match": {"type": "str"},
            "minutes": {"type": "int", "default": 60},
        },
    )
    run(module, lambda connection: undelete(connection, module.params, module.check_mode))


if __name__ == "__main__":
    main()
