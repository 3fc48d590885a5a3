# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real metastore with the very settings of the role db_hive, on a schema that hive_schema made."""

from __future__ import annotations

import json
import time


def test_metastore_serves_and_cleans_up(server, database, metastore):
    answer = json.loads(metastore.probe(None, "verify_" + "x" * 100).stdout)
    assert answer["databases"] == ["default"] and answer["location"].endswith(".db")
    assert not list((metastore.folder / "warehouse").iterdir())

    # What it must refuse: plain text, and a client that does not trust its authority.
    assert metastore.probe("plain").returncode != 0
    assert "CERTIFICATE_VERIFY_FAILED" in metastore.probe("/etc/ssl/certs/ca-certificates.crt").stderr

    # The log tells that direct SQL is on, which hangs on the product's name.
    log = (metastore.folder / "log").read_text()
    assert "Using direct SQL" in log and "direct SQL is disabled" not in log
    assert server.password not in log

    # A lock whose owner gave its last sign of life an hour ago is removed, a fresh one is not.
    now = int(time.time() * 1000)
    for number, seen in ((1, now - 3600_000), (2, now)):
        server.sql(database, f"""
            INSERT INTO HIVE_LOCKS (HL_LOCK_EXT_ID, HL_LOCK_INT_ID, HL_TXNID, HL_DB, HL_LOCK_STATE, HL_LOCK_TYPE, HL_LAST_HEARTBEAT, HL_USER, HL_HOST)
            VALUES ({number}, 1, 0, 'default', 'a', 'e', {seen}, 'somebody', 'somewhere')""")
    deadline = time.time() + 20
    while time.time() < deadline and len(left := server.sql(database, "SELECT HL_LOCK_EXT_ID FROM HIVE_LOCKS")) > 1:
        time.sleep(0.5)
    assert [int(number) for (number,) in left] == [2]
