# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands: their settings, their exit codes, and what an operator's tool calls."""

from __future__ import annotations

import io
import json
import pathlib
import time
import tomllib

import pytest
import yaml
from lakehouse_datagen import cli, journal, manage, sinks, times
from lakehouse_datagen import settings as settings_module
from lakehouse_datagen.buffer import Buffer, batch_name
from lakehouse_datagen.generators import TYPES, records
from lakehouse_datagen.metrics import Counters

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]


class Store:
    """Stands in for the bucket; a fault is what sending and probing raise."""

    name = "s3"
    fault: Exception | None = None

    def __init__(self, settings):
        self.has = []

    def send(self, batch):
        self.probe()
        return True

    def probe(self):
        for fault in filter(None, [Store.fault]):
            raise fault


@pytest.fixture
def site(tmp_path, monkeypatch, isp):
    document = {
        "seed": 42, "state_dir": str(tmp_path / "state"), "log_dir": str(tmp_path / "log"), "backoff_seconds": 0,
        "scheduled": {"radius_logs": 900, "billing": 2678400},
        "s3": {"endpoint": "https://s3.example.test", "bucket": "b", "access_key": "datagen"},
    }  # fmt: skip
    path = tmp_path / "datagen.yml"
    path.write_text(yaml.safe_dump(document))
    monkeypatch.setattr(Store, "fault", None)
    monkeypatch.setattr("lakehouse_datagen.app.S3Sink", Store)
    monkeypatch.setattr("lakehouse_datagen.app.App.isp", isp)  # takes half a second each time

    def datagen(*arguments):
        return cli.main(["--settings", str(path), *arguments])

    datagen.path, datagen.document, datagen.folder = path, document, tmp_path
    return datagen


def out(capsys):
    return json.loads(capsys.readouterr().out)


def metric(site, name):
    lines = (site.folder / "state/metrics/datagen.prom").read_text().splitlines()
    return [line for line in lines if line.startswith(f"datagen_{name}")]


# --- run ---


def test_a_run_makes_what_is_due_once(site, capsys):
    assert site("run", "radius_logs") == 0
    (made,) = out(capsys)["made"]
    assert made["new"] and 100 <= made["records"] <= 500 and made["rejected"] == 0
    assert site("run", "radius_logs") == 0
    assert out(capsys)["made"] == []
    # Asked for by hand, what is there is not made again, and not sent again.
    again = times.iso(times.parse(made["slot"]) + 900)
    assert site("run", "radius_logs", "--at", again) == 0
    assert out(capsys)["made"] == [{"batch": made["batch"], "slot": made["slot"], "new": False}]
    assert metric(site, "batches_sent_total") == ['datagen_batches_sent_total{type="radius_logs"} 1']


def test_what_was_missed_is_made_up_for_up_to_a_bound(site, capsys):
    counters = Counters(site.folder / "state/counters.json")
    (current,) = TYPES["radius_logs"].slots(None, time.time())
    for missed, expected in ((3, 3), (500, 24)):
        counters.set("last_slot", current - missed * 900, type="radius_logs")
        assert site("run", "radius_logs") == 0
        assert len(out(capsys)["made"]) in (expected, expected + 1)


def test_when_the_destination_is_away_the_exit_code_says_so_and_nothing_is_lost(site, capsys):
    Store.fault = sinks.Away("no route to host")
    assert site("run", "radius_logs") == cli.KEPT
    captured = capsys.readouterr()
    assert json.loads(captured.out)["exit_code"] == 3 and "no route to host" in captured.err
    counts = {"failed_uploads": 1, "raw_buffer": 0, "success_uploads": 0}
    assert metric(site, "buffer_files{") == [f'datagen_buffer_files{{folder="{folder}"}} {count}' for folder, count in counts.items()]
    assert site("send") == cli.KEPT
    Store.fault = None
    assert site("send") == 0
    assert metric(site, "batches_sent_total") == ['datagen_batches_sent_total{type="radius_logs"} 1']


def test_a_full_buffer_is_loud_and_what_it_did_not_take_is_made_later(site, capsys, monkeypatch):
    monkeypatch.setattr("lakehouse_datagen.app.Buffer", lambda root, limit, keep: Buffer(root, 8000, keep))
    Store.fault = sinks.Away("down")
    assert [site("run", "radius_logs") for dummy in range(2)] == [4, 4], "one batch alone is more than that"
    captured = capsys.readouterr()
    assert "buffer_full" in captured.err and json.loads(captured.out.splitlines()[0])["exit_code"] == 4
    assert metric(site, "buffer_full_total") == ['datagen_buffer_full_total{type="radius_logs"} 2']
    assert json.loads(journal.Journal(site.folder / "log", 30).last("generation", 1)[0])["event"] == "buffer_full"
    # Smaller ones still fit; and a full one does not count as made.
    assert site("run", "olt_metrics") == 3
    assert [line.split("{")[1].split("}")[0] for line in metric(site, "last_slot")] == ['type="olt_metrics"']
    monkeypatch.setattr("lakehouse_datagen.app.Buffer", Buffer)
    assert site("run", "radius_logs") == 3
    capsys.readouterr()
    Store.fault = None
    assert site("send") == 0 and len(list((site.folder / "state/success_uploads").iterdir())) == 2


