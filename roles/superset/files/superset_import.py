# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import data sets, charts and dashboards through Superset's API, as a user that may do little else.

    import FOLDER [--check]   prints {"changed": [names], "problems": [texts]}; ends with 1 when there are problems
    serve FOLDER              the same for whoever is at the other end of standard input and output: one line in, {"problems": []} out

What is imported replaces what was changed by hand, and what was imported before and is no file any more is removed. What was imported is
known by its owner, the user that imports. What is a person's is neither replaced nor broken: where a file has the name of it, or a removed
file is used by it, nothing is done. All of it is done or nothing. The connection to the database is not part of it: it is the site's, and a
folder that had one could send people's queries elsewhere.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import sys
import zipfile
from typing import NamedTuple

import requests
import yaml

ETC = pathlib.Path(os.environ.get("SUPERSET_ETC", "/etc/datalake/superset"))
KINDS = ("datasets", "charts", "dashboards")  # in the order of who refers to whom
STAMP = "2024-01-01T00:00:00+00:00"
# Each thing there is, whoever may see it: the API shows no drafts of others, and Superset finds what it replaces among all. Of the data sets
# only those of the site's connection; `users` are the charts or dashboards that it is part of.
THINGS = {
    "datasets": """select t.id, t.uuid::text, t.table_name, coalesce(t.schema, ''),
        exists (select 1 from sqlatable_user o join ab_user u on u.id = o.user_id where o.table_id = t.id and u.username = %(user)s),
        array(select s.id from slices s where s.datasource_id = t.id and s.datasource_type = 'table')
        from tables t join dbs d on d.id = t.database_id where d.uuid::text = %(database)s""",
    "charts": """select s.id, s.uuid::text, coalesce(s.slice_name, ''), '',
        exists (select 1 from slice_user o join ab_user u on u.id = o.user_id where o.slice_id = s.id and u.username = %(user)s),
        array(select d.dashboard_id from dashboard_slices d where d.slice_id = s.id)
        from slices s""",
    "dashboards": """select d.id, d.uuid::text, coalesce(d.dashboard_title, ''), coalesce(d.slug, ''),
        exists (select 1 from dashboard_user o join ab_user u on u.id = o.user_id where o.dashboard_id = d.id and u.username = %(user)s),
        array[]::integer[]
        from dashboards d""",
}
# What Superset keeps as it is given, as texts of JSON. In its other fields false and 0 are what it puts where nothing is given.
JSON_TEXTS = ("params", "metadata", "position")
USED_BY = {"datasets": "charts", "charts": "dashboards"}
PATHS = {"datasets": "dataset", "charts": "chart", "dashboards": "dashboard"}


class Problem(Exception):
    """Why nothing was imported."""


def read(folder, database_uuid):
    """The folder's files by their names, each a mapping; raises Problem where they do not fit together."""
    files = {}
    for kind in KINDS:
        for path in sorted((folder / kind).rglob("*.yaml")):
            try:
                files[str(path.relative_to(folder))] = yaml.safe_load(path.read_text())
            except yaml.YAMLError as error:
                raise Problem(f"{path.relative_to(folder)}: {error}") from error
    wrong = problems(files, database_uuid)
    if wrong:
        raise Problem("; ".join(wrong))
    return files


def problems(files, database_uuid):
    """What of the files is not as it must be."""
    found, uuids = [], {}
    for name, content in files.items():
        if not isinstance(content, dict) or not content.get("uuid"):
            found.append(f"{name}: has no uuid")
        elif content["uuid"] in uuids:
            found.append(f"{name}: has the uuid of {uuids[content['uuid']]}")
        else:
            uuids[content["uuid"]] = name
    if found:
        return found
    for name, content in files.items():
        kind = name.split("/")[0]
        if kind == "datasets" and content.get("database_uuid") != database_uuid:
            found.append(f"{name}: database_uuid is not {database_uuid}, the only connection of the site")
        if kind == "charts" and not uuids.get(content.get("dataset_uuid"), "").startswith("datasets/"):
            found.append(f"{name}: dataset_uuid is of no data set here")
        if kind == "dashboards":
            found += [f"{name}: chart {uuid} is not here" for uuid in charts_of(content) if uuid not in uuids]
    return found


