"""What holds of every DAG, and what of single ones."""

from __future__ import annotations

import pytest
from airflow.models import DagBag
from conftest import ROOT
from lakehouse import site

NAMES = {
    "pipeline_eventos", "data_generation_master", "olt_metrics_dag", "cpe_status_dag", "health_monitoring_dag", "data_quality_check_dag",
    "iceberg_maintenance", "lgpd_erasure", "load_csv", "platform_verify",
}  # fmt: skip


@pytest.fixture(scope="module")
def bag():
    return DagBag(dag_folder=str(ROOT / "dags"), include_examples=False, safe_mode=False)


def test_every_dag_can_be_imported(bag):
    assert bag.import_errors == {}
    assert set(bag.dag_ids) >= NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
class TestEachDag:
    def test_says_what_it_is_and_whose(self, bag, name):
        dag = bag.dags[name]
        assert dag.doc_md
        assert dag.description
        assert dag.tags
        assert all(task.owner == "engenharia" for task in dag.tasks)

    def test_runs_once_at_a_time_and_not_for_the_past(self, bag, name):
        dag = bag.dags[name]
        assert dag.max_active_runs == 1
        assert not dag.catchup

    def test_no_task_runs_for_ever_and_what_is_scarce_is_shared(self, bag, name):
        for task in bag.dags[name].tasks:
            assert task.execution_timeout is not None, task.task_id
            if task.task_type == "SparkSubmitOperator":
                assert (task.pool, task.pool_slots, task._driver_memory) == (site.SPARK_POOL, 1, "512m")


def test_schedules_count_in_the_sites_time_zone(bag):
    """Those by the clock: others, such as @once, have no zone."""
    from airflow.timetables._cron import CronMixin

    for dag in bag.dags.values():
        if isinstance(dag.timetable, CronMixin):
            assert dag.timetable._timezone.name == site.ZONE, dag.dag_id


def test_no_task_is_given_what_airflow_gives_by_that_name(bag):
    """Airflow finds it out when the task runs."""
    from airflow.utils.context import KNOWN_CONTEXT_KEYS
    from airflow.utils.operator_helpers import KeywordParameters

    context = dict.fromkeys(KNOWN_CONTEXT_KEYS)
    for dag in bag.dags.values():
        for task in dag.tasks:
            if hasattr(task, "python_callable"):
                KeywordParameters.determine(task.python_callable, task.op_args, {**context, **task.op_kwargs})


def upstream(dag, task_id):
    found, waiting = set(), set(dag.get_task(task_id).upstream_task_ids)
    while waiting:
        found.add(one := waiting.pop())
        waiting |= dag.get_task(one).upstream_task_ids - found
    return found


def test_no_layer_is_made_before_the_one_below_is_found_good(bag):
    dag = bag.dags["pipeline_eventos"]
    assert "quality_of_raw" in upstream(dag, "curate")
    for name in ("sessions_hourly_city", "olt_health_daily", "cpe_availability_daily", "revenue_monthly"):
        assert {"quality_of_curated", "curate", "migrate"} <= upstream(dag, f"gold.{name}")
        assert f"gold.{name}" in upstream(dag, "quality_of_gold")
    assert {task.trigger_rule for task in dag.tasks} == {"all_success"}


def test_a_person_is_forgotten_after_the_grace_and_then_it_is_proven(bag):
    dag = bag.dags["lgpd_erasure"]
    assert upstream(dag, "forget") >= {"remove", "grace_ends", "grace", "migrate"}
    assert upstream(dag, "prove_in_trino") >= {"prove", "forget"}
    assert dag.get_task("grace").task_type == "DateTimeSensorAsync"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("pseudonym", "C000042"), ("pseudonym", "0" * 63), ("request", "Maria da Silva"), ("grace_minutes", -1), ("keep", "lakehouse.raw.billing")],
)
def test_an_erasure_takes_pseudonyms_and_never_identifiers(bag, name, wrong):
    from airflow.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        bag.dags["lgpd_erasure"].params.get_param(name).resolve(wrong)


@pytest.mark.parametrize(("kind", "hours", "skipped"), [("scheduled", 5, True), ("scheduled", 1, False), ("manual", 5, False)])
def test_maintenance_that_missed_its_night_waits_for_the_next(bag, kind, hours, skipped):
    import datetime
    from types import SimpleNamespace

    from airflow.exceptions import AirflowSkipException

    policy = bag.dags["iceberg_maintenance"].get_task("policy").python_callable
    given = {"dag_run": SimpleNamespace(run_type=kind), "data_interval_end": datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)}
    if skipped:
        with pytest.raises(AirflowSkipException):
            policy(**given)
    else:
        assert "policies" in policy(**given)


def test_a_files_form_reaches_the_job(bag):
    dag = bag.dags["load_csv"]
    chosen = {"file": "ana/metas.csv", "table": "metas", "write": True, "header": False, "types": {"cep": "string"}, "leave_out": ["cpf"]}
    given = dag.get_task("arguments").python_callable(params={**{name: dag.params[name] for name in dag.params if name not in chosen}, **chosen})
    assert given[:3] == [site.CURATE_SETTINGS, "ana/metas.csv", "metas"]
    assert {"--write", "--no-header", "--delimiter=;", "--decimal=,", "--dates=DD/MM/YYYY", "--type=cep=string", "--leave-out=cpf"} <= set(given)
    assert dag.get_task("load").retries == 0


@pytest.mark.parametrize("file", ["metas.csv", "ana/METAS.CSV", "ana/Metas.Txt"])
def test_a_file_may_be_named_in_capitals(bag, file):
    assert bag.dags["load_csv"].params.get_param("file").resolve(file) == file


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("file", "/etc/passwd"), ("file", "metas.xls"), ("table", "raw.sales"), ("decimal", ";"), ("types", {"A B": "string"}), ("leave_out", ["%"])],
)
def test_a_file_and_its_table_have_names(bag, name, wrong):
    from airflow.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        bag.dags["load_csv"].params.get_param(name).resolve(wrong)
