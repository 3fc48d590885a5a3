# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A support bundle has what a host says, nothing that a host keeps to itself, and waits for nothing for ever."""

from __future__ import annotations

import tarfile
import time
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from ansible_collections.gti.lakehouse.plugins.module_utils.support import bundle as support_bundle, host as support_host
from ansible_collections.gti.lakehouse.plugins.module_utils.support.secret_forms import Secrets
from ansible_collections.gti.lakehouse.plugins.modules import support_collect

KEY = ed25519.Ed25519PrivateKey.generate().private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.fixture(name="host")
def made():
    return support_host.Host(20, 60)


def test_a_command_that_hangs_is_given_up_and_named():
    host, begin = support_host.Host(1, 60), time.monotonic()
    assert host.run(["sh", "-c", "echo first; sleep 300"]) == b"first\n"
    assert host.problems == ["sh -c 'echo first; sleep 300' did not end within 1 s"]
    assert time.monotonic() - begin < 60


def test_one_that_says_nothing_more_and_goes_on_is_given_up_too():
    host = support_host.Host(1, 60)
    assert host.run(["sh", "-c", "echo first; exec >&- 2>&-; sleep 300"]) == b"first\n"
    assert len(host.problems) == 1


def test_one_that_goes_on_talking_is_given_up_too(monkeypatch):
    # Its pipe has something whenever it is looked at.
    monkeypatch.setattr(support_host, "select", SimpleNamespace(select=lambda readable, *dummy: (readable, [], [])))
    host = support_host.Host(1, 60)
    assert host.run(["timeout", "5", "yes"]).startswith(b"[only the end]\n")
    assert len(host.problems) == 1 and host.problems[0].endswith("did not end within 1 s")


def test_nothing_is_begun_when_the_time_is_up():
    host = support_host.Host(20, 0)
    assert host.run(["echo", "it"]) == b""
    assert host.problems == ["echo it was not begun: the time was up"]


def test_how_a_command_ended_is_part_of_what_it_said(host):
    assert host.run(["sh", "-c", "echo it; echo wrong >&2; exit 3"]) == b"it\nwrong\n[ended with 3]\n"
    assert host.run(["/nonexistent/program"]) == b"[No such file or directory]\n"
    assert host.problems == []


def test_of_a_long_text_the_end_is_kept(host):
    said = host.run(["seq", "100000"], limit=1000)
    assert said.startswith(b"[only the end]\n99") and said.endswith(b"\n100000\n") and len(said) <= 1020


@pytest.mark.parametrize("name, wanted", [
    ("datalake/trino/config.properties", True), ("datalake/trino/password-authenticator.properties", True), ("datalake/gitea/app.ini", True),
    ("datalake/minio/minio.env", True), ("datalake/hive/hive-site.xml", True), ("hosts", True), ("systemd/system/trino.service", True),
    ("datalake/trino/password.db", False), ("datalake/trino/secrets.env", False), ("datalake/gitea/secret_key", False),
    ("datalake/gitea/internal_token", False), ("datalake/gitea/ssh_host_ed25519_key", False), ("datalake/minio/tls/server.key", False),
    ("datalake/minio/tls/server.pem", False), ("datalake/hive/tls/keystore.p12", False), ("datalake/x/keystore.properties", False),
    ("redis/users.acl", False), ("mysql/debian.cnf", False), ("datalake/x/api-token.json", False), ("datalake/kafka/tls/x.conf", False),
])
def test_files_of_keys_and_passwords_are_no_settings(name, wanted):
    assert support_host.is_settings("/etc/" + name) is wanted


