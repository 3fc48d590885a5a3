# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MinIO's IAM policy documents: what is wrong with one, and whether two say the same. Pure functions."""

from __future__ import annotations

import fnmatch
import ipaddress
import json

# The policies that MinIO brings along. They are the server's, not ours.
CANNED = ("consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly")

VERSION = "2012-10-17"
ARN_S3 = "arn:aws:s3:::"

OBJECT_ACTIONS = frozenset(
    "s3:" + name
    for name in """
    AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion
    DeleteObjectVersionTagging GetObject GetObjectAttributes GetObjectLegalHold GetObjectRetention
    GetObjectTagging GetObjectVersion GetObjectVersionAttributes GetObjectVersionForReplication
    GetObjectVersionTagging ListMultipartUploadParts PutObject PutObjectFanOut PutObjectLegalHold
    PutObjectRetention PutObjectTagging PutObjectVersionTagging ReplicateDelete ReplicateObject ReplicateTags
    ResetBucketReplicationState RestoreObject
    """.split()
)

BUCKET_ACTIONS = frozenset(
    "s3:" + name
    for name in """
    CreateBucket DeleteBucket DeleteBucketCors DeleteBucketPolicy ForceDeleteBucket GetBucketCors
    GetBucketLocation GetBucketNotification GetBucketObjectLockConfiguration GetBucketPolicy
    GetBucketPolicyStatus GetBucketTagging GetBucketVersioning GetEncryptionConfiguration
    GetLifecycleConfiguration GetReplicationConfiguration HeadBucket ListAllMyBuckets ListBucket
    ListBucketMultipartUploads ListBucketVersions ListenBucketNotification ListenNotification PutBucketCors
    PutBucketNotification PutBucketObjectLockConfiguration PutBucketPolicy PutBucketTagging PutBucketVersioning
    PutEncryptionConfiguration PutLifecycleConfiguration PutReplicationConfiguration
    """.split()
)

# Outside s3 the server knows no wildcard but the one of the whole family, so these are exact.
OTHER_ACTIONS = {
    "admin": frozenset(
        "admin:" + name
        for name in """
        * AddUserToGroup AttachUserOrGroupPolicy BandwidthMonitor CancelBatchJob ConfigUpdate ConsoleLog
        CreatePolicy CreateServiceAccount CreateUser DataUsageInfo Decommission DeletePolicy DeleteUser
        DescribeBatchJob DisableGroup DisableUser EnableGroup EnableUser ExportBucketMetadata ExportIAM
        GetBucketQuota GetBucketTarget GetGroup GetPolicy GetUser Heal ImportBucketMetadata ImportIAM
        KMSCreateKey KMSKeyStatus ListBatchJobs ListGroups ListServiceAccounts ListTemporaryAccounts ListTier
        ListUserPolicies ListUsers OBDInfo Profiling Prometheus Rebalance RemoveServiceAccount
        RemoveUserFromGroup ReplicationDiff ServerInfo ServerTrace ServerUpdate ServiceFreeze ServiceRestart
        ServiceStop SetBucketQuota SetBucketTarget SetTier SiteReplicationAdd SiteReplicationDisable
        SiteReplicationInfo SiteReplicationOperation SiteReplicationRemove SiteReplicationResync StartBatchJob
        StorageInfo TopLocksInfo UpdatePolicyAssociation UpdateServiceAccount
        """.split()
    ),
    "kms": frozenset(
        "kms:" + name
        for name in """
        * API AssignPolicy AuditLog CreateKey DeleteIdentity DeleteKey DeletePolicy DescribeIdentity
        DescribePolicy DescribeSelfIdentity ErrorLog GetPolicy ImportKey KeyStatus ListIdentities ListKeys
        ListPolicies Metrics SetPolicy Status Version
        """.split()
    ),
    "sts": frozenset(["sts:AssumeRoleWithWebIdentity"]),
}

STATEMENT_KEYS = frozenset(["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"])


