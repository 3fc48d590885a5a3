# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send good and malformed records to a topic, and say as JSON what must become of them.

Reads the connection, the topic, its schema and its required fields as JSON on standard input, so that no secret is on a
command line.
"""
from __future__ import annotations

import json
import secrets
import sys
import time

GOOD = 20
# As JSON; what other readers would complete, or take for infinite, among them.
WRONG = {
    "long": ['"many"', "1.5"], "double": ['"much"', "1e400", "-1e400"], "boolean": ['"perhaps"'],
    "timestamp": ['"one day"', '"23:59:58"', '"T08:00"', '"2024"', "2024", '"2026-01-02"', '"2026-02-30T00:00:00Z"', '"1800-01-01T00:00:00Z"'],
    "date": ['"2026-02-30"', '"2026-01-02Tlixo"', '"2026"', "20260102"],
}


def good(schema, mark, number):
    """A record with a field of each type, as the schema says."""
    now = time.gmtime()
    values = {"string": "%s-%d" % (mark, number), "long": 2 ** 53 + number, "double": number + 0.5, "boolean": number % 2 == 0,
              "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", now), "date": time.strftime("%Y-%m-%d", now)}
    return {field: values[kind] for field, kind in schema.items()}


def malformed(schema, required, mark):
    """Records that must be set aside, as bytes, each with the reason that must be given for it."""
    whole = good(schema, mark, 0)
    text = json.dumps(whole)
    yield None, "no value"
    yield b"", "not one JSON object"
    yield text[:-1].encode(), "not one JSON object"
    yield ("[%s]" % text).encode(), "not one JSON object"
    yield (text + text).encode(), "not one JSON object"
    yield text.replace(mark, mark + "\u00e9").encode("latin-1") if mark in text else b"\xff", "not UTF-8"
    for field in required:
        yield json.dumps({name: value for name, value in whole.items() if name != field}).encode(), "%s: missing" % field
        yield json.dumps({**whole, field: None}).encode(), "%s: missing" % field
    for field, kind in schema.items():
        for value in WRONG.get(kind, ()):
            yield with_values(whole, {field: value}), "%s: not a %s" % (field, kind)
    wrong = {field: WRONG[kind][0] for field, kind in schema.items() if kind in WRONG}
    if len(wrong) > 1:
        yield with_values(whole, wrong), "; ".join("%s: not a %s" % (field, schema[field]) for field in wrong)


def with_values(whole, values):
    """A record with other values, which are JSON: some of them no program would write."""
    texts = {**{field: json.dumps(value) for field, value in whole.items()}, **values}
    return ("{%s}" % ", ".join("%s: %s" % (json.dumps(field), text) for field, text in texts.items())).encode()


def main():
    from confluent_kafka import Producer

    told = json.load(sys.stdin)
    producer = Producer({
        "bootstrap.servers": told["bootstrap_servers"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": told["username"],
        "sasl.password": told["password"],
        "ssl.ca.location": told["ca_path"],
        "enable.idempotence": True,
        "message.timeout.ms": 30000,
        "log_level": 0,
    })
    mark = "verify_" + secrets.token_hex(6)
    sent, failed = [], []

    def delivered(error, message):
        if error is not None:
            failed.append(error.str())
        else:
            sent.append((message.partition(), message.offset()))

    bad = list(malformed(told["schema"], told["required"], mark))
    values = [json.dumps(good(told["schema"], mark, number)).encode() for number in range(GOOD)] + [value for value, dummy in bad]
    # One key, and so one partition.
    for value in values:
        producer.produce(told["topic"], key=mark.encode(), value=value, on_delivery=delivered)
    producer.flush(60)
    if failed or len(sent) != len(values):
        sys.exit("%s took %d of %d records: %s" % (told["topic"], len(sent), len(values), failed[:1]))
    partition, offset = max(sent)
    reasons = sorted(reason for dummy, reason in bad)
    json.dump({"mark": mark, "good": GOOD, "reasons": reasons, "partition": str(partition), "reached": offset + 1}, sys.stdout)


if __name__ == "__main__":
    main()
