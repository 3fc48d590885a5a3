#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# trino 0.340.0 (the Python client): a parameter that is a datetime with a named zone is sent without its offset, so that the two moments of a
# repeated hour (fold=0 and fold=1), an hour apart, become one literal. A range that begins or ends in that hour holds an hour too much or
# too little, and rows written that way are all of one moment. The same moments in UTC or with a fixed offset are sent as two.
#
# Seen for 2018-02-17 23:30 in America/Sao_Paulo, at -02:00 and again at -03:00: both times TIMESTAMP '2018-02-17 23:30:00.000000 America/Sao_Paulo'.
# What to do: turn parameters to UTC first (moment.astimezone(timezone.utc)).
#
# Needs python3 with venv; a server on a free local port stands in for Trino's protocol. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'trino==0.340.0' 'tzdata'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import datetime
import http.server
import json
import threading
import zoneinfo

import trino

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
connection = trino.dbapi.connect(host="127.0.0.1", port=server.server_port, user="u", legacy_prepared_statements=False)


def sent(moment):
    cursor = connection.cursor()
    cursor.execute("SELECT ?", [moment])
    assert cursor.fetchall() == [[1]]
    return statements[-1].split("USING ")[1]


zone = zoneinfo.ZoneInfo("America/Sao_Paulo")
first, second = (datetime.datetime(2018, 2, 17, 23, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
named, utc = [sent(first), sent(second)], [sent(moment.astimezone(datetime.timezone.utc)) for moment in (first, second)]
print("seconds between the two:", second.timestamp() - first.timestamp(), "| sent:", named, "| in UTC:", utc)
assert second.timestamp() - first.timestamp() == 3600
assert utc == ["TIMESTAMP '2018-02-18 01:30:00.000000 UTC'", "TIMESTAMP '2018-02-18 02:30:00.000000 UTC'"], "moments in UTC are sent otherwise"
assert named == ["TIMESTAMP '2018-02-17 23:30:00.000000 America/Sao_Paulo'"] * 2, "moments of a named zone are sent otherwise"
server.shutdown()
PYTHON