def as_list(value):
    """Policies may hold a lone value where a list is meant."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


# --- comparison --------------------------------------------------------------------------------------------

def canonical(document):
    """Return the one form of a document: lists instead of lone values, sets sorted, doubles dropped.

    Wildcards stay as written: C(s3:Get*) is not the list of what it matches today.
    """
    statements = []
    seen = set()
    for statement in as_list(document.get("Statement")):
        result = {"Effect": statement.get("Effect")}
        for key in ("Action", "NotAction", "Resource", "NotResource"):
            if as_list(statement.get(key)):
                result[key] = sorted(set(as_list(statement[key])))
        if statement.get("Condition"):
            result["Condition"] = _canonical_condition(statement["Condition"])
        # The server keeps the first of statements that differ in nothing but their Sid.
        meaning = json.dumps(result, sort_keys=True)
        if meaning not in seen:
            seen.add(meaning)
            if statement.get("Sid"):
                result["Sid"] = statement["Sid"]
            statements.append(result)
    statements.sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return {"Version": document.get("Version") or VERSION, "Statement": statements}


def _canonical_condition(condition):
    return {
        operator: {key: sorted({_canonical_value(operator, value) for value in as_list(values)}) for key, values in keys.items()}
        for operator, keys in condition.items()
    }


def _canonical_value(operator, value):
    if isinstance(value, bool):
        return str(value).lower()
    value = str(value)
    if operator.endswith("IpAddress"):
        try:
            return str(ipaddress.ip_network(value, strict=False))
        except ValueError:
            return value  # the server says what is wrong with it
    return value


def same(left, right):
    """Tell whether two documents mean the same."""
    return canonical(left) == canonical(right)


# --- validation --------------------------------------------------------------------------------------------

def problems(document):
    """Return what is wrong with a document, as sentences; an empty list when it may be sent."""
    found = []
    for key in sorted(set(document) - {"Version", "Statement", "Id", "ID"}):
        found.append(f"the document has an unknown key {key!r}: it may hold Version and Statement")
    if document.get("Version") not in (None, "", VERSION):
        found.append(f"Version is {document['Version']!r}: it must be {VERSION!r}")
    statements = as_list(document.get("Statement"))
    if not statements:
        found.append("Statement is empty: a policy needs at least one statement")
    for number, statement in enumerate(statements, 1):
        where = f"statement {number}"
        if not isinstance(statement, dict):
            found.append(f"{where} is not a dictionary")
            continue
        if statement.get("Sid"):
            where += f" ({statement['Sid']})"
        found.extend(f"{where}: {problem}" for problem in _statement_problems(statement))
    return found


def _statement_problems(statement):
    found = []
    for key in sorted(set(statement) - STATEMENT_KEYS):
        hint = "; a policy of users names no principal" if key == "Principal" else ""
        found.append(f"unknown key {key!r}{hint}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        found.append(f"Effect is {statement.get('Effect')!r}: it must be 'Allow' or 'Deny'")

    actions = as_list(statement.get("Action"))
    not_actions = as_list(statement.get("NotAction"))
    if bool(actions) == bool(not_actions):
        found.append("give either Action or NotAction")
    resources = as_list(statement.get("Resource"))
    not_resources = as_list(statement.get("NotResource"))
    if resources and not_resources:
        found.append("give either Resource or NotResource")
    if not isinstance(statement.get("Condition") or {}, dict):
        found.append("Condition is not a dictionary")

    unknown = [problem for action in actions + not_actions for problem in _action_problem(action)]
    found.extend(unknown)
    families = sorted({str(action).split(":", 1)[0] for action in actions + not_actions})
    if not unknown and len(families) > 1:
        found.append(f"actions of {' and '.join(families)} stand in one statement: give each family its own")
    if unknown or families != ["s3"]:
        return found

    if not resources and not not_resources:
        found.append(f"Resource is missing: name the bucket and its objects, such as {ARN_S3}bucket and {ARN_S3}bucket/*")
    malformed = [problem for resource in resources + not_resources for problem in _resource_problem(resource)]
    found.extend(malformed)
    if resources and actions and not malformed:
        found.extend(_coverage_problems(statement.get("Effect"), actions, resources))
    return found


def _action_problem(action):
    if not isinstance(action, str) or ":" not in action:
        # MinIO reads a bare * as an action of STS, and then heeds no Resource at all.
        hint = ": MinIO would heed no Resource then; write s3:*" if action == "*" else ": it has no family such as s3:"
        return [f"unknown action {action!r}{hint}"]
    family = action.split(":", 1)[0]
    if family == "s3":
        if kinds(action):
            return []
    elif action in OTHER_ACTIONS.get(family, ()):
        return []
    if family in OTHER_ACTIONS and "*" in action:
        return [f"unknown action {action!r}: the only wildcard of {family} is {family}:*"]
    near = [known for known in _all_actions() if known.lower() == action.lower()]
    return [f"unknown action {action!r}" + (f": did you mean {near[0]}?" if near else "")]


def _all_actions():
    return sorted(OBJECT_ACTIONS | BUCKET_ACTIONS | frozenset().union(*OTHER_ACTIONS.values()))


def kinds(action):
    """Return what an s3 action works on: a set of 'bucket' and 'objects', empty when nothing matches it."""
    found = set()
    if any(_match(action, known) for known in BUCKET_ACTIONS):
        found.add("bucket")
    if any(_match(action, known) for known in OBJECT_ACTIONS):
        found.add("objects")
    return found


def _match(pattern, text):
    # Of the shell's wildcards MinIO knows * and ?, not the brackets.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _resource_problem(resource):
    if not isinstance(resource, str):
        return [f"resource {resource!r} is not a string"]
    if resource == "*":
        return []
    if not resource.startswith(ARN_S3):
        return [f"resource {resource!r} does not start with {ARN_S3}"]
    pattern = resource[len(ARN_S3):]
    if not pattern or pattern.startswith("/"):
        return [f"resource {resource!r} names no bucket"]
    return []


def _coverage_problems(effect, actions, resources):
    """Actions on a bucket do nothing on its objects, and the other way round: find what was left out."""
    needed = {}
    for action in actions:
        works_on = kinds(action)
        # A wildcard such as s3:Get* may mean either; s3:* that allows means both.
        if len(works_on) == 1 or (action == "s3:*" and effect == "Allow"):
            for kind in works_on:
                needed.setdefault(kind, action)

    patterns = [resource[len(ARN_S3):] if resource != "*" else "*" for resource in resources]
    buckets = [pattern for pattern in patterns if "/" not in pattern]
    objects = [pattern.split("/", 1)[0] for pattern in patterns if "/" in pattern]
    objects += [pattern for pattern in buckets if "*" in pattern]  # * matches the slash too

    found = []
    if "objects" in needed:
        for bucket in buckets:
            if not any(_overlap(bucket, other) for other in objects):
                found.append(
                    f"{needed['objects']} works on objects, but of {bucket!r} only the bucket is named: "
                    f"add {ARN_S3}{bucket}/*, or give the bucket a statement of its own"
                )
    if "bucket" in needed:
        for bucket in sorted(set(objects)):
            if not any(_overlap(bucket, other) for other in buckets):
                found.append(
                    f"{needed['bucket']} works on the bucket, but of {bucket!r} only objects are named: "
                    f"add {ARN_S3}{bucket}, or give the objects a statement of their own"
                )
    return found


def _overlap(left, right):
    return _match(left, right) or _match(right, left)
