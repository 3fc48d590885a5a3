# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and write the aspects of a bucket: between the SDK's objects and the plan's plain dictionaries."""

from __future__ import annotations

import json

from ansible_collections.gti.lakehouse.plugins.module_utils.minio_client import Refused

try:
    from minio.commonconfig import AndOperator, Filter, Tag, Tags
    from minio.deleteobjects import DeleteObject
    from minio.error import S3Error
    from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
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


# --- lifecycle ---------------------------------------------------------------------------------------------

def _read_lifecycle(connection, name):
    try:
        config = connection.s3.get_bucket_lifecycle(name)
    except ValueError as error:
        raise Refused(f"bucket {name!r} has a lifecycle rule of a kind that this module does not manage: {error}") from error
    return sorted((_rule_to_dict(rule) for rule in config.rules), key=lambda rule: rule["id"]) if config else []


def _rule_to_dict(rule):
    prefix, tags = "", {}
    if rule.rule_filter:
        joined = rule.rule_filter.and_operator
        prefix = (joined.prefix if joined else rule.rule_filter.prefix) or ""
        if joined:
            tags = dict(joined.tags or {})
        elif rule.rule_filter.tag:
            tags = {rule.rule_filter.tag.key: rule.rule_filter.tag.value}
    expiration, noncurrent = rule.expiration, rule.noncurrent_version_expiration
    result = {
        "id": rule.rule_id or "",
        "prefix": prefix,
        "tags": tags,
        "enabled": rule.status == "Enabled",
        "expiration_days": expiration.days if expiration else None,
        "expired_delete_markers": bool(expiration and expiration.expired_object_delete_marker),
        "noncurrent_days": noncurrent.noncurrent_days if noncurrent else None,
        "noncurrent_keep": noncurrent.newer_noncurrent_versions if noncurrent else None,
    }
    # What the module has no option for still shows in a diff, and makes the rule differ from any that it would write.
    if expiration and expiration.date:
        result["expiration_date"] = expiration.date.isoformat()
    if rule.transition or rule.noncurrent_version_transition:
        result["transition"] = True
    return result


def _write_lifecycle(connection, name, value):
    if value:
        connection.s3.set_bucket_lifecycle(name, LifecycleConfig([_rule_from_dict(rule) for rule in value]))
    else:
        connection.s3.delete_bucket_lifecycle(name)


def _rule_from_dict(rule):
    expiration = noncurrent = None
    if rule["expiration_days"]:
        expiration = Expiration(days=rule["expiration_days"])
    elif rule["expired_delete_markers"]:
        expiration = Expiration(expired_object_delete_marker=True)
    if rule["noncurrent_days"] or rule["noncurrent_keep"]:
        noncurrent = NoncurrentVersionExpiration(rule["noncurrent_days"], rule["noncurrent_keep"])
    return Rule(
        "Enabled" if rule["enabled"] else "Disabled",
        rule_filter=_filter(rule["prefix"], rule["tags"]),
        rule_id=rule["id"],
        expiration=expiration,
        noncurrent_version_expiration=noncurrent,
    )


def _filter(prefix, tags):
    if not tags:
        return Filter(prefix=prefix)
    if len(tags) == 1 and not prefix:
        return Filter(tag=Tag(*next(iter(tags.items()))))
    return Filter(and_operator=AndOperator(prefix=prefix, tags=_tags(tags)))


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
    "lifecycle": _read_lifecycle,
    "quota": _read_quota,
    "encryption": _read_encryption,
    "tags": _read_tags,
}

WRITERS = {
    "versioning": _write_versioning,
    "retention": _write_retention,
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
    """Delete each version of each object, past retention in governance mode."""
    versions = (
        DeleteObject(entry.object_name, entry.version_id)
        for entry in connection.s3.list_objects(name, recursive=True, include_version=True)
    )
    for error in connection.s3.remove_objects(name, versions, bypass_governance_mode=True):
        raise Refused(f"bucket {name!r} is not removed: {error.name!r} cannot be deleted: {error.message}")
