# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that the site gives: connections, pools and places. The role of Airflow makes the former, the flow of changes the latter."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import pendulum
from airflow.configuration import conf

TRINO, SPARK, DATAGEN = "trino_default", "spark_default", "datagen"
# One Spark session at a time: each takes a driver here and the whole cluster.
SPARK_POOL, TRINO_POOL, DATAGEN_POOL = "spark", "trino", "datagen"

SQL_FOLDER = pathlib.Path("/opt/lakehouse/lakehouse-sql/sql")
JOBS_FOLDER = pathlib.Path("/opt/lakehouse/spark-jobs/jobs")
CURATE_SETTINGS = "/etc/datalake/spark/curate.json"
CONFIG_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "config"

# The site's time zone, in which days begin, schedules count, and pages show times.
ZONE = conf.get("webserver", "default_ui_timezone")
# What every DAG here has.
COMMON: dict[str, Any] = {
    "start_date": pendulum.datetime(2026, 1, 1, tz=ZONE),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {
        "owner": "engenharia",
        "retries": 2,
        "retry_delay": datetime.timedelta(minutes=1),
        "execution_timeout": datetime.timedelta(minutes=30),
    },
}
