# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One event, all the way: sent to Kafka, once in the raw table, curated and summed by Airflow's DAG, asked of Trino, shown by Superset.

It happens to an OLT that nobody has, on a day on which nobody measured, so that no figure of the site's own is touched. Reads the site as
JSON from standard input; prints what held, what did not, and how long it took, as JSON; ends with 1 when something did not hold. What it
made is gone at the end, but for Kafka's record, which goes with its time.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import secrets
import sys
from urllib.parse import quote, urlencode

from clients import Http, Proof, Trino, until

DAY = "2000-01-01"
AT = f"timestamp '{DAY} 12:00:00 UTC'"
RUNS = "/api/v1/dags/pipeline_eventos/dagRuns"
MAINTENANCE = "/api/v1/dags/iceberg_maintenance/dagRuns"
DATASET, COLUMN, METRIC = "saude_das_olts", "olt_id", "disponibilidade"
# A run of the schedule may have to end first.
PIPELINE_SECONDS = 1200


def send(site, event):
    from confluent_kafka import Producer

    refused = []
    producer = Producer({
        "bootstrap.servers": site["kafka"], "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": site["kafka_user"][0], "sasl.password": site["kafka_user"][1], "ssl.ca.location": site["ca_path"],
    })  # fmt: skip
    producer.produce("rede.olt_metrics", json.dumps(event).encode(), on_delivery=lambda error, dummy: error and refused.append(str(error)))
    if producer.flush(60) or refused:
        raise RuntimeError(f"Kafka does not take the event: {refused or 'not within 60 s'}")


def asked(trino, statement):
    """Rows; none where the table is not there yet."""
    try:
        return trino.query(statement)
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        return []


def run_pipeline(site, trino, mine, proof, undo):
    """A run of the DAG for that day alone."""
    airflow, who = Http(site["airflow_url"], site["ca_path"]), tuple(site["airflow"])
    run = airflow.must("POST", RUNS, who, {"conf": {"day": DAY, "days": 1}})["dag_run_id"]
    path = f"{RUNS}/{quote(run, safe='')}"

    def take_back():
        airflow.ask("PATCH", path, who, {"state": "failed"})
        airflow.ask("DELETE", path, who)
        asked(trino, f"delete from lakehouse.ops.data_quality where day = date '{DAY}' and run_id = '{run}'")

    def end():
        state = airflow.must("GET", path, who)["state"]
        return state if state in ("success", "failed") else ""

    def rows(layer):
        return len(asked(trino, f"select 1 from lakehouse.{layer}.olt_metrics where {mine}"))

    undo.callback(take_back)
    until("the event curated", lambda: rows("curated") or end(), PIPELINE_SECONDS, 2)
    proof.that(rows("raw") == 1, f"the event is in raw once ({rows('raw')})")
    # Now, while this run keeps the next one waiting, which would curate it as one of those that came today.
    trino.query(f"delete from lakehouse.raw.olt_metrics where {mine}")
    ended = until("the end of the run of pipeline_eventos", end, PIPELINE_SECONDS, 1)
    tasks = airflow.must("GET", path + "/taskInstances", who)["task_instances"]
    proof.seconds.update({task["task_id"]: round(task["duration"] or 0, 1) for task in tasks})
    bad = {task["task_id"]: task["state"] for task in tasks if task["state"] != "success"}
    proof.that(ended == "success", f"the DAG brings the day from raw to gold {bad or ''}".strip())
    proof.that(rows("curated") == 1, f"the event is in curated once ({rows('curated')})")


def see_chart(site, olt, proof):
    superset = Http(site["superset_url"] + "/api/v1", site["ca_path"])
    name, password = site["superset"]
    token = superset.must("POST", "/security/login", ("", ""), {"username": name, "password": password, "provider": "db"})["access_token"]
    found = superset.must("GET", f"/dataset/?q=(filters:!((col:table_name,opr:eq,value:{DATASET})))", token)["result"]
    if not found:
        return proof.that(True, f"Superset has no dataset {DATASET} any more, so no chart was asked")
    query = {"columns": [COLUMN], "metrics": [METRIC], "filters": [{"col": COLUMN, "op": "==", "val": olt}], "row_limit": 5}
    body = {"datasource": {"id": found[0]["id"], "type": "table"}, "queries": [query], "result_format": "json", "result_type": "full", "force": True}
    rows = superset.must("POST", "/chart/data", token, body)["result"][0]["data"]
    proof.that(rows == [{COLUMN: olt, METRIC: 1}], f"Superset charts it {rows}")


def bring(site, trino, proof, undo):
    event, olt = (f"verify-{secrets.token_hex(6)}" for dummy in range(2))
    mine, summed = f"event_id = '{event}' and event_time = {AT}", f"day = date '{DAY}' and olt_id = '{olt}'"
    for table, rows in (("gold.olt_health_daily", summed), ("curated.olt_metrics", mine), ("raw.olt_metrics", mine)):
        undo.callback(asked, trino, f"delete from lakehouse.{table} where {rows}")
    with proof.timed("event to row in raw"):
        send(site, {"event_id": event, "event_time": f"{DAY}T12:00:00Z", "olt_id": olt, "pon_port": 1, "status": "up"})
        until("the event in raw", lambda: asked(trino, f"select 1 from lakehouse.raw.olt_metrics where {mine}"), 120)
    run_pipeline(site, trino, mine, proof, undo)
    rows = asked(trino, f"select samples, availability_percent from lakehouse.gold.olt_health_daily where {summed}")
    proof.that(rows == [[1, 100.0]], f"Trino has it in gold {rows}")
    with proof.timed("chart"):
        see_chart(site, olt, proof)


def maintained(site, since):
    """Whether the tables were maintained since then, which takes raw rows that are as old as the event; when that has ended."""
    airflow, who = Http(site["airflow_url"], site["ca_path"]), tuple(site["airflow"])

    def runs(**wanted):
        status, answer = airflow.ask("GET", f"{MAINTENANCE}?{urlencode(wanted)}", who)
        return answer["total_entries"] if status == 200 else 0  # a site may have no such DAG

    ran = runs(state="running") or runs(end_date_gte=since)
    until("the end of the maintenance", lambda: not runs(state="running"), PIPELINE_SECONDS, 5)
    return bool(ran)


def prove(site):
    proof, trino = Proof(), Trino(site)
    try:
        with proof.timed("all"), contextlib.ExitStack() as undo:
            bring(site, trino, proof, undo)
    except (RuntimeError, OSError) as error:
        proof.that(False, str(error))
    return proof


def main():
    site, since = json.load(sys.stdin), datetime.datetime.now(datetime.timezone.utc).isoformat()
    proof = prove(site)
    try:
        if proof.broken and maintained(site, since):
            proof = prove(site)
    except (RuntimeError, OSError) as error:
        proof.that(False, str(error))
    print(proof.said())
    sys.exit(1 if proof.broken else 0)


if __name__ == "__main__":
    main()
