# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command datagen. Ends with 0 when all went well, 1 at a fault of its own, 2 when it was called wrongly, 3 when
something is kept because it could not be sent, and 4 when something was not made because the buffer is full. The health
check has codes of its own, as monitoring wants them: 0 well, 1 to be looked at, 2 bad, 3 unknown.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import secrets
import sys
import time

from . import rate, settings
from .app import FAILURE, KEPT, OK, USAGE, App
from .generators import LIVE, TYPES, sales
from .sinks import Away, KafkaSink
from .times import parse
from .validator import Rejected, validator

UNKNOWN = 3


def run(app, arguments):
    return report(*app.run(arguments.type, arguments.at))


def run_sales(app, arguments):
    # Those of the day's own number of rows are the plain ones.
    options = {} if arguments.rows == sales.ROWS else {"rows": arguments.rows}
    return report(*app.run("sales", arguments.at or time.time(), **options))


def send(app, arguments):
    kept = app.send()
    app.publish()
    return report(KEPT if kept else OK, [])


def report(code, made):
    print(json.dumps({"exit_code": code, "made": made}))
    return code


def run_rate(app, arguments):
    confirmed, failed, result = 0, {}, {"run": arguments.run, "type": arguments.type}

    def delivered(error, dummy):
        nonlocal confirmed
        if error:
            failed[str(error)] = failed.get(str(error), 0) + 1
        else:
            confirmed += 1

    if arguments.to == "stdout":
        def produce(_key, line):
            sys.stdout.buffer.write(line)

        flush = sys.stdout.flush
    else:
        kafka = app.settings.kafka
        if kafka is None or arguments.type not in kafka.topics:
            print(f"datagen: there is no topic for {arguments.type} in the settings (kafka.topics)", file=sys.stderr)
            return USAGE
        # Long enough for a broker to start again: not one event may be lost by that.
        sink = KafkaSink(dataclasses.replace(kafka, timeout_seconds=max(kafka.timeout_seconds, 120)))

        def produce(key, line):
            sink.produce(arguments.type, key, line, delivered)

        flush = sink.flush
    began = time.monotonic()
    sent = rate.stream(app.isp, arguments.type, arguments.events_per_second, arguments.seconds, arguments.run, produce)
    flush()
    elapsed = time.monotonic() - began
    result.update(sent=sent, confirmed=confirmed, failed=failed, seconds=round(elapsed, 3), events_per_second=round(sent / elapsed, 1))
    if arguments.to == "kafka":
        print(json.dumps(result))
        return OK if confirmed == sent else FAILURE
    return OK


def validate(app, arguments):
    bad = count = 0
    with arguments.file or sys.stdin as lines:
        for count, line in enumerate(lines, 1):
            try:
                validator(arguments.type).encode(json.loads(line))
            except (Rejected, json.JSONDecodeError) as reason:
                bad += 1
                print(json.dumps({"line": count, "reason": str(reason)}))
    print(f"{count} records, {bad} of them not as the schema of {arguments.type} says", file=sys.stderr)
    return FAILURE if bad else OK


def health(app, arguments):
    checks = list(app.health())
    worst = max(level for dummy, level, dummy in checks)
    if arguments.json:
        print(json.dumps({"level": worst, "checks": [dict(zip(("check", "level", "detail"), check)) for check in checks]}))
    else:
        for name, level, detail in checks:
            print(f"{('well', 'look', 'BAD')[level]:5} {name:12} {detail}")
    return worst


def clean_buffer(app, arguments):
    removed = app.buffer.prune(all_sent=True, failed=arguments.failed)
    app.publish()
    print(f"{removed} batches removed; {app.buffer.usage()}")
    return OK


def parser():
    top = argparse.ArgumentParser(prog="datagen", description="Synthetic data of an Internet provider, for the lakehouse.")
    top.add_argument("--settings", default=settings.PATH, help="another file of settings")
    top.add_argument("--state-dir", type=pathlib.Path, help="keep buffer, logs and metrics in another folder")
    top.add_argument("--only", choices=("s3", "kafka"), help="send to this destination alone; with --state-dir, since what was sent counts as sent everywhere")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, call, about):
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(call=call)
        return sub

    sub = command("run", run, "make the slots of a type that are due, and send what waits")
    sub.add_argument("type", choices=TYPES)
    sub.add_argument("--at", type=parse, help="make the slot that was due at this moment (ISO 8601), whatever was made before")
    sub = command("sales", run_sales, "make a year of sales, for benchmarks, and send what waits")
    sub.add_argument("--rows", type=between(1, 5_000_000), default=sales.ROWS)
    sub.add_argument("--at", type=parse, help="the day at which that year ends (ISO 8601)")
    command("send", send, "send what waits")
    sub = command("rate", run_rate, "stream records at a stated rate for a stated time")
    sub.add_argument("--type", choices=LIVE, required=True)
    sub.add_argument("--events-per-second", type=between(1, rate.MOST_PER_SECOND), required=True)
    sub.add_argument("--seconds", type=between(1, rate.MOST_SECONDS), required=True)
    sub.add_argument("--to", choices=("kafka", "stdout"), default="kafka")
    sub.add_argument("--run", default=secrets.token_hex(4), help="name of this run, at the beginning of each event_id")
    sub = command("validate", validate, "hold lines of JSON against the schema of a type")
    sub.add_argument("type", choices=TYPES)
    sub.add_argument("file", nargs="?", type=argparse.FileType(encoding="utf-8"), help="standard input when left out")
    sub = command("health", health, "say how it is, with exit codes for monitoring")
    sub.add_argument("--json", action="store_true")
    sub = command("clean-buffer", clean_buffer, "remove every batch that was sent")
    sub.add_argument("--failed", action="store_true", help="also those that could not be sent; they are lost then")
    return top


def between(least, most):
    def whole_number(text):
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return value

    return whole_number


def main(argv=None):
    top = parser()
    arguments = top.parse_args(argv)
    if arguments.only and not arguments.state_dir:
        top.error("--only needs --state-dir")
    is_health = arguments.call is health
    try:
        found = settings.load(arguments.settings)
        if arguments.state_dir:
            found.state_dir, found.log_dir = arguments.state_dir, arguments.state_dir / "log"
        return arguments.call(App(found, arguments.only), arguments)
    except settings.SettingsError as error:
        print(f"datagen: {error}", file=sys.stderr)
        return UNKNOWN if is_health else USAGE
    except (Away, OSError) as error:
        print(f"datagen: {error}", file=sys.stderr)
        return UNKNOWN if is_health else FAILURE


if __name__ == "__main__":
    sys.exit(main())