class Thing(NamedTuple):
    """A data set, chart or dashboard that the server has; `place` is a data set's schema or a dashboard's slug."""

    id: int
    uuid: str
    name: str
    place: str
    ours: bool
    users: list[int]

    def is_taken_by(self, kind, content):
        """Whether Superset would put a file in its place because of its name."""
        if kind == "datasets":
            return self.name == content.get("table_name") and content.get("schema") in (None, self.place)
        return kind == "dashboards" and bool(self.place) and self.place == content.get("slug")


def conflicts(files, things):
    """Files that would replace what is a person's. One of the same uuid is that thing itself, exported and put into the folder."""
    return [
        f'{name}: "{thing.name}" is there already and is a person\'s; give the file another {"table_name" if kind == "datasets" else "slug"}'
        for name, content in files.items()
        for kind in [name.split("/")[0]]
        for thing in things[kind]
        if not thing.ours and thing.uuid != content["uuid"] and thing.is_taken_by(kind, content)
    ]


def removed(files, things):
    """What was imported and is no file any more, by kind. A file of its name takes its place."""
    uuids = {content["uuid"] for content in files.values()}

    def stays(kind, thing):
        taken = any(thing.is_taken_by(kind, content) for name, content in files.items() if name.startswith(kind + "/"))
        return not thing.ours or thing.uuid in uuids or taken

    return {kind: [thing for thing in things[kind] if not stays(kind, thing)] for kind in KINDS}


def still_used(gone, things):
    """Removed things that are part of what is a person's."""
    found = []
    for kind, user_kind in USED_BY.items():
        people = {thing.id: thing.name for thing in things[user_kind] if not thing.ours}
        for thing in gone[kind]:
            if names := sorted(people[user] for user in thing.users if user in people):
                found.append(f'"{thing.name}" was removed from {kind}, and {user_kind} of people use it: {", ".join(names)}; '
                             'keep the file until these are gone')
    return found


def charts_of(dashboard):
    return [part["meta"]["uuid"] for part in (dashboard.get("position") or {}).values() if isinstance(part, dict) and part.get("type") == "CHART"]


def comparable(content, exact=False):
    """Without what a server numbers for itself, and without what is empty: an export leaves some of it out, and puts some in.

    In a text of JSON (exact) what is off is not empty, and false is not 0.
    """
    if isinstance(content, dict):
        kept = {key: value for key, value in content.items() if key not in ("chartId", "chartsInScope", "version", "datasource", "slice_id")}
        plain = {key: comparable(value, exact or key in JSON_TEXTS) for key, value in kept.items()}
        return {key: value for key, value in plain.items() if value not in (None, "", [], {}) and (exact or value not in (False, 0))}
    if isinstance(content, list):
        return sorted((comparable(value, exact) for value in content), key=lambda value: name_of(value) or "")
    return ("boolean", content) if exact and isinstance(content, bool) else content


def name_of(value):
    """Columns and metrics of a data set have no order; what has no such name keeps its own."""
    return (value.get("column_name") or value.get("metric_name")) if isinstance(value, dict) else None


def different(files, exported):
    """Names of the files that are not on the server, or otherwise."""
    there = {content["uuid"]: content for content in exported if isinstance(content, dict) and "uuid" in content}
    return [name for name, content in files.items() if comparable(content) != comparable(there.get(content["uuid"]))]