def test_bad_records_are_set_aside_with_the_reason_and_the_others_go(site, capsys, monkeypatch):
    module = TYPES["sales"]
    real = module.batch

    def spoiled(isp, slot, rows=10):
        for number, record in enumerate(real(isp, slot, rows=10)):
            yield {**record, "quantity": -1} if number == 4 else record

    monkeypatch.setattr(module, "batch", spoiled)
    assert site("run", "sales") == 0
    (made,) = out(capsys)["made"]
    assert (made["records"], made["rejected"]) == (9, 1)
    (line,) = journal.Journal(site.folder / "log", 30).last("rejected", 5)
    rejected = json.loads(line)
    assert rejected["record"]["sale_id"] == 5 and "quantity" in rejected["reason"] and rejected["batch"] == made["batch"]
    assert metric(site, "records_rejected_total") == ['datagen_records_rejected_total{type="sales"} 1']


def test_sales_of_another_size_have_another_name(site, capsys):
    assert site("sales", "--rows", "300", "--at", "2026-11-24") == 0
    (made,) = out(capsys)["made"]
    assert made["batch"] == batch_name("sales", 1795478400, 42, "-rows300") and made["records"] == 300


def test_one_destination_alone_needs_a_buffer_of_its_own(site, tmp_path):
    with pytest.raises(SystemExit) as ended:
        site("--only", "s3", "send")
    assert ended.value.code == 2
    assert site("--only", "s3", "--state-dir", str(tmp_path / "apart"), "run", "radius_logs") == 0
    assert not (site.folder / "state").exists() and (tmp_path / "apart/success_uploads").is_dir()


def test_no_stream_without_a_topic(site, capsys):
    assert site("rate", "--type", "radius_logs", "--events-per-second", "1", "--seconds", "1") == 2
    assert "topic" in capsys.readouterr().err


def test_a_stream_to_the_output(site, capfdbinary):
    assert site("rate", "--type", "cpe_status", "--events-per-second", "50", "--seconds", "1", "--to", "stdout", "--run", "mine") == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["event_id"] for line in lines] == [f"mine-{number:010}" for number in range(50)]


# --- validate ---


def test_validate_names_the_bad_lines(site, capsys, monkeypatch, isp, noon):
    good = [json.dumps(record) for record in records(isp, "cpe_status", noon)][:3]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(good)))
    assert site("validate", "cpe_status") == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([good[0], "{", good[1].replace("online", "asleep")])))
    assert site("validate", "cpe_status") == 1
    assert [json.loads(line)["line"] for line in capsys.readouterr().out.splitlines()] == [2, 3]


# --- health ---


def levels(site, capsys):
    capsys.readouterr()
    code = site("health", "--json")
    document = out(capsys)
    assert document["level"] == code
    return code, {check["check"]: check["level"] for check in document["checks"]}


def test_health_from_the_first_run_to_a_lost_one(site, capsys):
    assert levels(site, capsys) == (1, {"s3": 0, "radius_logs": 1, "billing": 0, "buffer": 0, "failed": 0, "disk": 0})
    site("run", "radius_logs")
    assert levels(site, capsys)[0] == 0
    Store.fault = sinks.Refused("AccessDenied: go away")
    site("run", "radius_logs", "--at", "2020-01-01")
    code, found = levels(site, capsys)
    assert code == 2 and found["s3"] == 2 and found["failed"] == 1
    assert site("health") == 2
    assert "AccessDenied" in capsys.readouterr().out


def test_health_sees_a_type_that_is_late_and_a_full_buffer(site, capsys):
    counters = Counters(site.folder / "state/counters.json")
    counters.set("last_slot", int(time.time()) - 3600, type="radius_logs")
    assert levels(site, capsys)[1]["radius_logs"] == 2
    counters.set("last_slot", int(time.time()) - 900, type="radius_logs")
    assert levels(site, capsys)[1]["radius_logs"] == 0
    counters.set("last_full_seconds", int(time.time()), type="radius_logs")
    assert levels(site, capsys)[1]["radius_logs"] == 2
    counters.set("last_success_seconds", int(time.time()) + 1, type="radius_logs")
    assert levels(site, capsys)[1]["radius_logs"] == 0


# --- settings ---


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda document: document.pop("seed"), "seed"),
        (lambda document: document.pop("s3"), "s3"),
        (lambda document: document.update(sede=1), "sede"),
        (lambda document: document["s3"].update(bukket="b"), "bukket"),
        (lambda document: document["s3"].update(endpoint="http://s3.example.test"), "https"),
        (lambda document: document["scheduled"].update(radius=1), "radius_logs"),
        (lambda document: document.update(kafka={"bootstrap_servers": "k:1", "username": "u", "topics": {"nothing": "t"}}), "nothing"),
    ],
)
def test_settings_that_cannot_be_used_are_named(site, capsys, change, words):
    change(site.document)
    site.path.write_text(yaml.safe_dump(site.document))
    assert site("run", "sales") == 2 and words in capsys.readouterr().err
    assert site("health") == 3


