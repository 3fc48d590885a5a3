# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a bucket should be against what it is. Pure functions over plain dictionaries.

A bucket's state is a dictionary of aspects, each in one form only:
versioning 'off' | 'enabled' | 'suspended'; unversioned_prefixes sorted list; object_lock bool; retention None | {mode, days or years};
lifecycle list of rules sorted by id; policy None or the document; quota bytes, 0 for none; encryption None | {algorithm, key}; tags dict.
"""

from __future__ import annotations

import ipaddress
import re

# In the order in which they are written: object lock and versioning come before what builds on them.
ASPECTS = ("object_lock", "versioning", "unversioned_prefixes", "retention", "policy", "lifecycle", "quota", "encryption", "tags")

# What MinIO gives a bucket that is made with no more than a name.
NEW = {
    "object_lock": False,
    "versioning": "off",
    "unversioned_prefixes": [],
    "retention": None,
    "policy": None,
    "lifecycle": [],
    "quota": 0,
    "encryption": None,
    "tags": {},
}

RULE_DEFAULTS = {
    "prefix": "",
    "tags": {},
    "enabled": True,
    "expiration_days": None,
    "expired_delete_markers": False,
    "noncurrent_days": None,
    "noncurrent_keep": None,
}


# More are refused by the server.
MOST_UNVERSIONED = 10


class Invalid(Exception):
    """The options contradict each other or the bucket; the message says how."""


def check_name(name):
    """Refuse a name that S3 does not allow, saying which rule it breaks."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name):
        raise Invalid(
            f"bucket name {name!r} is not legal: 3 to 63 lower case letters, digits, dots and hyphens, "
            "a letter or digit at both ends"
        )
    if re.search(r"\.\.|\.-|-\.", name):
        raise Invalid(f"bucket name {name!r} is not legal: a dot stands beside a dot or a hyphen")
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return
    raise Invalid(f"bucket name {name!r} is not legal: it looks like an address")


