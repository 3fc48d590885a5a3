#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PyHive 0.7.0, the client for Trino (and Presto): a datetime given as a parameter loses its zone, whatever it is, and everything below the
# millisecond. The literal has no zone and is read in the session's, so that a filter means another moment, and equality with what was
# read as microseconds finds nothing. The trino client, with the same server, keeps both.
#
# Seen for 12:00:00.123456 UTC: PyHive sends timestamp '2024-01-01 12:00:00.123', and the same for 12:00:00.123456 in America/Sao_Paulo, three hours later;
# trino 0.340.0 sends TIMESTAMP '2024-01-01 12:00:00.123456 UTC' and '... America/Sao_Paulo'.
# What to do: use the trino client, or write the moment as text with from_iso8601_timestamp_nanos().
#
# Needs python3 with venv; a server on a free local port stands in for Trino's protocol. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'pyhive==0.7.0' 'requests' 'trino==0.340.0' 'tzdata'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import datetime
import http.server
import json
import threading
import zoneinfo

import trino
from pyhive import trino as pyhive

statements = []
ANSWER = json.dumps({
    "id": "1", "infoUri": "none", "stats": {"state": "FINISHED"}, "data": [[1]],
    "columns": [{"name": "a", "type": "bigint", "typeSignature": {"rawType": "bigint", "arguments": []}}]}).encode()


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        statements.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = {"host": "127.0.0.1", "port": server.server_port}
ours = pyhive.connect(**address, username="u").cursor()
theirs = trino.dbapi.connect(**address, user="u", legacy_prepared_statements=False).cursor()
found = []
for zone in ("UTC", "America/Sao_Paulo"):
    moment = datetime.datetime(2024, 1, 1, 12, 0, 0, 123456, tzinfo=zoneinfo.ZoneInfo(zone))
    ours.execute("SELECT %(t)s", {"t": moment})
    assert ours.fetchall() == [(1,)]
    found.append(statements[-1])
    theirs.execute("SELECT ?", [moment])
    assert theirs.fetchall() == [[1]]
    print(moment.isoformat(), "| PyHive:", found[-1], "| trino:", statements[-1])
    assert statements[-1].endswith(f"USING TIMESTAMP '2024-01-01 12:00:00.123456 {zone}'"), "the trino client behaves otherwise"
assert found == ["SELECT timestamp '2024-01-01 12:00:00.123'"] * 2, "PyHive behaves otherwise"
server.shutdown()
PYTHON
