# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and write the aspects of a bucket: between the SDK's objects and the plan's plain dictionaries."""

from __future__ import annotations

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.minio import lifecycle as minio_lifecycle
from ansible_collections.gti.lakehouse.plugins.module_utils.minio.client import Refused

try:
    from minio.commonconfig import ENABLED, Tags
    from minio.deleteobjects import DeleteObject
    from minio.error import S3Error
    from minio.objectlockconfig import ObjectLockConfig
    from minio.sseconfig import Rule as EncryptionRule
    from minio.sseconfig import SSEConfig
    from minio.versioningconfig import VersioningConfig
except ImportError:
    pass  # create_module says so

ALGORITHMS = {"AES256": "sse-s3", "aws:kms": "sse-kms"}


def exists(connection, name):
    try:
        return connection.s3.bucket_exists(name)
    except S3Error as error:
        if error.code == "AccessDenied":
            # That question is answered without a body, so without a reason. This one tells of bad credentials.
            connection.s3.list_buckets()
        raise


def read(connection, name, aspects):
    """Return the state of a bucket in the given aspects, None when it is not there."""
    if not exists(connection, name):
        return None
    state = {}
    if {"object_lock", "retention"} & set(aspects):
        state["object_lock"], state["retention"] = _read_lock(connection, name)
    for aspect in aspects:
        if aspect not in state:
            state[aspect] = READERS[aspect](connection, name)
    return state


def write(connection, name, aspect, value):
    WRITERS[aspect](connection, name, value)


# --- object lock and retention -----------------------------------------------------------------------------

def _read_lock(connection, name):
    try:
        config = connection.s3.get_object_lock_config(name)
    except S3Error as error:
        if error.code == "ObjectLockConfigurationNotFoundError":
            return False, None
        raise
    if not config.mode:
        return True, None
    return True, {"mode": config.mode.lower(), config.duration_unit.lower(): config.duration}


def _write_retention(connection, name, value):
    if value is None:
        connection.s3.delete_object_lock_config(name)
        return
    unit = "days" if "days" in value else "years"
    connection.s3.set_object_lock_config(name, ObjectLockConfig(value["mode"].upper(), value[unit], unit.title()))


# --- versioning --------------------------------------------------------------------------------------------

def _read_versioning(connection, name):
    return connection.s3.get_bucket_versioning(name).status_string.lower()


def _write_versioning(connection, name, value):
    connection.s3.set_bucket_versioning(name, VersioningConfig(value.title()))


def _read_unversioned(connection, name):
    config = connection.s3.get_bucket_versioning(name)
    # An entry that no option can be, so that it differs from any that the module would write.
    folders = ["folders (ExcludeFolders)"] if config.exclude_folders else []
    return sorted(config.excluded_prefixes or []) + folders


def _write_unversioned(connection, name, value):
    connection.s3.set_bucket_versioning(name, VersioningConfig(ENABLED, excluded_prefixes=value))


# --- policy: what the bucket lets others do, strangers above all ---------------------------------------------

def _read_policy(connection, name):
    document = connection.raw(name, "policy", "NoSuchBucketPolicy")
    return json.loads(document) if document else None


def _write_policy(connection, name, dummy):
    connection.s3.delete_bucket_policy(name)


# --- lifecycle ---------------------------------------------------------------------------------------------

def _read_lifecycle(connection, name):
    document = connection.raw(name, "lifecycle", "NoSuchLifecycleConfiguration")
    return minio_lifecycle.rules_from_xml(document) if document else []


def _write_lifecycle(connection, name, value):
    if value:
        connection.s3.set_bucket_lifecycle(name, minio_lifecycle.to_config(value))
    else:
        connection.s3.delete_bucket_lifecycle(name)


# --- quota, encryption, tags -------------------------------------------------------------------------------

def _read_quota(connection, name):
    answer = json.loads(connection.admin.bucket_quota_get(name))
    return answer.get("size") or answer.get("quota") or 0


def _write_quota(connection, name, value):
    connection.admin.bucket_quota_set(name, value)


def _read_encryption(connection, name):
    config = connection.s3.get_bucket_encryption(name)
    if config is None:
        return None
    return {"algorithm": ALGORITHMS[config.rule.sse_algorithm], "key": config.rule.kms_master_key_id}


def _write_encryption(connection, name, value):
    if value is None:
        connection.s3.delete_bucket_encryption(name)
    elif value["algorithm"] == "sse-kms":
        connection.s3.set_bucket_encryption(name, SSEConfig(EncryptionRule.new_sse_kms_rule(value["key"])))
    else:
        connection.s3.set_bucket_encryption(name, SSEConfig(EncryptionRule.new_sse_s3_rule()))


def _tags(tags):
    result = Tags.new_bucket_tags()
    result.update(tags)
    return result


def _read_tags(connection, name):
    return dict(connection.s3.get_bucket_tags(name) or {})


def _write_tags(connection, name, value):
    if value:
        connection.s3.set_bucket_tags(name, _tags(value))
    else:
        connection.s3.delete_bucket_tags(name)


READERS = {
    "versioning": _read_versioning,
    "unversioned_prefixes": _read_unversioned,
    "policy": _read_policy,
    "lifecycle": _read_lifecycle,
    "quota": _read_quota,
    "encryption": _read_encryption,
    "tags": _read_tags,
}

WRITERS = {
    "versioning": _write_versioning,
    "unversioned_prefixes": _write_unversioned,
    "retention": _write_retention,
    "policy": _write_policy,
    "lifecycle": _write_lifecycle,
    "quota": _write_quota,
    "encryption": _write_encryption,
    "tags": _write_tags,
}


# --- removal -----------------------------------------------------------------------------------------------

def is_empty(connection, name):
    """Tell whether a bucket holds nothing at all: no object, no old version, no delete marker."""
    return next(iter(connection.s3.list_objects(name, recursive=True, include_version=True)), None) is None


def remove_contents(connection, name):
    """Delete each version of each object, past retention in governance mode.

    Again and again, since an object below another one's name is in no list until that one is gone.
    """
    while not is_empty(connection, name):
        versions = (
            DeleteObject(entry.object_name, entry.version_id)
            for entry in connection.s3.list_objects(name, recursive=True, include_version=True)
        )
        for error in connection.s3.remove_objects(name, versions, bypass_governance_mode=True):
            raise Refused(f"bucket {name!r} is not removed: {error.name!r} cannot be deleted: {error.message}")
