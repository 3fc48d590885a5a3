# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a dashboard as it is in Superset into this repository, with as small a difference as there is.

    python3 tools/bring.py EXPORT.zip [--as NAME]

EXPORT.zip is what the dashboard's menu gives (Export). What is known by its uuid keeps its file, its order of keys and lists, and what a
server only numbers; what is new gets a file of its name. With --as a copy of a dashboard takes the place of dashboards/NAME.yaml, whose
uuid, slug and title stay. Says which files changed. Needs PyYAML alone.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import unicodedata
import zipfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
KINDS = ("datasets", "charts", "dashboards")
TITLES = {"datasets": "table_name", "charts": "slice_name", "dashboards": "dashboard_title"}
# What each server numbers for itself, and what a new file has in its place.
NUMBERED = {"chartId": 0, "chartsInScope": [], "chart_configuration": {}, "datasource": "", "slice_id": 0}
# What a copy has of its own.
OWN = ("uuid", "slug", "dashboard_title", "description", "published", "certified_by", "certification_details")
EMPTY = (None, "", [], {})
# What Superset keeps as it is given, as texts of JSON. In its other fields false and 0 are what it puts where nothing is given.
JSON_TEXTS = ("params", "metadata", "position")


class Wrong(ValueError):
    """An export that cannot be brought."""


class Dumper(yaml.SafeDumper):
    """YAML as the files here are written."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True  # what is empty is one object in many places


Dumper.add_representer(str, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None))


def dump(content: dict) -> str:
    return "---\n" + yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=160)


def read(export: pathlib.Path) -> dict[str, dict]:
    """The files of an export by their kind and name; connections are the platform's."""
    try:
        with zipfile.ZipFile(export) as bundle:
            names = {name.partition("/")[2]: name for name in bundle.namelist() if name.endswith(".yaml")}
            return {short: yaml.safe_load(bundle.read(name)) for short, name in names.items() if short.split("/")[0] in KINDS}
    except (zipfile.BadZipFile, yaml.YAMLError, OSError) as error:
        raise Wrong(f"{export} is no export of Superset: {error}") from error


def here() -> dict[pathlib.Path, dict]:
    return {path: yaml.safe_load(path.read_text(encoding="utf-8")) for kind in KINDS for path in sorted((ROOT / kind).rglob("*.yaml"))}


def fresh(value):
    """What is new, without what a server numbered."""
    if isinstance(value, dict):
        return {key: NUMBERED.get(key, fresh(inner)) for key, inner in value.items()}
    return [fresh(inner) for inner in value] if isinstance(value, list) else value


def key_of(value) -> str | None:
    """By what the elements of a list are known."""
    return next((str(value[key]) for key in ("column_name", "metric_name", "id") if value.get(key)), None) if isinstance(value, dict) else None


def numbers_of_charts(metadata: dict) -> list[str]:
    """Where a dashboard has charts by their server's numbers. An import would find none of them, or widen a filter."""
    found = [key for key in ("timed_refresh_immune_slices", "expanded_slices") if metadata.get(key)]
    for rule in metadata.get("native_filter_configuration") or []:
        if (rule.get("scope") or {}).get("excluded"):
            found.append(f"scope.excluded of the filter {rule.get('name')}")
    # Each save writes the scope "global" for each chart, which is no choice of anybody's.
    if any((chart.get("crossFilters") or {}).get("scope", "global") != "global" for chart in (metadata.get("chart_configuration") or {}).values()):
        found.append("chart_configuration")
    if ((metadata.get("global_chart_configuration") or {}).get("scope") or {}).get("excluded"):
        found.append("scope.excluded of global_chart_configuration")
    return found


def nothing(value, exact: bool) -> bool:
    """Whether a value is as good as none; in a text of JSON (exact) what is off is not."""
    return value in EMPTY or (not exact and value in (False, 0))


