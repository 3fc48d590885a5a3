# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves, as the account that backs up, that the store knows this host, and that what is read for a backup cannot be written."""

from __future__ import annotations

import json
import subprocess
import sys

sys.path.insert(0, "/usr/local/lib/datalake")

from backup_restic import NO_REPOSITORY, Restic, reason_of
from lakehouse_s3 import S3, Refused

FORBIDDEN = "CREATE TABLE lakehouse_backup_verify (number INTEGER)"


def refused(command, said):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.returncode:
        raise SystemExit("a table could be made by: " + " ".join(command))
    if said not in done.stderr:
        raise SystemExit("%s: %s" % (" ".join(command), done.stderr))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    code, dummy, err = Restic(settings).call("--no-lock", "cat", "config", seconds=60)
    if code not in (0, NO_REPOSITORY):  # one that is new has none before its first run
        raise SystemExit(reason_of(code, err, settings["repository"]))
    for wanted in settings["sets"]:
        for database in wanted.get("databases") or (["postgres"] if wanted["kind"] == "postgresql" else []):
            if wanted["kind"] == "mariadb":
                refused(["mariadb", "--execute", FORBIDDEN, database], "command denied")
            else:
                refused(["psql", "--port=%s" % wanted["port"], "--dbname=" + database, "--command=" + FORBIDDEN], "permission denied")
        if wanted.get("tables") or wanted["kind"] == "bucket":
            s3 = S3(settings["s3"])
            next(s3.versions(""), None)
            try:
                s3.put("warehouse/lakehouse_backup_verify", b"x")
            except Refused as error:
                if "AccessDenied" not in str(error):
                    raise
            else:
                raise SystemExit("the account %s may write outside of backup/" % settings["s3"]["account"])


if __name__ == "__main__":
    main()
