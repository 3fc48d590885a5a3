# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of the repository spark-jobs, as clients of the platform's Spark."""

from __future__ import annotations

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

from lakehouse import site


def submit(task_id: str, job: str, arguments: list[str]) -> SparkSubmitOperator:
    """The driver runs here with half a gigabyte; its exit code is the task's. Arguments are no secrets: a process shows them."""
    return SparkSubmitOperator(
        task_id=task_id,
        conn_id=site.SPARK,
        application=str(site.JOBS_FOLDER / f"{job}.py"),
        application_args=arguments,
        name=job,
        driver_memory="512m",
        conf={"spark.ui.enabled": "false", "spark.eventLog.enabled": "false"},
        pool=site.SPARK_POOL,
    )
