# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role minio forgets of tables' metadata, and what it never does."""

from __future__ import annotations

import datetime
import importlib.util
import pathlib
import urllib.parse
from xml.etree import ElementTree

import pytest
import yaml

FILE = pathlib.Path(__file__).parents[3] / "roles/minio/files/forget_versions.py"
spec = importlib.util.spec_from_file_location("forget_versions", FILE)
forget_versions = importlib.util.module_from_spec(spec)
spec.loader.exec_module(forget_versions)

NOW = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.timezone.utc)
TABLE = "w/gold.db/sales-0f/"


class Server:
    """Lists as MinIO does: pages that end within a key's versions, names encoded, and the rest of a key lost where the marker is no more."""

    def __init__(self, page=3):
        self.page, self.refuse, self.keys, self.number = page, (), {}, 0

    def put(self, key, minutes_ago, marker=False):
        self.number += 1
        self.keys.setdefault(key, []).insert(0, (str(self.number), marker, NOW - datetime.timedelta(minutes=minutes_ago)))

    def delete(self, key, minutes_ago):
        self.put(key, minutes_ago, marker=True)

    def left(self, key):
        return [marker for dummy, marker, dummy in self.keys.get(key, [])]

    def request(self, method, query, body):
        return self.list(query) if method == "GET" else self.remove(ElementTree.fromstring(body))

    def list(self, query):
        prefix = query["prefix"]
        folders = sorted({prefix + key[len(prefix):].split("/")[0] + "/" for key in self.keys if key.startswith(prefix) and "/" in key[len(prefix):]})
        direct = [(key, *each) for key in sorted(self.keys) if key.startswith(prefix) and "/" not in key[len(prefix):] for each in self.keys[key]]
        if "key-marker" in query:
            at = (query["key-marker"], query["version-id-marker"])
            places = [place for place, each in enumerate(direct) if each[:2] == at]
            direct = direct[places[0] + 1:] if places else [each for each in direct if each[0] > at[0]]
            folders = []
        shown, more = direct[:self.page], direct[self.page:]
        items = ["<{0}><Key>{1}</Key><VersionId>{2}</VersionId><LastModified>{3}</LastModified><Size>10</Size></{0}>".format(
            "DeleteMarker" if marker else "Version", urllib.parse.quote_plus(key, safe="/"), number, at.isoformat().replace("+00:00", ".000Z"))
            for key, number, marker, at in shown]
        items += ["<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>" % urllib.parse.quote_plus(folder, safe="/") for folder in folders]
        if more:
            items.append("<NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%s</NextVersionIdMarker>" % (
                urllib.parse.quote_plus(shown[-1][0], safe="/"), shown[-1][1]))
        return ('<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>%s</IsTruncated>%s</ListVersionsResult>'
                % ("true" if more else "false", "".join(items))).encode()

    def remove(self, wanted):
        faults = ""
        for element in wanted.iter("Object"):
            key, number = element.findtext("Key"), element.findtext("VersionId")
            if key.startswith(tuple(self.refuse)):
                faults += "<Error><Key>%s</Key><Code>AccessDenied</Code></Error>" % key
                continue
            self.keys[key] = [each for each in self.keys[key] if each[0] != number]
            assert not self.keys[key] or self.keys[key][0][1], "%s came back" % key
            if not self.keys[key]:
                del self.keys[key]
        return ("<DeleteResult>%s</DeleteResult>" % faults).encode()


@pytest.fixture
def server():
    return Server()


def run(server):
    return forget_versions.forget(forget_versions.Bucket(server.request), "w/", 60, NOW)


def a_table(server, table=TABLE):
    """Its newest metadata is five minutes old; older ones were deleted."""
    for number in range(7):
        server.put(f"{table}metadata/0000{number}-a b.metadata.json", 200 - number)
        server.delete(f"{table}metadata/0000{number}-a b.metadata.json", 180 - number)
    server.put(f"{table}metadata/snap-1.avro", 200)
    server.delete(f"{table}metadata/snap-1.avro", 61)
    server.put(f"{table}metadata/snap-2.avro", 5)
    server.put(f"{table}metadata/00009-a.metadata.json", 5)
    server.put(f"{table}data/1.parquet", 500)
    server.delete(f"{table}data/1.parquet", 400)


@pytest.mark.parametrize("page", [1, 2, 3, 5, 1000])
def test_what_later_commits_deleted_goes_whole_and_nothing_else(page):
    server = Server(page)
    a_table(server)
    assert run(server) == {"versions": 14, "bytes": 140, "faults": []}
    assert sorted(server.keys) == [f"{TABLE}{name}" for name in (
        "data/1.parquet", "metadata/00000-a b.metadata.json", "metadata/00009-a.metadata.json", "metadata/snap-2.avro")]
    assert server.left(f"{TABLE}data/1.parquet") == server.left(f"{TABLE}metadata/00000-a b.metadata.json") == [True, False]
    assert run(server)["versions"] == 0


