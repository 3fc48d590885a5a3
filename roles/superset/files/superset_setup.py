# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring Superset's database to the release, and its administrator into it. Runs as Superset's account, in its environment.

    database [--check]   do what the database needs: its tables, its roles, its secrets under a new key
    administrator        make or change the administrator that standard input tells of, in JSON

Superset itself takes long to load, so what is needed is found out without it. Prints what was done as JSON.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

ETC = pathlib.Path(os.environ["SUPERSET_CONFIG_PATH"]).parent
HOME = pathlib.Path(sys.prefix)


def newest_revision(folder):
    """The one revision of the release's migrations that no other builds upon."""
    names, before = set(), set()
    for path in folder.glob("*.py"):
        text = path.read_text()
        names.update(re.findall(r"""^revision\s*=\s*["'](\w+)["']""", text, re.MULTILINE))
        for line in re.findall(r"^down_revision\s*=\s*(.+)$", text, re.MULTILINE):
            before.update(re.findall(r"""["'](\w+)["']""", line))
    heads = names - before
    if len(heads) != 1:
        raise SystemExit(f"{folder} has {len(heads)} newest revisions")
    return heads.pop()


def found(uri):
    """The database's revision, or None, and whether it has Superset's roles."""
    import psycopg2

    with psycopg2.connect(uri.replace("postgresql+psycopg2", "postgresql")) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('alembic_version'), to_regclass('ab_role')")
        versions, roles = cursor.fetchone()
        revision = None
        if versions:
            cursor.execute("select version_num from alembic_version")
            revision = (cursor.fetchone() or [None])[0]
        if roles:
            cursor.execute("select count(*) from ab_role where name = 'Gamma'")
            roles = cursor.fetchone()[0]
        return revision, bool(roles)


def steps(revision, has_roles, newest, key, key_in_use, release, release_in_use):
    """What has to be done, in this order. Pure."""
    upgrade = revision != newest
    return {
        "upgrade": upgrade,
        "init": upgrade or not has_roles or release != release_in_use,
        "re-encrypt": key_in_use is not None and key != key_in_use,
    }


def superset(*arguments):
    done = subprocess.run([HOME / "bin/superset", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"superset {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-4000:]}")


def read(path):
    return path.read_text().strip() if path.exists() else None


def write(path, text):
    """At once or not at all, and for this account alone."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def database(check):
    site = json.loads((ETC / "settings.json").read_text())
    key_path, release_path = (pathlib.Path(site["state"]) / name for name in ("secret_key_in_use", "release_in_use"))
    key, release = read(ETC / "secret_key"), read(HOME / ".whole") or str(HOME.resolve())
    folder = next(iter(HOME.glob("lib/python3*/site-packages/superset/migrations/versions")))
    todo = steps(*found(site["database_uri"]), newest_revision(folder), key, read(key_path), release, read(release_path))
    if not check:
        if todo["upgrade"]:
            superset("db", "upgrade")
        if todo["init"]:
            superset("init")
            write(release_path, release)
        if todo["re-encrypt"]:
            superset("re-encrypt-secrets")
        if read(key_path) != key:
            write(key_path, key)
    return [name for name, needed in todo.items() if needed]


def administrator(wish):
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        manager = app.appbuilder.sm
        user = manager.find_user(wish["username"])
        if not user:
            user = manager.add_user(wish["username"], "Lakehouse", "Administrator", wish["email"], manager.find_role("Admin"), wish["password"])
            if not user:
                raise SystemExit(f"{wish['username']} could not be made")
            return ["made"]
        user.active, user.roles = True, [manager.find_role("Admin")]
        manager.update_user(user)
        manager.reset_password(user.id, wish["password"])
        return ["changed"]


def main(arguments):
    if arguments in (["database"], ["database", "--check"]):
        done = database("--check" in arguments)
    elif arguments == ["administrator"]:
        done = administrator(json.load(sys.stdin))
    else:
        raise SystemExit(__doc__)
    print(json.dumps({"done": done}))


if __name__ == "__main__":
    main(sys.argv[1:])