def merged(mine, theirs, exact: bool = False):
    """Theirs, in the order and the manner of mine."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        kept = {}
        for key, value in mine.items():
            if key in NUMBERED or key == "version":
                kept[key] = value
            elif key in theirs:
                kept[key] = merged(value, theirs[key], exact or key in JSON_TEXTS)
            elif nothing(value, exact):
                kept[key] = value  # an export leaves some of it out
        new = {key: value for key, value in theirs.items() if key not in mine and key not in NUMBERED and not nothing(value, exact)}
        return {**kept, **fresh(new)}
    if isinstance(mine, list) and isinstance(theirs, list):
        known = {key_of(value): value for value in mine}
        if None in known or None in map(key_of, theirs):
            return [merged(one, other, exact) for one, other in zip(mine, theirs)] + fresh(theirs[len(mine):])
        there = {key_of(value): value for value in theirs}
        if [key for key in there if key in known] != [key for key in known if key in there] and "id" in theirs[0]:
            return [merged(known[key], value, exact) if key in known else fresh(value) for key, value in there.items()]  # filters have an order
        kept = [merged(value, there[key], exact) for key, value in known.items() if key in there]
        return kept + [fresh(there[key]) for key in there if key not in known]
    return mine if nothing(mine, exact) and nothing(theirs, exact) else theirs


def file_of(kind: str, content: dict) -> pathlib.Path:
    plain = unicodedata.normalize("NFKD", str(content[TITLES[kind]] or "")).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "_" if kind == "datasets" else "-", plain).strip("-_")
    if not name:
        raise Wrong(f"{content[TITLES[kind]]} gives no name of a file, of Latin letters and digits: give it another in Superset")
    return ROOT / kind / f"{name}.yaml"


def bring(export: dict[str, dict], known: dict[pathlib.Path, dict], replaced: str | None) -> dict[pathlib.Path, dict]:
    """The files as they are to be, those that stay as they are left out."""
    by_uuid = {content["uuid"]: path for path, content in known.items()}
    connections = {content["database_uuid"] for path, content in known.items() if "database_uuid" in content}
    place = ROOT / "dashboards" / f"{replaced}.yaml"
    if replaced and place not in known:
        raise Wrong(f"there is no dashboards/{replaced}.yaml; there are {', '.join(sorted(path.stem for path in known if path.parent.name == 'dashboards'))}")
    if replaced and sum(name.startswith("dashboards/") for name in export) != 1:
        raise Wrong("--as needs an export of one dashboard")
    changed = {}
    for name, theirs in export.items():
        kind = name.split("/")[0]
        if kind == "datasets" and theirs.get("database_uuid") not in connections:
            raise Wrong(f"{name} is of another connection than the site's")
        if kind == "dashboards" and (found := numbers_of_charts(theirs.get("metadata") or {})):
            raise Wrong(f"{name} has numbers that charts have on that server alone, in {', '.join(found)}: empty it in Superset (Edit dashboard,"
                        " Edit properties, Advanced, JSON metadata), save, and export again")
        if kind == "dashboards" and replaced:
            theirs = {**theirs, **{key: known[place].get(key) for key in OWN}}
        path = by_uuid.get(theirs["uuid"])
        content = merged(known[path], theirs) if path else fresh(theirs)
        path = path or file_of(kind, theirs)
        if path in known and known[path]["uuid"] != theirs["uuid"]:
            raise Wrong(f"{path.relative_to(ROOT)} is there already and is something else: give {theirs[TITLES[kind]]} another name, or use --as")
        if path in changed:
            raise Wrong(f"{path.relative_to(ROOT)} would be two things of the name {theirs[TITLES[kind]]}: give one another name in Superset")
        if path not in known or dump(content) != dump(known[path]):  # true and 1 are equal, and not the same
            changed[path] = content
    return changed


def main(argv: list[str] | None = None) -> int:
    top = argparse.ArgumentParser(prog="bring.py", description="Bring a dashboard as it is in Superset into this repository.")
    top.add_argument("export", type=pathlib.Path)
    top.add_argument("--as", dest="replaced", metavar="NAME", help="the dashboard here whose place a copy takes, such as receita")
    arguments = top.parse_args(argv)
    try:
        export = read(arguments.export)
        if not export:
            raise Wrong(f"{arguments.export} holds no dashboard, chart or data set")
        changed = bring(export, here(), arguments.replaced)
    except Wrong as error:
        print(error, file=sys.stderr)
        return 1
    for path, content in changed.items():
        path.write_text(dump(content), encoding="utf-8")
        print(path.relative_to(ROOT))
    if not changed:
        print("Nothing differs.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