def test_no_settings_at_all(site, capsys):
    site.path.unlink()
    assert site("run", "sales") == 2 and str(site.path) in capsys.readouterr().err


def test_secrets_come_by_the_environment_and_are_not_shown(monkeypatch):
    monkeypatch.setenv("DATAGEN_S3_SECRET_KEY", "q" * 20)
    s3 = settings_module.S3("https://s3.example.test", "b", "datagen")
    assert s3.secret_key == "q" * 20 and "q" * 20 not in repr(s3)


# --- manage_datagen ---


@pytest.fixture
def called(monkeypatch):
    """What manage_datagen runs, without running it."""
    calls = []

    def run(argv, **options):
        calls.append(argv)
        listing = "datagen@.timer x\ndatagen@billing.timer enabled\ndatagen@sales.timer enabled\n"
        return type("Result", (), {"returncode": 0, "stdout": listing})

    monkeypatch.setattr(manage.subprocess, "run", run)
    monkeypatch.setattr(manage.os, "geteuid", lambda: 0)
    return calls


def test_manage_starts_and_stops_timers(called):
    assert manage.main(["start"]) == 0
    assert called[-1] == ["systemctl", "start", "datagen@billing.timer", "datagen@sales.timer"]
    assert manage.main(["stop", "sales"]) == 0
    assert called[-1] == ["systemctl", "stop", "datagen@sales.timer"]


def test_manage_shows_and_cleans(called):
    assert manage.main(["status"]) == 0 and called[-1] == [manage.DATAGEN, "health"]
    assert manage.main(["clean-buffer"]) == 0 and called[-1] == [manage.DATAGEN, "clean-buffer"]
    assert manage.main(["clean-buffer", "--failed"]) == 0 and called[-1][-1] == "--failed"


def test_manage_shows_logs(site, called, monkeypatch, capsys):
    site("run", "olt_metrics")
    capsys.readouterr()
    monkeypatch.setattr(settings_module, "PATH", str(site.path))
    assert manage.main(["logs", "upload", "-n", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "sent"


def test_manage_becomes_root(called, monkeypatch):
    became = []
    monkeypatch.setattr(manage.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(manage.os, "execvp", lambda program, argv: became.append(argv) or (dummy for dummy in ()).throw(SystemExit(0)))
    with pytest.raises(SystemExit):
        manage.main(["start"])
    assert became[0][0] == "sudo" and called == []


# --- the package ---


def test_one_version_everywhere():
    package = tomllib.loads((CHECKOUT / "roles/datagen/files/datagen/pyproject.toml").read_text())["project"]["version"]
    group_vars = CHECKOUT / "group_vars/all"
    assert yaml.safe_load((group_vars / "versions.yml").read_text())["lakehouse_datagen_version"] == package
    catalogue = yaml.safe_load((group_vars / "artifacts.yml").read_text())["mirror_catalogue"]
    assert package in [entry["version"] for entry in catalogue if entry["name"] == "datagen"]


def test_the_account_may_write_each_types_folder_and_no_other():
    policies = yaml.safe_load((CHECKOUT / "group_vars/all/s3.yml").read_text())["minio_policies_default"]
    (document,) = [policy["document"] for policy in policies if policy["name"] == "datagen"]
    put, listing = document["Statement"]
    assert put["Action"] == ["s3:PutObject"] and listing["Action"] == ["s3:ListBucket"]
    folders = [f"raw/{name}/*" for name in TYPES]
    assert [resource.split("}}/", 1)[1] for resource in put["Resource"]] == folders
    assert listing["Condition"]["StringLike"]["s3:prefix"] == folders


def test_the_role_knows_the_types():
    internal = yaml.safe_load((CHECKOUT / "roles/datagen/vars/main.yml").read_text())
    assert internal["__datagen_types"] == list(TYPES)


def test_the_topics_schemas_are_those_of_the_records():
    group_vars = CHECKOUT / "group_vars/all"
    topics = {topic["name"]: topic for topic in yaml.safe_load((group_vars / "kafka_kraft.yml").read_text())["kafka_kraft_topics_default"]}
    for name, topic in yaml.safe_load((group_vars / "datagen.yml").read_text())["datagen_kafka_topics"].items():
        schema = CHECKOUT / f"roles/datagen/files/datagen/src/lakehouse_datagen/schemas/{name}.yaml"
        expected = {}
        for field, kind in yaml.safe_load(schema.read_text())["properties"].items():
            plain = [kind.get("type", "string")] if isinstance(kind.get("type", "string"), str) else kind["type"]
            fallback = {"integer": "long", "number": "double", "string": "string"}[plain[0]]
            expected[field] = {"utc-time": "timestamp", "calendar-date": "date"}.get(kind.get("format"), fallback)
        assert topics[topic]["schema"] == expected, name
