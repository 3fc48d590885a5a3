# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Works as a client of each service while the site is changed, and counts how often it was refused.

Reads {"trusts": [files, the first that is there], "seconds": between two tries, "clients": {name: client}, "vault": {"view": COMMAND, "file": FILE}} as
JSON from standard input, and tries until the file `stop` of the argument's folder is there. Then `outages.json` is in that folder: for each client
its tries, its failures by their kind, and when and for how many seconds it got nothing. A client is one of

    {"url": URL}                                  a page; with "user" and "secret", by a login
    {"url": URL, "sql": STATEMENT, ...}           a query of Trino, to its last row
    {"bootstrap": SERVER, "user": .., "secret": ..}                   Kafka, by SASL
    {"endpoint": SERVER, "bucket": .., "prefix": .., "user": .., "secret": ..}   an object store's list
    {"dsn": TEXT}                                 a connection of PostgreSQL and a query; its password is where its client looks for it
    {"host": HOST, "port": PORT}                  TLS alone

Each try is a new connection. "secret" names a value of the vaulted file. Who has been told its new value and is refused tries the one before, as
somebody does who has both: refused is who comes in by neither.
"""
from __future__ import annotations

import base64
import json
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 5


class Refused(Exception):
    """What came in answer's place, of a kind that may be counted."""


class Secrets:
    """The values that the vaulted file has and had, the newest first."""

    def __init__(self, vault):
        self.vault, self.seen, self.known, self.lock = vault, None, {}, threading.Lock()

    def of(self, client):
        if "secret" not in client:
            return [None]
        with self.lock:
            status = pathlib.Path(self.vault["file"]).stat()
            if (status.st_mtime_ns, status.st_ino) != self.seen:
                text = subprocess.run([*self.vault["view"], self.vault["file"]], capture_output=True, text=True, check=True).stdout
                self.seen = (status.st_mtime_ns, status.st_ino)
                for name, value in re.findall(r"(?m)^(vault_\w+): *[\"']?([^\"'\s]+)", text):
                    values = self.known.setdefault(name, [])
                    if value not in values[:1]:
                        values.insert(0, value)
            return self.known[client["secret"]][:2]


def trusted(trusts):
    """Looked for anew for each try, as people's programs do when they start."""
    return next(name for name in trusts if pathlib.Path(name).exists())


class Straight(urllib.request.HTTPRedirectHandler):
    """A password goes to the address that was given, or nowhere."""

    def redirect_request(self, *dummy, **dummies):
        return None


def ask_page(client, trusts, password):
    context = ssl.create_default_context(cafile=trusted(trusts))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight, urllib.request.HTTPSHandler(context=context))
    headers = {}
    if password:
        headers["Authorization"] = "Basic " + base64.b64encode(("%s:%s" % (client["user"], password)).encode()).decode()

    def ask(url, data=None):
        return opener.open(urllib.request.Request(url, data, headers), timeout=PATIENCE).read()
    answer = ask(client["url"], client["sql"].encode() if "sql" in client else None)
    while "sql" in client:
        answer = json.loads(answer)
        if "error" in answer:
            raise Refused("query: %s" % answer["error"]["errorName"])
        if "nextUri" not in answer:
            break
        answer = ask(answer["nextUri"])


def ask_kafka(client, trusts, password):
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    said = []
    admin = AdminClient({
        "bootstrap.servers": client["bootstrap"], "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": client["user"],
        "sasl.password": password, "ssl.ca.location": trusted(trusts), "error_cb": said.append})
    try:
        admin.list_topics(timeout=PATIENCE)
    except KafkaException as error:
        admin.poll(0)  # has the cause told
        cause = (said or [error.args[0]])[0]
        raise Refused("certificate: %s" % cause.str() if "certificate" in cause.str() else cause.name()) from error


def ask_store(client, trusts, password):
    import minio
    import urllib3

    http = urllib3.PoolManager(ca_certs=trusted(trusts), timeout=PATIENCE, retries=False)
    try:
        next(iter(minio.Minio(client["endpoint"], client["user"], password, http_client=http).list_objects(client["bucket"], client["prefix"])), None)
    except minio.error.S3Error as error:
        raise Refused(error.code) from error
    except minio.error.ServerError as error:
        raise Refused("HTTP %s" % error.status_code) from error
    except urllib3.exceptions.HTTPError as error:
        raise Refused(("certificate: %s" if "certificate" in str(error) else "%.0s" + type(error).__name__) % error) from error
    finally:
        http.clear()


def ask_database(client, dummy_trusts, dummy_password):
    import psycopg2

    try:
        connection = psycopg2.connect(client["dsn"], connect_timeout=PATIENCE)
        try:
            connection.cursor().execute("select 1")
        finally:
            connection.close()
    except psycopg2.OperationalError as error:
        words = str(error).strip()
        raise Refused(("certificate: %s" if "certificate" in words else "%s") % words.rsplit(": ", maxsplit=1)[-1]) from error


def shake_hands(client, trusts, dummy_password):
    with socket.create_connection((client["host"], client["port"]), timeout=PATIENCE) as plain:
        with ssl.create_default_context(cafile=trusted(trusts)).wrap_socket(plain, server_hostname=client["host"]):
            pass


WAYS = {"url": ask_page, "bootstrap": ask_kafka, "endpoint": ask_store, "dsn": ask_database, "host": shake_hands}


def kind_of(error):
    error = getattr(error, "reason", None) if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError) else error
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate: %s" % error.verify_message
    if isinstance(error, urllib.error.HTTPError):
        return "HTTP %d" % error.code
    if isinstance(error, Refused):
        return str(error)
    return type(error).__name__


class Client(threading.Thread):
    def __init__(self, name, client, asked, stop):
        super().__init__(name=name, daemon=True)
        self.client, self.asked, self.stop = client, asked, stop
        self.way = next(way for key, way in WAYS.items() if key in client)
        self.tries, self.failures, self.since = 0, {}, None
        self.stretches = []

    def run(self):
        while not self.stop.exists():
            began = time.time()
            self.tries += 1
            try:
                self.ask()
            except (OSError, Refused) as error:
                kind = kind_of(error)
                self.failures[kind] = self.failures.get(kind, 0) + 1
                self.since = self.since or began
            else:
                self.over(time.time())
            time.sleep(max(0.0, self.asked["seconds"] - (time.time() - began)))
        self.over(time.time())

    def ask(self):
        newest, *older = self.asked["secrets"].of(self.client)
        # The newest once more: the server may have changed between the two.
        tries = [newest, *older, newest] if older else [newest]
        for number, password in enumerate(tries, 1):
            try:
                return self.way(self.client, self.asked["trusts"], password)
            except (OSError, Refused):
                if number == len(tries):
                    raise

    def over(self, now):
        if self.since:
            self.stretches.append([time.strftime("%H:%M:%S", time.gmtime(self.since)), round(now - self.since, 1)])
            self.since = None

    def said(self):
        lasted = [seconds for dummy, seconds in self.stretches]
        return {"tries": self.tries, "failures": self.failures, "stretches": self.stretches, "longest": max(lasted, default=0)}


def main(folder):
    folder = pathlib.Path(folder)
    asked = json.load(sys.stdin)
    asked["secrets"] = Secrets(asked.get("vault"))
    clients = [Client(name, client, asked, folder / "stop") for name, client in asked["clients"].items()]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    (folder / "outages.json").write_text(json.dumps({client.name: client.said() for client in clients}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