def test_a_dropped_table_keeps_all(server):
    a_table(server)
    for key in list(server.keys):
        if server.left(key)[0] is False:
            server.delete(key, 90)
    before = {key: list(versions) for key, versions in server.keys.items()}
    assert run(server)["versions"] == 0 and server.keys == before


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_a_dropped_table_keeps_all_also_when_another_one_is_made_in_its_folder(page):
    """What the present table's own commits deleted goes, also when its first metadata have been deleted meanwhile."""
    server = Server(page)
    for name in ("00000-old.metadata.json", "00001-old.metadata.json", "snap-old.avro"):
        server.put(f"{TABLE}metadata/{name}", 400)
        server.delete(f"{TABLE}metadata/{name}", 300)
    before = {key: list(versions) for key, versions in server.keys.items()}
    for name, deleted in (("00000-new.metadata.json", 150), ("00001-new.metadata.json", 100), ("snap-new.avro", 100)):
        server.put(f"{TABLE}metadata/{name}", 200)
        server.delete(f"{TABLE}metadata/{name}", deleted)
    server.put(f"{TABLE}metadata/00002-new.metadata.json", 90)
    first = {f"{TABLE}metadata/00000-new.metadata.json", f"{TABLE}metadata/00002-new.metadata.json"}
    assert run(server)["versions"] == 4
    assert set(server.keys) == set(before) | first and {key: server.keys[key] for key in before} == before


def test_what_was_deleted_when_the_table_was_made_is_its_own(server):
    server.put(f"{TABLE}metadata/00000-a.metadata.json", 200)
    server.put(f"{TABLE}metadata/m0.avro", 200)
    server.delete(f"{TABLE}metadata/m0.avro", 200)
    server.put(f"{TABLE}metadata/00001-a.metadata.json", 90)
    assert run(server)["versions"] == 2


def test_a_drop_that_ended_half_way_takes_nothing_with_it(server):
    server.put(f"{TABLE}metadata/00009-a.metadata.json", 300)
    server.put(f"{TABLE}metadata/m0.avro", 300)
    server.delete(f"{TABLE}metadata/m0.avro", 200)  # and then the server went away: the metadata is still there
    assert run(server)["versions"] == 0 and server.left(f"{TABLE}metadata/m0.avro") == [True, False]


def test_what_was_deleted_a_moment_ago_stays(server):
    server.put(f"{TABLE}metadata/00001-a.metadata.json", 70)
    server.delete(f"{TABLE}metadata/00001-a.metadata.json", 59)
    server.put(f"{TABLE}metadata/00002-a.metadata.json", 0)
    assert run(server)["versions"] == 0


def test_several_deletions_of_a_file_go_together(server):
    a_table(server)
    key = f"{TABLE}metadata/m1.avro"
    for minutes in (300, 200):
        server.put(key, minutes)
        server.delete(key, minutes - 50)
    run(server)
    assert key not in server.keys


def test_old_versions_of_a_file_that_is_there_stay(server):
    a_table(server)
    for minutes in (300, 200):
        server.put(f"{TABLE}metadata/stats.puffin", minutes)
    run(server)
    assert server.left(f"{TABLE}metadata/stats.puffin") == [False, False]


def test_files_of_a_table_named_metadata_are_data(server):
    for name in ("data/1.parquet", "metadata/1.avro"):
        server.put("w/gold.db/metadata/" + name, 300)
        server.delete("w/gold.db/metadata/" + name, 200)
    server.put("w/gold.db/metadata/metadata/00001-a.metadata.json", 5)
    assert run(server)["versions"] == 2
    assert server.left("w/gold.db/metadata/data/1.parquet") == [True, False]


def test_what_is_refused_of_one_table_is_named_and_the_others_go_on(server):
    a_table(server)
    a_table(server, "w/gold.db/zebra/")
    server.refuse = [TABLE]
    told = run(server)
    assert told["versions"] == 14 and len(told["faults"]) == 1
    assert told["faults"][0].startswith(f"{TABLE}: ") and "AccessDenied" in told["faults"][0]


def test_nodes_of_a_cluster_do_not_begin_at_the_same_second():
    tasks = yaml.safe_load((FILE.parents[1] / "tasks/forget.yml").read_text())
    assert "RandomizedDelaySec" in tasks[-1]["vars"]["common_unit_timers"]["minio-forget"]


class TestAsking:
    @pytest.fixture(autouse=True)
    def no_pause(self, monkeypatch):
        monkeypatch.setattr(forget_versions.time, "sleep", lambda seconds: None)

    def opener(self, monkeypatch, answers):
        class Answer:
            def __init__(self, body):
                self.body = body

            def __enter__(self):
                return self

            def __exit__(self, *dummy):
                pass

            def read(self):
                return self.body

        class Opener:
            def open(self, request, timeout):
                assert request.full_url.startswith("https://127.0.0.1:9000/lake?") and timeout
                answer = answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return Answer(answer)
        monkeypatch.setattr(forget_versions.ssl, "create_default_context", lambda cafile: None)
        monkeypatch.setattr(forget_versions.urllib.request, "build_opener", lambda *dummy: Opener())
        settings = {"url": "https://127.0.0.1:9000", "ca": "", "region": "r", "account": "a", "secret": "s"}
        return forget_versions.requests_to(settings, "lake")

    def test_a_server_that_starts_is_asked_again(self, monkeypatch):
        error = forget_versions.urllib.error
        answers = [ConnectionRefusedError(), error.URLError("away"), error.HTTPError("", 503, "", {}, None), b"well"]
        assert self.opener(monkeypatch, answers)("GET", {"versions": ""}, b"") == b"well" and not answers

    def test_a_refusal_is_not(self, monkeypatch, tmp_path):
        (tmp_path / "body").write_bytes(b"AccessDenied")
        with open(tmp_path / "body", "rb") as body:
            answers = [forget_versions.urllib.error.HTTPError("", 403, "", {}, body), b"never"]
            with pytest.raises(forget_versions.Refused, match="403: AccessDenied"):
                self.opener(monkeypatch, answers)("GET", {}, b"")
        assert answers == [b"never"]
