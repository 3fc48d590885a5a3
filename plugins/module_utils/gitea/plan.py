# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What things in Gitea should be against what they are. Pure functions over the API's own dictionaries.

Only what is asked for is compared: fields, and lists that are given. Of users' keys only those that were given before: a person adds more.
"""

from __future__ import annotations

import hashlib

# Of a protected branch: nobody pushes, what is merged was approved as it is, and no administrator goes around.
PROTECTION = {
    "enable_push": False,
    "enable_force_push": False,
    "block_on_rejected_reviews": True,
    "dismiss_stale_approvals": True,
    "block_admin_merge_override": True,
}
# Gitea takes these events under one name and gives them back under another.
EVENTS = {"pull_request_only": "pull_request", "issues_only": "issues"}
# Begins the titles of users' keys that were given here.
GIVEN = "inventory: "
UNITS = ["repo.code", "repo.issues", "repo.projects", "repo.pulls", "repo.releases", "repo.wiki"]


def drift(current, wanted):
    """The wanted fields that are otherwise now."""
    return {key: value for key, value in wanted.items() if _plain(current.get(key), value) != _plain(value, value)}


def view(current, wanted):
    """The current values of the wanted fields, for a diff."""
    return {key: _plain(current.get(key), value) for key, value in wanted.items()}


def _plain(value, like):
    if isinstance(like, list):
        return sorted(value or [])
    return type(like)() if value is None else value


def given(params, *names):
    """Those options that were given."""
    return {name: params[name] for name in names if params[name] is not None}


def plain_key(key):
    """Public keys are the same whatever their comments say."""
    return " ".join(key.split()[:2])


def title(key):
    """Of a user's key that is given here, by which it is told from one that the person added; no two are the same."""
    return "%s%s %s" % (GIVEN, " ".join(key.split()[2:]), hashlib.sha256(plain_key(key).encode()).hexdigest()[:8])


def is_given(key):
    return key["title"].startswith(GIVEN)


def user_keys(held, wanted):
    """Which of the wanted keys are to be added, and which of the held ones removed: what is given no more, and what has another's title."""
    plain = {plain_key(key) for key in wanted}
    given_now = {plain_key(key["key"]) for key in held if is_given(key)}
    missing = [key for key in wanted if plain_key(key) not in given_now]
    return missing, [key for key in held if is_given(key) != (plain_key(key["key"]) in plain)]


def forgotten(users, kept, prefixes=()):
    """Names of the server's own users who may sign in, are not among the kept ones and do not begin as a prefix says, in any case of letters."""
    names, beginnings = {name.lower() for name in kept}, tuple(prefix.lower() for prefix in prefixes)
    able = (user["login"] for user in users if not user["source_id"] and not user["prohibit_login"])
    return sorted(name for name in able if name.lower() not in names and not name.lower().startswith(beginnings))


def deploy_key(key):
    return {"key": plain_key(key["key"]), "read_only": key["read_only"]}


def protection(options):
    """A rule in the API's words."""
    wanted = dict(
        PROTECTION,
        required_approvals=options["approvals"],
        enable_status_check=bool(options["status_checks"]),
        status_check_contexts=sorted(options["status_checks"]),
    )
    wanted.update(options["settings"])
    return wanted


def webhook(options):
    """A hook in the API's words.

    Gitea never shows a hook's secret. So the address gets a fragment, which is not sent, with a digest of the secret: another
    secret is another address.
    """
    digest = hashlib.sha256((options["url"] + options["secret"]).encode()).hexdigest()[:16]
    return {
        "url": "%s#%s" % (options["url"], digest),
        "events": sorted(EVENTS.get(event, event) for event in options["events"]),
        "branch_filter": options["branch_filter"],
        "active": options["active"],
        "content_type": "json",
    }


def webhook_of(hook):
    """A hook of an answer in the same shape."""
    return {
        "url": hook["config"]["url"],
        "events": sorted(hook["events"]),
        "branch_filter": hook["branch_filter"],
        "active": hook["active"],
        "content_type": hook["config"]["content_type"],
    }


def address(url):
    return url.split("#", 1)[0]


def by_name(items, key="name"):
    return {item[key]: item for item in items or []}


def as_held(held, wanted):
    """The set of wanted names, written as the server has them where it does: it takes no notice of a name's case."""
    names = {name.lower(): name for name in wanted}
    names.update((name.lower(), name) for name in held if name.lower() in names)
    return set(names.values())


def team(params):
    """A team in the API's words. Below an administrator's, Gitea knows a permission for each unit alone."""
    return {
        "units_map": {unit: params["permission"] if unit in (params["units"] or UNITS) else "none" for unit in UNITS},
        "description": params["description"],
        "includes_all_repositories": params["all_repositories"],
        "can_create_org_repo": False,
    }


def team_of(answer):
    """A team of an answer, with the units that are managed."""
    return dict(answer, units_map={unit: answer["units_map"].get(unit, "none") for unit in UNITS})
