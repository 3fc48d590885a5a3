# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import data sets, charts and dashboards through Superset's API, as a user that may do little else.

    import FOLDER [--check]   prints {"changed": [names], "problems": [texts]}; ends with 1 when there are problems
    serve FOLDER              the same for whoever is at the other end of standard input and output: one line in, {"problems": []} out

What is imported replaces what was changed by hand, and nothing else. The connection to the database is not part of it: it is
the site's, and a folder that had one could send people's queries elsewhere.
"""

from __future__ import annotations

import io
import json
import os
import pathlib
import sys
import zipfile

import requests
import yaml

ETC = pathlib.Path(os.environ.get("SUPERSET_ETC", "/etc/datalake/superset"))
KINDS = ("datasets", "charts", "dashboards")  # in the order of who refers to whom
STAMP = "2024-01-01T00:00:00+00:00"


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


def charts_of(dashboard):
    return [part["meta"]["uuid"] for part in (dashboard.get("position") or {}).values() if isinstance(part, dict) and part.get("type") == "CHART"]


def comparable(content):
    """Without what a server numbers for itself, and without what is empty: an export leaves some of it out, and puts some in."""
    if isinstance(content, dict):
        plain = {key: comparable(value) for key, value in content.items() if key not in ("chartId", "chartsInScope", "version", "datasource", "slice_id")}
        return {key: value for key, value in plain.items() if value not in (None, "", [], {}, False)}
    if isinstance(content, list):
        return sorted((comparable(value) for value in content), key=lambda value: name_of(value) or "")
    return content


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
            answer = self.session.request(method, f"{self.url}/api/v1/{path}", timeout=150, **options)
        except requests.RequestException as error:
            raise Problem(f"Superset cannot be reached: {error}") from error
        if answer.status_code >= 300:
            raise Problem(f"Superset answers {answer.status_code} to {method} {path}: {said(answer)}")
        return answer

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


def run(folder, check):
    site = json.loads((ETC / "settings.json").read_text())["import"]
    files = read(folder, site["database_uuid"])
    if not files:
        raise Problem(f"{folder} has no data sets, charts and dashboards")
    server = Server(site, (ETC / "api_password").read_text().strip())
    exported = server.export()
    changed = different(files, exported.values())
    if changed and not check:
        databases = {name: content for name, content in exported.items() if name.startswith("databases/") and content["uuid"] == site["database_uuid"]}
        if not databases:
            raise Problem("Superset does not have the connection yet")
        server.put({"metadata.yaml": {"version": "1.0.0", "type": "assets", "timestamp": STAMP}, **databases, **files})
    return changed


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
