# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forgets what Superset's database remembers of what people did longer ago than so many days: a row for each request, which nothing else removes.

    superset_cleanup.py SETTINGS.json DAYS
"""

import contextlib
import datetime
import json
import sys


def forget(connection, days, now):
    """Returns how many rows went. Superset writes their times in UTC, without saying so."""
    before = now.astimezone(datetime.timezone.utc) - datetime.timedelta(days=days)
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute("DELETE FROM logs WHERE dttm < '%s'" % before.strftime("%Y-%m-%d %H:%M:%S"))
        rows = cursor.rowcount
    connection.commit()
    return rows


def main():
    import psycopg2

    with open(sys.argv[1], encoding="utf-8") as file:
        uri = json.load(file)["database_uri"]
    # The password is in the account's .pgpass.
    with contextlib.closing(psycopg2.connect(uri.replace("+psycopg2", "", 1))) as connection:
        print(json.dumps({"rows": forget(connection, int(sys.argv[2]), datetime.datetime.now(datetime.timezone.utc))}))


if __name__ == "__main__":
    main()
