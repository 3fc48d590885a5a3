# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role refuses what cannot work, naming the variable, the value and the remedy; and its timers are as systemd wants them."""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
SITE = {
    "datagen_wheels_url": "https://mirror.example.org:8443/wheels",
    "datagen_wheels_checksum": "0" * 64,
    "datagen_s3_endpoint": "https://s3.example.org:9000",
    "datagen_s3_bucket": "lake",
    "datagen_s3_secret_key": secrets.token_urlsafe(),
    "datagen_verify_s3_url": "https://s3.example.org:9000",
    "datagen_verify_ca_path": "ca.crt",
    "datagen_verify_access_key": "verify",
    "datagen_verify_secret_key": secrets.token_urlsafe(),
}
KAFKA = {"datagen_kafka_bootstrap_servers": "kafka.example.org:9093", "datagen_kafka_topics": {"sales": "comercial.sales"}}
SAID = "{{ ansible_failed_result['msg'] | default(ansible_failed_result) | string }}"

# What is set otherwise, and the words that the refusal has to hold; no words: it is accepted.
CASES = {
    "as it should be": ({}, []),
    "with Kafka": ({**KAFKA, "datagen_kafka_password": secrets.token_urlsafe()}, []),
    "nothing by timers": ({"datagen_schedules": {}}, []),
    "raw zone at the top": ({"datagen_s3_prefix": ""}, []),
    "another package": ({"datagen_version": "0.9.0"}, ["datagen_version", "0.9.0", "carries", "Set it"]),
    "unknown type": ({"datagen_schedules": {"radius": {"calendar": "daily", "seconds": 1}}}, ["datagen_schedules", "radius", "radius_logs"]),
    "half a schedule": ({"datagen_schedules": {"sales": {"calendar": "daily"}}}, ["datagen_schedules", "seconds", "sales"]),
    "no room": ({"datagen_buffer_mib": 4}, ["datagen_buffer_mib", "4", "16"]),
    "no try": ({"datagen_attempts": 0}, ["datagen_attempts", "0", "1"]),
    "without TLS": ({"datagen_s3_endpoint": "http://s3:9000"}, ["datagen_s3_endpoint", "http://s3:9000", "https://"]),
    "odd prefix": ({"datagen_s3_prefix": "/raw"}, ["datagen_s3_prefix", "/raw", "raw/"]),
    "run by a program": ({"datagen_timers": False, "datagen_remote_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== airflow@example.org\n"]}, []),
    "run by nobody": ({"datagen_timers": False}, ["datagen_timers", "datagen_remote_keys", "name the key"]),
    "a key with an option": ({"datagen_remote_keys": ['command="sh" ssh-ed25519 AAAA']}, ["datagen_remote_keys", "no public SSH key", ".pub"]),
    "two keys in one": ({"datagen_remote_keys": ["ssh-ed25519 AAAA one\nssh-ed25519 AAAA two"]}, ["datagen_remote_keys"]),
    "Kafka without a password": (KAFKA, ["datagen_kafka_password", "Set it"]),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """One run for all cases: what the role said to each, and the timers that it would make."""
    folder = tmp_path_factory.mktemp("validate")
    tasks = []
    for name, (change, dummy) in CASES.items():
        role = {"name": "gti.lakehouse.datagen", "tasks_from": "validate"}
        tasks.append({
            "name": name,
            "vars": {**SITE, **change},
            "block": [
                {"name": "Ask", "ansible.builtin.include_role": role},
                {"name": "Accepted", "ansible.builtin.copy": {"dest": str(folder / name), "content": ""}},
            ],
            "rescue": [{"name": "Refused", "ansible.builtin.copy": {"dest": str(folder / name), "content": SAID}}],
        })
    play = [{"name": "Validate", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    play[0]["vars"] = {"ansible_python_interpreter": sys.executable}
    (folder / "play.yml").write_text(json.dumps(play))
    run = subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(folder / "play.yml")],
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return {name: (folder / name).read_text() for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_validate(answers, name):
    words = CASES[name][1]
    assert all(word in answers[name] for word in words), answers[name]
    assert bool(words) == bool(answers[name]), answers[name]


def test_the_schedules_fit_the_slots():
    """Each type is made at least as often as it has slots, a little after one has ended."""
    from lakehouse_datagen.generators import TYPES

    defaults = yaml.safe_load((ROOT / "roles/datagen/defaults/main.yml").read_text())["datagen_schedules"]
    for name, schedule in defaults.items():
        if hasattr(TYPES[name], "SPAN"):
            assert schedule["seconds"] == TYPES[name].SPAN
            assert schedule["calendar"].startswith(f"*:0/{TYPES[name].SPAN // 60}:")


def test_the_same_sources_give_the_same_wheel(tmp_path):
    """Whatever the times and modes of a checkout are: else each would make the environment anew."""
    tasks = yaml.safe_load((ROOT / "roles/datagen/tasks/install.yml").read_text())
    (environment,) = [task["environment"] for task in tasks if "environment" in task]
    wheels = []
    for number, mode in enumerate((0o644, 0o664)):
        source = tmp_path / f"source-{number}"
        shutil.copytree(ROOT / "roles/datagen/files/datagen", source)
        for path in source.rglob("*.*"):
            os.utime(path, (1e9 + number * 1e8,) * 2)
            if path.is_file():
                path.chmod(mode)
        argv = [sys.executable, "-m", "flit_core.wheel", "--outdir", tmp_path / str(number), source]
        subprocess.run(argv, env={**os.environ, **environment}, check=True, capture_output=True)
        (wheel,) = (tmp_path / str(number)).iterdir()
        names = zipfile.ZipFile(wheel).namelist()
        assert not any("__pycache__" in name for name in names) and sum(name.endswith(".yaml") for name in names) == 5
        wheels.append(wheel.read_bytes())
    assert wheels[0] == wheels[1]
