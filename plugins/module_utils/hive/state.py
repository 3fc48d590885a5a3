# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a metastore's database holds, and what may be done about it. Pure: facts in, judgement out."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.gti.lakehouse.plugins.module_utils.hive.scripts import version_key

ABSENT = "absent"
EMPTY = "empty"
CURRENT = "current"
OLDER = "older"
NEWER = "newer"
HALF_MADE = "half_made"
FOREIGN = "foreign"


class Facts(NamedTuple):
    """What the database itself says: names in upper case, and the rows of the VERSION table.

    ``versions`` is None when there is no VERSION table, or one that is not Hive's.
    """

    tables: frozenset
    versions: tuple | None


class State(NamedTuple):
    name: str
    version: str | None = None
    reason: str = ""
    missing: tuple = ()
    foreign: tuple = ()


def _listing(names, most=8):
    names = sorted(names)
    more = len(names) - most
    return ", ".join(names[:most]) + (" and %d more" % more if more > 0 else "")


def judge(facts, scripts, target):
    """Name the state of a database that exists.

    Tables of the schema are told from others by the scripts' own CREATE TABLE statements, so an empty schema and one
    whose making was cut short are never mistaken for each other. The scripts write VERSION last: its row proves that
    they ran to their end.
    """
    if not facts.tables:
        return State(EMPTY)
    foreign = tuple(sorted(facts.tables - scripts.all_tables()))
    present = facts.tables - set(foreign)
    if not present:
        return State(FOREIGN, foreign=foreign, reason="it holds tables that are not Hive's: %s" % _listing(foreign))

    state = _judge_schema(present, facts.versions, scripts, target)
    if foreign and state.name != CURRENT:
        return state._replace(
            name=FOREIGN, foreign=foreign, reason="beside tables of Hive's it holds others: %s" % _listing(foreign)
        )
    return state._replace(foreign=foreign)


def _judge_schema(present, versions, scripts, target):
    def half_made(reason, version=None, missing=()):
        return State(HALF_MADE, version, reason, tuple(sorted(missing)))

    if not versions:
        missing = scripts.tables(target) - present
        if missing:
            lacks = "%d of the %d tables of version %s: %s" % (
                len(missing), len(scripts.tables(target)), target, _listing(missing)
            )
        else:
            lacks = "the row of the table VERSION, though all its tables are there"
        return half_made("it lacks " + lacks, missing=missing)
    if len(versions) > 1:
        return half_made("its table VERSION has %d rows: %s" % (len(versions), _listing(versions)))

    version = versions[0]
    if version_key(version) is None:
        return half_made("its table VERSION says %r, which is no version" % version)
    if version_key(version) > version_key(target):
        return State(NEWER, version, "it is of version %s, newer than %s" % (version, target))
    known = scripts.tables(version)
    if known is None:
        return State(OLDER, version, "it is of version %s, which these scripts do not know" % version)
    missing = known - present
    if missing:
        return half_made("it says that it is of version %s, but lacks: %s" % (version, _listing(missing)), version, missing)
    if version_key(version) == version_key(target):
        return State(CURRENT, version)
    early = present & (scripts.tables(target) - known)
    if early:
        return half_made("it says that it is of version %s, but an upgrade has begun: it has %s" % (version, _listing(early)), version)
    return State(OLDER, version, "it is of version %s, older than %s" % (version, target))


class Plan(NamedTuple):
    """Scripts to run, in order; or the reason why nothing may be done."""

    scripts: tuple = ()
    dump: bool = False
    refusal: str = ""


def make_plan(state, scripts, target, upgrade):
    """Decide what to do about a state: one plan for check mode, diff and the real run."""
    if state.name == CURRENT:
        return Plan()
    if state.name == EMPTY:
        return Plan(scripts=(scripts.schema(target),))
    if state.name == OLDER:
        path = scripts.upgrade_path(state.version, target)
        if path is None:
            return Plan(refusal="%s, and no scripts lead from there to %s" % (state.reason, target))
        if not upgrade:
            return Plan(refusal="%s; set 'upgrade' to true and 'dump_dir' to have it dumped and upgraded" % state.reason)
        return Plan(scripts=tuple(path), dump=True)
    remedy = {
        ABSENT: "create it, owned by the metastore's user, before calling this module",
        NEWER: "install the metastore that it was made for; a schema is never taken back",
        HALF_MADE: "restore a dump, or drop and create the database again if nothing in it is of worth",
        FOREIGN: "give the metastore a database of its own",
    }
    return Plan(refusal="%s; %s" % (state.reason, remedy[state.name]))