def parse_size(text):
    """Return bytes from a number with or without a unit: 500GiB, 1.5 T, 1048576. Units are powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGTP]?)(?:i?B)?", str(text).strip(), re.IGNORECASE)
    if not match:
        raise Invalid(f"quota {text!r} is not a size such as 500GiB, or 0 for none")
    number, unit = match.groups()
    size = float(number) * 1024 ** (" KMGTP".index(unit.upper()) if unit else 0)
    if size != int(size):
        raise Invalid(f"quota {text!r} is not a whole number of bytes")
    return int(size)


def wanted_state(params):
    """Return the aspects that the options speak of, in their one form. What they leave out is left alone."""
    wanted = {}
    for aspect in ("object_lock", "versioning", "tags"):
        if params.get(aspect) is not None:
            wanted[aspect] = params[aspect]
    if params.get("versioning") is not None or params.get("unversioned_prefixes") is not None:
        wanted["unversioned_prefixes"] = _unversioned(params)
    if "tags" in wanted:
        wanted["tags"] = {str(key): str(value) for key, value in wanted["tags"].items()}
    if params.get("private"):
        wanted["policy"] = None
    if params.get("quota") is not None:
        wanted["quota"] = parse_size(params["quota"])
    if params.get("lifecycle") is not None:
        wanted["lifecycle"] = [_rule(rule) for rule in params["lifecycle"]]
        wanted["lifecycle"].sort(key=lambda rule: rule["id"])
        ids = [rule["id"] for rule in wanted["lifecycle"]]
        for rule_id in sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
            raise Invalid(f"lifecycle has two rules with the id {rule_id!r}")
    if params.get("encryption") is not None:
        algorithm, key = params["encryption"], params.get("encryption_key")
        if algorithm == "sse-kms" and not key:
            raise Invalid("encryption sse-kms needs encryption_key")
        if algorithm != "sse-kms" and key:
            raise Invalid(f"encryption_key goes with encryption sse-kms, not with {algorithm}")
        wanted["encryption"] = None if algorithm == "none" else {"algorithm": algorithm, "key": key}
    if params.get("retention") is not None:
        wanted["retention"] = _retention(params["retention"])
    if wanted.get("object_lock") and wanted.get("versioning") == "suspended":
        raise Invalid("object_lock needs versioning: it cannot be suspended")
    return wanted


def _unversioned(params):
    """Without the option: none. That a bucket is versioned is meant of all that is in it."""
    prefixes = params.get("unversioned_prefixes") or []
    if prefixes and params.get("versioning") != "enabled":
        raise Invalid("unversioned_prefixes needs versioning enabled")
    for prefix in prefixes:
        if not prefix.endswith("/") or prefix.startswith("/") or "*" in prefix:
            raise Invalid(f"unversioned_prefixes has {prefix!r}: give the name of a folder with a slash at its end and none at its start, and no star")
    if len(set(prefixes)) > MOST_UNVERSIONED:
        raise Invalid(f"unversioned_prefixes has {len(set(prefixes))} entries: MinIO takes {MOST_UNVERSIONED}")
    return sorted(set(prefixes))


def _rule(rule):
    result = {"id": rule["id"]}
    for key, default in RULE_DEFAULTS.items():
        result[key] = default if rule.get(key) is None else rule[key]
    where = f"lifecycle rule {result['id']!r}"
    if not any(result[key] for key in ("expiration_days", "expired_delete_markers", "noncurrent_days", "noncurrent_keep")):
        raise Invalid(f"{where} does nothing: give it expiration_days, noncurrent_days, noncurrent_keep or expired_delete_markers")
    for key in ("expiration_days", "noncurrent_days", "noncurrent_keep"):
        if result[key] is not None and result[key] < 1:
            raise Invalid(f"{where}: {key} is {result[key]}, it must be at least 1")
    if result["expiration_days"] and result["expired_delete_markers"]:
        raise Invalid(f"{where}: expiration_days already removes expired delete markers; drop expired_delete_markers")
    if result["tags"] and result["expired_delete_markers"]:
        raise Invalid(f"{where}: delete markers have no tags; expired_delete_markers needs a rule without tags")
    result["tags"] = {str(key): str(value) for key, value in result["tags"].items()}
    return result


def _retention(retention):
    mode = retention["mode"]
    days, years = retention.get("days"), retention.get("years")
    if mode == "none":
        if days or years:
            raise Invalid("retention none has no days or years")
        return None
    if bool(days) == bool(years):
        raise Invalid(f"retention {mode} needs either days or years")
    return {"mode": mode, "days": days} if days else {"mode": mode, "years": years}


def plan(current, wanted):
    """Return the aspects to write, in order; refuse what a bucket cannot become.

    C(current) is None for a bucket that is not there yet.
    """
    before = dict(NEW) if current is None else dict(current)
    if current is None and wanted.get("object_lock"):
        before.update(object_lock=True, versioning="enabled")
    after = {**before, **wanted}
    if current is not None and wanted.get("object_lock", before.get("object_lock")) != before.get("object_lock"):
        has, word = ("has no", "with") if wanted["object_lock"] else ("has", "without")
        raise Invalid(
            f"the bucket {has} object lock, which is set when a bucket is made and never after: make a new bucket {word} it"
        )
    if after.get("retention") and not after.get("object_lock"):
        raise Invalid("retention needs a bucket made with object_lock")
    if wanted.get("unversioned_prefixes") and after.get("object_lock"):
        raise Invalid("unversioned_prefixes and object_lock exclude each other: with it each version is kept")
    if wanted.get("versioning") == "suspended" and after.get("object_lock"):
        raise Invalid("the bucket has object lock: its versioning cannot be suspended")
    steps = [aspect for aspect in ASPECTS if aspect in wanted and wanted[aspect] != before.get(aspect)]
    if "versioning" in steps:
        # Which is then written without any, so that they are to be written unless there are to be none.
        steps = [aspect for aspect in steps if aspect != "unversioned_prefixes"]
        if wanted.get("unversioned_prefixes"):
            steps.insert(steps.index("versioning") + 1, "unversioned_prefixes")
    return steps
