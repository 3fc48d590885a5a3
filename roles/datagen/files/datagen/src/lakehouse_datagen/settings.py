# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What datagen.yml says. Secrets are not in it: they come by the environment."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import yaml

from .generators import TYPES

PATH = "/etc/datalake/datagen/datagen.yml"
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"


class SettingsError(Exception):
    """Settings that cannot be used; the message says which and why."""


@dataclasses.dataclass
class S3:
    endpoint: str
    bucket: str
    access_key: str
    region: str = "us-east-1"
    prefix: str = "raw/"
    ca_file: str = SYSTEM_CA
    timeout_seconds: int = 30
    secret_key: str = dataclasses.field(default_factory=lambda: os.environ.get("DATAGEN_S3_SECRET_KEY", ""), repr=False)


@dataclasses.dataclass
class Kafka:
    bootstrap_servers: str
    username: str
    topics: dict
    ca_file: str = SYSTEM_CA
    timeout_seconds: int = 30
    password: str = dataclasses.field(default_factory=lambda: os.environ.get("DATAGEN_KAFKA_PASSWORD", ""), repr=False)


@dataclasses.dataclass
class Settings:
    s3: S3
    seed: int
    kafka: Kafka | None = None
    timezone: str = "America/Sao_Paulo"
    state_dir: pathlib.Path = pathlib.Path("/var/lib/datalake/datagen")
    log_dir: pathlib.Path = pathlib.Path("/var/log/datagen")
    buffer_mib: int = 512
    keep_sent_hours: int = 24
    keep_log_days: int = 30
    attempts: int = 3
    backoff_seconds: float = 1.0
    # The types that timers make, with the seconds between two runs; the health check looks after them.
    scheduled: dict = dataclasses.field(default_factory=dict)


def load(path):
    try:
        document = yaml.safe_load(pathlib.Path(path).read_text())
        document["s3"] = S3(**document["s3"])
        document["kafka"] = Kafka(**document["kafka"]) if document.get("kafka") else None
        settings = Settings(**document)
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    settings.state_dir, settings.log_dir = pathlib.Path(settings.state_dir), pathlib.Path(settings.log_dir)
    topics = settings.kafka.topics if settings.kafka else {}
    unknown = sorted({*settings.scheduled, *topics} - set(TYPES))
    if unknown:
        raise SettingsError(f"{path}: no such types of data: {', '.join(unknown)}; there are {', '.join(TYPES)}")
    if not settings.s3.endpoint.startswith("https://"):
        raise SettingsError(f"{path}: s3.endpoint must be an https:// URL, and is {settings.s3.endpoint}")
    return settings
