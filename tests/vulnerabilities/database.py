# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays out the reports of the module golang.org/x/vulndb as govulncheck asks a database for them. Arguments: the module's folder, a new folder.

Source: https://go.dev/doc/security/vuln/database#api
"""

from __future__ import annotations

import json
import pathlib
import sys

# The module has no times; govulncheck asks for one and looks at it no further.
MODIFIED = "2000-01-01T00:00:00Z"


def main() -> None:
    module, database = map(pathlib.Path, sys.argv[1:])
    for name in ("ID", "index"):
        (database / name).mkdir(parents=True)
    modules: dict[str, list[dict[str, str]]] = {}
    reports = []
    for path in sorted((module / "data/osv").glob("GO-*.json")):
        report = {**json.loads(path.read_text(encoding="utf-8")), "modified": MODIFIED}
        (database / "ID" / path.name).write_text(json.dumps(report), encoding="utf-8")
        reports.append({"id": report["id"], "modified": MODIFIED, "aliases": report.get("aliases", [])})
        for affected in report.get("affected", []):
            fixed = [event["fixed"] for each in affected.get("ranges", []) for event in each["events"] if "fixed" in event]
            entry = {"id": report["id"], "modified": MODIFIED, **({"fixed": fixed[-1]} if fixed else {})}
            modules.setdefault(affected["package"]["name"], []).append(entry)
    index = {"db": {"modified": MODIFIED}, "vulns": reports,
             "modules": [{"path": path, "vulns": entries} for path, entries in sorted(modules.items())]}
    for name, content in index.items():
        (database / "index" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