class Server:
    def __init__(self, site, password):
        self.url = site["url"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(ETC / "tls/ca.crt")
        body = {"username": site["username"], "password": password, "provider": "db"}
        self.session.headers["Referer"] = self.url
        self.session.headers["Authorization"] = "Bearer " + self.ask("POST", "security/login", json=body).json()["access_token"]
        self.session.headers["X-CSRFToken"] = self.ask("GET", "security/csrf_token/").json()["result"]

    def ask(self, method, path, **options):
        try:
            answer = self.session.request(method, f"{self.url}/api/v1/{path}", timeout=150, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise Problem(f"Superset cannot be reached: {error}") from error
        if answer.status_code >= 300:
            raise Problem(f"Superset answers {answer.status_code} to {method} {path}: {said(answer)}")
        return answer

    def remove(self, gone):
        """In the order in which nothing is left that refers to what is gone."""
        for kind in reversed(KINDS):
            if gone[kind]:
                self.ask("DELETE", f"{PATHS[kind]}/?q=!({','.join(str(thing.id) for thing in gone[kind])})")

    def export(self):
        """All that the server has, parsed; of connections only what the import has to repeat."""
        with zipfile.ZipFile(io.BytesIO(self.ask("GET", "assets/export/").content)) as bundle:
            names = [name for name in bundle.namelist() if name.endswith(".yaml")]
            return {name.split("/", 1)[1]: yaml.safe_load(bundle.read(name)) for name in names}

    def put(self, files):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as bundle:
            for name, content in files.items():
                bundle.writestr("assets/" + name, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        self.ask("POST", "assets/import/", files={"bundle": ("assets.zip", buffer.getvalue(), "application/zip")})


def said(answer):
    """The exact sentences of a refusal, if there are any."""
    try:
        error = answer.json()["errors"][0]
        details = {key: value for key, value in error.get("extra", {}).items() if key != "issue_codes"}
        return f"{error['message']} {json.dumps(details, ensure_ascii=False)[:1500]}"
    except (ValueError, KeyError, IndexError, TypeError):
        return answer.text[:500]


def there(settings):
    """The things that the server has, by kind."""
    import psycopg2

    site, found = settings["import"], {}
    uri = settings["database_uri"].replace("postgresql+psycopg2", "postgresql")
    with contextlib.closing(psycopg2.connect(uri, passfile=f"{settings['state']}/.pgpass")) as connection, connection.cursor() as cursor:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        for kind, query in THINGS.items():
            cursor.execute(query, {"user": site["username"], "database": site["database_uuid"]})
            found[kind] = [Thing(*row) for row in cursor.fetchall()]
    return found


def run(folder, check):
    settings = json.loads((ETC / "settings.json").read_text())
    site = settings["import"]
    files = read(folder, site["database_uuid"])
    if not files:
        raise Problem(f"{folder} has no data sets, charts and dashboards")
    things = there(settings)
    gone = removed(files, things)
    if wrong := conflicts(files, things) + still_used(gone, things):
        raise Problem("; ".join(wrong))
    server = Server(site, (ETC / "api_password").read_text().strip())
    exported = server.export()
    changed = different(files, exported.values())
    if not check and (changed or any(gone.values())):
        databases = {name: content for name, content in exported.items() if name.startswith("databases/") and content["uuid"] == site["database_uuid"]}
        if not databases:
            raise Problem("Superset does not have the connection yet")
        bundle = {"metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": STAMP}, **databases}
        if changed:
            server.put({**bundle, **files})
        # What a file took the place of has its uuid now, and is not among these.
        try:
            server.remove(gone)
        except Problem:
            server.put({**bundle, **ours_of(exported, things)})
            raise
    return changed + [f"{kind}/{thing.name} (removed)" for kind in KINDS for thing in gone[kind]]


def ours_of(exported, things):
    """What was imported before, as it was, to be put back; but for charts that somebody has moved to a data set of their own."""
    uuids = {thing.uuid for kind in KINDS for thing in things[kind] if thing.ours}
    ours = {name: content for name, content in exported.items() if name.startswith(KINDS) and content["uuid"] in uuids}
    return {name: content for name, content in ours.items() if content.get("dataset_uuid") in (None, *uuids)}


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("import", "serve") or arguments[2:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    verb, folder, check = arguments[0], pathlib.Path(arguments[1]), "--check" in arguments
    if verb == "serve":
        sys.stdin.readline()
    try:
        answer = {"changed": run(folder, check), "problems": []}
    except (Problem, OSError, ValueError, KeyError) as error:
        answer = {"changed": [], "problems": [str(error)]}
    print(json.dumps({"problems": answer["problems"]} if verb == "serve" else answer), flush=True)
    raise SystemExit(1 if answer["problems"] and verb == "import" else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
