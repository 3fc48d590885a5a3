# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures health at the work: each probe does what a client does, beside the others, within a time limit of its own.

Reads [{"name", "kind", "seconds" and what the kind needs}] as JSON from standard input and prints [{"name", "problem" or null, "seconds"}].
Kinds: s3 (an object is written and read), page (a page and its scripts, as a browser loads them), tables (Trino opens a table through
the metastore), lag (records wait in Kafka, and their stream does not go on).
"""
from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode

SECONDS = 30
ASSETS = re.compile(r"""<(?:script|link)\b[^>]*?\b(?:src|href)=["']?([^"'\s>]+\.(?:js|css)[^"'\s>]*)""", re.IGNORECASE)


class Problem(Exception):
    """What a person has to know."""


class Straight(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere."""

    def redirect_request(self, *dummy, **dummies):
        return None


def ask(url, seconds, ca=None, **request):
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), Straight, urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
    try:
        with opener.open(urllib.request.Request(url, **request), timeout=seconds) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise Problem("%d %s" % (error.code, error.read(300).decode(errors="replace").strip())) from error
    except (urllib.error.URLError, OSError) as error:
        raise Problem(str(getattr(error, "reason", error))) from error


def signed(method, url, region, account, secret, body, now):
    """Headers of a request to S3, by version 4 of its signatures."""
    parts = urllib.parse.urlsplit(url)
    day, stamp, digest = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    asked = "\n".join([method, parts.path, "", *("%s:%s" % item for item in sorted(headers.items())), "", names, digest])
    scope = "%s/%s/s3/aws4_request" % (day, region)
    key = ("AWS4" + secret).encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(asked.encode()).hexdigest()]).encode(), hashlib.sha256)
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (account, scope, names, signature.hexdigest())
    return headers


def s3(probe):
    """An object is written and read, by the account that works on this host."""
    body, url = str(time.time()).encode(), "%s/%s/%s" % (probe["url"], probe["bucket"], probe["key"])
    for method, data in (("PUT", body), ("GET", b"")):
        now = datetime.datetime.now(datetime.timezone.utc)
        headers = signed(method, url, probe["region"], probe["account"], probe["secret"], data, now)
        try:
            read = ask(url, probe["seconds"], headers=headers, method=method, data=data if method == "PUT" else None)
        except Problem as problem:
            raise Problem("%s cannot %s an object: %s" % (probe["account"], {"PUT": "write", "GET": "read"}[method], problem)) from problem
    if read != body:
        raise Problem("%s reads another object than it wrote" % probe["account"])


def curl(seconds, *words):
    return subprocess.run(["curl", "--silent", "--show-error", "--fail", "--location", "--compressed", "--http2", "--noproxy", "*",
                           "--max-time", str(seconds), *words], capture_output=True, text=True, errors="replace", check=False)


def page(probe):
    """All at once over one connection of HTTP/2, as a browser asks for them."""
    shown = curl(probe["seconds"], "--cookie", "", "--write-out", "\n%{url_effective}", probe["url"])
    if shown.returncode:
        raise Problem("the page does not load: " + shown.stderr.strip())
    html, url = shown.stdout.rsplit("\n", 1)
    assets = sorted({urllib.parse.urljoin(url, name.replace("&amp;", "&")) for name in ASSETS.findall(html)})
    assets = [asset for asset in assets if urllib.parse.urlsplit(asset).netloc == urllib.parse.urlsplit(url).netloc]
    if not assets:
        return
    words = [word for asset in assets for word in ("--output", "/dev/null", asset)]
    loaded = curl(probe["seconds"], "--parallel", *words)
    if loaded.returncode:
        raise Problem("%d scripts and styles of the page do not all load: %s" % (len(assets), loaded.stderr.strip().splitlines()[-1]))


