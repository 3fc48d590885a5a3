# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

READ = ["s3:GetObject"]
WRITE = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]


def s3_policies(users):
    """Turn each user's grants into a policy of the user's name.

    :param users: list of dicts ``name`` and ``grants``, each grant with ``bucket``, ``read`` and ``write`` (prefixes).
    :returns: list of dicts ``name`` and ``document``; users without grants give none.
    """
    return [
        {"name": user["name"], "document": _document(user["name"], user["grants"])} for user in users if user.get("grants")
    ]


def _document(user, grants):
    statements = []
    for grant in grants:
        read, write = grant.get("read") or [], grant.get("write") or []
        for prefix in read + write:
            if not prefix.endswith("/") or prefix.startswith("/") or "*" in prefix or "?" in prefix:
                raise AnsibleFilterError(f"grants of user {user}: {prefix!r} is no prefix; it must end with a slash, as in raw/, and hold no wildcard")
        if not read and not write:
            raise AnsibleFilterError(f"grants of user {user}: the one for bucket {grant['bucket']} names neither read nor write")
        statements += _statements(f"arn:aws:s3:::{grant['bucket']}", read, write)
    return {"Version": "2012-10-17", "Statement": statements}


def _statements(bucket, read, write):
    on_bucket = ["s3:GetBucketLocation"] + (["s3:ListBucketMultipartUploads"] if write else [])
    yield {"Effect": "Allow", "Action": on_bucket, "Resource": [bucket]}
    # Hadoop asks for a folder by its name without the slash too, so both forms are granted.
    listed = [form for prefix in read + write for form in (prefix[:-1], prefix + "*")]
    yield {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket], "Condition": {"StringLike": {"s3:prefix": listed}}}
    for prefixes, actions in ((read, READ), (write, WRITE)):
        if prefixes:
            objects = [f"{bucket}/{form}" for prefix in prefixes for form in (prefix[:-1], prefix + "*")]
            yield {"Effect": "Allow", "Action": actions, "Resource": objects}
    if write:
        # To MinIO, who may delete an object may delete its old versions too, unless that is denied.
        yield {"Effect": "Deny", "Action": ["s3:DeleteObjectVersion"], "Resource": [f"{bucket}/*"]}


class FilterModule:
    """Policies of S3 users."""

    def filters(self):
        return {"s3_policies": s3_policies}