def test_settings_are_collected_without_files_of_keys(host, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("etc")
    (folder / "minio.env").write_text("MINIO_ROOT_PASSWORD=letters\nMINIO_VOLUMES=/data\n")
    (folder / "server.key").write_text(KEY)
    (folder / "big.json").write_text(" " * 300000)
    monkeypatch.setattr(support_host, "SETTINGS", [str(folder), "/nonexistent"])
    assert host.settings() == {str(folder / "minio.env"): b"MINIO_ROOT_PASSWORD=letters\nMINIO_VOLUMES=/data\n"}


@pytest.mark.parametrize("text, left", [
    ("password=letters", "password=[left out]"),
    ("  sasl.jaas.config=a.B required username=\"me\" password=\"letters9\";", "  sasl.jaas.config=a.B required username=\"me\" password=\"[left out]\";"),
    ("SECRET_KEY = 'letters'", "SECRET_KEY = '[left out]'"),
    ('"client_secret": "9letters", "port": 1', '"client_secret": "[left out]", "port": 1'),
    ("<name>javax.jdo.option.ConnectionPassword</name>\n  <value>letters</value>",
     "<name>javax.jdo.option.ConnectionPassword</name>\n  <value>[left out]</value>"),
    ("sql_alchemy_conn = postgresql://airflow:letters@app-db/airflow", "sql_alchemy_conn = postgresql://airflow:[left out]@app-db/airflow"),
    ("fernet_key: letters", "fernet_key: [left out]"),
    ("password.file=/etc/datalake/x\ntoken_seconds: 30\nsecret = ${ENV:X}\nuse_token: true\n",
     "password.file=/etc/datalake/x\ntoken_seconds: 30\nsecret = ${ENV:X}\nuse_token: true\n"),
    ("https://host.example:8443/path", "https://host.example:8443/path"),
    # What looks like a number or a path at first.
    ("fernet_key = 7-Qx_of=\nport = 1", "fernet_key = [left out]\nport = 1"),
    ("password: 12+abCdef/xyz", "password: [left out]"),
    ("password: \"12 monkeys\"", "password: \"[left out]\""),
    ("password=/abc/defghijk", "password=[left out]"),
    ('{"token_seconds":30,"use_token":true}', '{"token_seconds":30,"use_token":true}'),
    ("token_seconds = 30 # each\nsecret: {}\nsecret: []\npassword: \"\"", "token_seconds = 30 # each\nsecret: {}\nsecret: []\npassword: \"\""),
    ("secret=${ENV:X}y", "secret=[left out]"),
    # With blanks, quotes and more lines.
    ("password: \"my pass word\"\nport: 1", "password: \"[left out]\"\nport: 1"),
    ("password: my pass word\nport: 1", "password: [left out]\nport: 1"),
    ("password: \"my\n  pass word\"\nport: 1", "password: \"[left out]\"\nport: 1"),
    ("PASSWORD='it'\\''s my'\nPORT=1", "PASSWORD='[left out]'\nPORT=1"),
    ("password=let\\\n  ters\nport=1", "password=[left out]\nport=1"),
    ("it:\n  secret_key: |\n    let\n\n    ters\n  port: 1\n", "it:\n  secret_key: [left out]\n  port: 1\n"),
    ('"tokens": [\n  "let",\n  "t ers"\n], "port": 1', '"tokens": [left out], "port": 1'),
    ('"password": "let\\"t ers", "port": 1', '"password": "[left out]", "port": 1'),
    ('"url": "host?password=let ters", "port": 1', '"url": "host?password=[left out]", "port": 1'),
    # JSON inside JSON.
    ('"it": "{\\"password\\": \\"hunter2\\", \\"port\\": 1}"', '"it": "{\\"password\\": \\"[left out]\\", \\"port\\": 1}"'),
    ('"it": "{\\"password\\": \\"hun\\\\\\"t er2\\"}"', '"it": "{\\"password\\": \\"[left out]\\"}"'),
    ("db://airflow:let@ters@app-db/airflow", "db://airflow:[left out]@app-db/airflow"),
    # What was redacted by its name before.
    ('password: "[redacted: vault_it]"', 'password: "[redacted: vault_it]"'),
    ("password=[redacted: vault_it] and more", "password=[left out]"),
    ("db://airflow:[redacted: vault_it]more@app-db/airflow", "db://airflow:[left out]@app-db/airflow"),
])
def test_what_its_name_calls_a_secret_is_left_out_of_settings(text, left):
    assert support_bundle.left_out(text.encode()).decode() == left


def test_private_keys_of_the_host_are_known_wherever_they_lie(host, tmp_path, monkeypatch):
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls/odd name").write_text(KEY)
    (tmp_path / "tls/server.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setattr(support_host, "KEYS", [str(tmp_path), "/nonexistent"])
    assert host.keys() == {"key %s/tls/odd name" % tmp_path: KEY}


def test_a_secret_of_the_site_is_known_whole_before_settings_lose_theirs(tmp_path):
    waiting = support_bundle.Waiting(str(tmp_path))
    text = 'password: "Only for a test"\nother_password: Only for a test and more\nlogin_password=x y\n'
    files = {"settings/etc/x.yml": text, "journal.txt": "password=letters\n"}
    waiting.put("one", files, {"problems": [], "hits": {}}, Secrets({"vault_it": "Only for a test"}))
    assert waiting.take()["one"] == {"problems": [], "hits": {"settings/etc/x.yml": {"vault_it": 2}}, "files": {
        "settings/etc/x.yml": 'password: "[redacted: vault_it]"\nother_password: [left out]\nlogin_password=[left out]\n',
        "journal.txt": "password=letters\n"}}


@pytest.mark.parametrize("length", range(24, 48))
def test_letters_of_other_languages_are_not_torn(tmp_path, length):
    waiting, value = support_bundle.Waiting(str(tmp_path)), "\u00e7\u00e3" * 24
    waiting.put("one", {"x": "%s\u00e8 %s" % (value[:length], value)}, {"problems": [], "hits": {}}, Secrets({"vault_it": value}))
    assert value not in waiting.take()["one"]["files"]["x"] and "\ufffd" not in waiting.take()["one"]["files"]["x"]


def collected(monkeypatch, answers):
    """What the module collects where commands answer as {their name: bytes}, and one without an answer is given up."""
    asked = []

    def run(host, argv, *dummy, **dummies):
        asked.append(argv[0])
        if argv[0] not in answers:
            host.problems.append("%s did not end" % argv[0])
        return answers.get(argv[0], b"")
    monkeypatch.setattr(support_host.Host, "run", run)
    host = support_host.Host(1, 60)
    return asked, host, *support_collect.collect(host, 1, 1, ["lakehouse-mirror.service"])


def test_the_hosts_own_keys_are_asked_for_first(monkeypatch):
    asked, host, files, hits = collected(monkeypatch, {"grep": b"/etc/x\0", "head": KEY.encode(), "journalctl": b"it: " + KEY.encode()})
    assert asked[:2] == ["grep", "head"] and "cat did not end" in host.problems
    assert files["journal.txt"].startswith("it: ") and KEY.splitlines()[1] not in files["journal.txt"]
    assert hits == {"journal.txt": {"key /etc/x": 1}}


@pytest.mark.parametrize("answers", [{}, {"grep": b"/etc/x\0"}])
def test_where_the_hosts_own_keys_are_unknown_nothing_is_collected(monkeypatch, answers):
    asked, host, files, hits = collected(monkeypatch, {"journalctl": KEY.encode(), **answers})
    assert (files, hits) == ({}, {}) and "journalctl" not in asked
    assert len(host.problems) == 2 and host.problems[1].startswith("nothing was collected")


def test_of_a_machine_with_other_work_only_its_units_are_collected(monkeypatch):
    asked = []
    monkeypatch.setattr(support_host.Host, "run", lambda host, argv, *dummy, **dummies: asked.append(argv) or b"")
    support_host.Host(1, 1).collect(3, 1, ["lakehouse-mirror.service"])
    assert {argv[0] for argv in asked}.isdisjoint({"ps", "ss", "nft", "find", "dpkg-query"})
    assert [argv for argv in asked if argv[0] == "journalctl"] == [
        ["journalctl", "--quiet", "--no-pager", "--output=short-iso", "--since=-3h", "--lines=200000", "--unit=lakehouse-mirror.service"]]


def test_the_archive(tmp_path):
    (tmp_path / "private/ca").mkdir(parents=True)
    (tmp_path / "private/ca/ca.key").write_text(KEY)
    (tmp_path / "private/ca/ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    secrets = support_bundle.what_to_look_for({"vault_it": "only-for-a-test", "vault_list": ["another-of-a-test"], "vault_pin": "1"}, tmp_path / "private")
    waiting = support_bundle.Waiting(str(tmp_path))
    waiting.put("one", {"journal.txt": "it is only-for-a-test\n", "settings/etc/x": "x"},
                {"problems": ["df did not end"], "hits": {"journal.txt": {"key /etc/x": 1}}}, secrets)
    assert "only-for-a-test" not in (tmp_path / "support_bundle/one.json").read_text()
    path = tmp_path / "support-site-1.tar.gz"
    said = support_bundle.write(str(path), waiting.take(), {"two": "no\nanswer from only-for-a-test"},
                                {"verify.json": KEY.splitlines()[1] + ' "another-of-a-test"'}, secrets)
    assert said == [
        "one: 2 files, 0 KiB", "two: not collected: no answer from [redacted: vault_it]", "one: df did not end", "Of the site: verify.json",
        "Blotted out: key /etc/x in one/journal.txt, 1 times", "Blotted out: vault_it in one/journal.txt, 1 times",
        "Blotted out: key ca/ca.key in verify.json, 1 times", "Blotted out: vault_list.0 in verify.json, 1 times",
        "Too short to be looked for: vault_pin"]
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member).read().decode() for member in archive}
    assert files == {
        "support-site-1/README.txt": "".join(line + "\n" for line in said), "support-site-1/one/journal.txt": "it is [redacted: vault_it]\n",
        "support-site-1/one/settings/etc/x": "x", "support-site-1/verify.json": '[redacted: key ca/ca.key] "[redacted: vault_list.0]"'}


def test_an_archive_without_a_hit_says_so(tmp_path):
    said = support_bundle.write(str(tmp_path / "a.tar.gz"), {}, {}, {}, Secrets({"vault_it": "only-for-a-test"}))
    assert said == ["Of the site: nothing", "No secret was found in it."]


def test_where_a_secret_would_remain_there_is_no_archive(tmp_path):
    with pytest.raises(ValueError):
        support_bundle.write(str(tmp_path / "a.tar.gz"), {}, {}, {"x": "####"}, Secrets({"vault_####": "####"}))
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_archives_go(tmp_path):
    for name in ("support-a-1.tar.gz", "support-a-2.tar.gz", "support-a-3.tar.gz", "support-a-b-0.tar.gz", "support-a-0.txt"):
        (tmp_path / name).touch()
    support_bundle.forget(str(tmp_path / "support-a-3.tar.gz"), 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["support-a-0.txt", "support-a-2.tar.gz", "support-a-3.tar.gz", "support-a-b-0.tar.gz"]