def query(probe, sql):
    """Rows of a query of Trino. Addresses in its answers are by name, which the controller need not know."""
    login = {"Authorization": "Basic " + b64encode(("%s:%s" % (probe["user"], probe["password"])).encode()).decode(), "X-Trino-User": probe["user"]}
    path, body, rows, end = "/v1/statement", sql.encode(), [], time.monotonic() + probe["seconds"]
    while time.monotonic() < end:
        answer = json.loads(ask(probe["url"] + path, probe["seconds"], probe.get("ca"), data=body, headers=login))
        rows += answer.get("data", [])
        if "error" in answer:
            raise Problem(answer["error"]["message"])
        if "nextUri" not in answer:
            return rows
        path, body = urllib.parse.urlsplit(answer["nextUri"]).path, None
    raise Problem("no answer within %d s" % probe["seconds"])


def tables(probe):
    """A table of the catalog is opened: the metastore says where it is, the object store has what it consists of."""
    found = query(probe, "select table_schema, table_name from lakehouse.information_schema.tables where table_schema <> 'information_schema' "
                         "order by table_schema <> 'raw', table_name limit 1")
    for schema, name in found:
        query(probe, 'select count(*) from lakehouse."%s"."%s$snapshots"' % (schema.replace('"', '""'), name.replace('"', '""')))


def waiting(consumer, group_topics):
    """{(topic, partition): (committed, end)} where records wait."""
    from confluent_kafka import TopicPartition

    known = consumer.list_topics(timeout=10).topics
    missing = sorted(set(group_topics) - set(known))
    if missing:
        raise Problem("Kafka has no topic %s (run playbooks/kafka_kraft.yml)" % ", ".join(missing))
    places = [TopicPartition(topic, partition) for topic in group_topics for partition in known[topic].partitions]
    found = {}
    for place in consumer.committed(places, timeout=10):
        first, end = consumer.get_watermark_offsets(place, timeout=10)
        reached = place.offset if place.offset >= 0 else first
        if end > reached:
            found[place.topic, place.partition] = (reached, end)
    return found


def lag(probe):
    """What waits must become less, or its stream stands still. The age of the last row tells since when, where Trino can say."""
    from confluent_kafka import Consumer, KafkaException

    try:
        consumer = Consumer(dict(probe["kafka"], **{"group.id": probe["group"], "enable.auto.commit": False}))
        before = now = waiting(consumer, probe["topics"])
        end = time.monotonic() + probe["patience"]
        while before and time.monotonic() < end:
            time.sleep(3)
            now = waiting(consumer, probe["topics"])
            before = {place: offsets for place, offsets in before.items() if now.get(place, (-1,))[0] == offsets[0]}
        consumer.close()
    except KafkaException as error:
        raise Problem("Kafka does not report the lag: %s" % error) from error
    still = {}
    for topic, partition in before:
        still[topic] = still.get(topic, 0) + now[topic, partition][1] - now[topic, partition][0]
    if still:
        raise Problem("; ".join("%s: %d records wait, %s" % (topic, count, last_row(probe, topic)) for topic, count in sorted(still.items())))


def last_row(probe, topic):
    table = probe["topics"][topic] or "raw." + topic.rsplit(".", 1)[-1]
    try:
        (age,), = query(probe, "select date_diff('second', max(committed_at), current_timestamp) from lakehouse.%s where operation = 'append'"
                        % ".".join('"%s"' % part for part in (table + "$snapshots").split(".")))
    except (Problem, ValueError, KeyError):
        return "and the age of the last row cannot be told"
    return "the last row was written %s s ago" % age


KINDS = {"s3": s3, "page": page, "tables": tables, "lag": lag}


def measured(probe):
    probe = dict({"seconds": SECONDS}, **probe)
    said = {"name": probe["name"], "problem": "no answer within %d s" % probe["seconds"], "seconds": probe["seconds"]}
    begin = time.monotonic()

    def work():
        try:
            KINDS[probe["kind"]](probe)
            problem = None
        except Problem as error:
            problem = str(error)
        except Exception as error:  # pylint: disable=broad-except # one probe's fault is that one's
            problem = "%s: %s" % (type(error).__name__, error)
        said.update(problem=problem, seconds=round(time.monotonic() - begin, 1))
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, begin + probe["seconds"], said


def main():
    running = [measured(probe) for probe in json.load(sys.stdin)]
    for thread, end, dummy in running:
        thread.join(max(0, end - time.monotonic()))
    print(json.dumps([dict(said) for dummy, dummy, said in running]), flush=True)


if __name__ == "__main__":
    main()
