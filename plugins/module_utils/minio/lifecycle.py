# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket's lifecycle: between the server's XML, the plan's plain rules and the SDK's objects.

Read from the XML, since the SDK leaves out what it does not know when it reads, and so a rule that somebody changed by hand
would look as it should.
"""

from __future__ import annotations

from xml.etree import ElementTree

try:
    from minio.commonconfig import AndOperator, Filter, Tag, Tags
    from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
except ImportError:
    pass  # minio_client.create_module says so

# The elements that a rule of the plan stands for; for tags, and what MinIO writes for nothing at all, see below.
PREFIXES = ("Filter/Prefix", "Filter/And/Prefix", "Prefix")
TAGS = ("Filter/Tag", "Filter/And/Tag")
EXPIRATION, NONCURRENT = "Expiration/", "NoncurrentVersionExpiration/"
NOTHING = ("", "0", "false")


def rules_from_xml(document):
    """The rules in a server's answer, sorted by id. What a rule holds beyond the options is in its C(other), by path."""
    rules = [_rule(element) for element in ElementTree.fromstring(document) if _name(element) == "Rule"]
    return sorted(rules, key=lambda rule: rule["id"])


def _rule(element):
    leaves, tags = {}, {}
    for path, leaf in _leaves(element, ""):
        if path in TAGS:
            tags[leaf.get("Key", "")] = leaf.get("Value", "")
        elif leaf not in NOTHING:
            leaves[path] = leaf
    result = {
        "id": leaves.pop("ID", ""),
        "prefix": next((leaves.pop(path) for path in PREFIXES if path in leaves), ""),
        "tags": tags,
        "enabled": leaves.pop("Status", "") == "Enabled",
        "expiration_days": _number(leaves.pop(EXPIRATION + "Days", None)),
        "expired_delete_markers": leaves.pop(EXPIRATION + "ExpiredObjectDeleteMarker", None) == "true",
        "noncurrent_days": _number(leaves.pop(NONCURRENT + "NoncurrentDays", None)),
        "noncurrent_keep": _number(leaves.pop(NONCURRENT + "NewerNoncurrentVersions", None)),
    }
    # It makes the rule differ from any that the module would write, and shows in the diff.
    if leaves:
        result["other"] = leaves
    return result


def _leaves(element, path):
    for child in element:
        where = path + _name(child)
        if where in TAGS:
            yield where, {_name(part): part.text or "" for part in child}
        elif len(child):
            yield from _leaves(child, where + "/")
        else:
            yield where, (child.text or "").strip()


def _name(element):
    return element.tag.rpartition("}")[2]


def _number(text):
    return None if text is None else int(text)


def to_config(rules):
    """The rules as the SDK writes them."""
    return LifecycleConfig([_to_sdk(rule) for rule in rules])


def _to_sdk(rule):
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
    all_tags = Tags()
    all_tags.update(tags)
    return Filter(and_operator=AndOperator(prefix=prefix, tags=all_tags))
