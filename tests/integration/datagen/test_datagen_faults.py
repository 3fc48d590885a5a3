# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which an upload can be disturbed, on a real server: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import contextlib
import io
import secrets
import signal
import time

import pytest
from lakehouse_datagen import times
from lakehouse_datagen.app import FULL, KEPT, OK
from lakehouse_datagen.buffer import FAILED, SENT, WAITING

AT = times.parse("2026-11-24T23:10:00")
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def run(site, number=0, kind="olt_metrics"):
    return site.app.run(kind, AT + 900 * number)[0]


@contextlib.contextmanager
def away(server):
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def stalled(server):
    """It takes connections and says nothing."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def assert_all_arrived_once(site, count):
    assert site.app.send() == 0
    assert len(site.versions()) == len(set(site.versions())) == count
    assert set(site.where().values()) == {SENT} and len(site.where()) == count


def test_away_and_back(shaky):
    assert run(shaky) == OK
    with away(shaky.server):
        assert [run(shaky, number) for number in (1, 2, 3)] == [KEPT] * 3
        assert sorted(shaky.where().values()) == [FAILED] + [WAITING] * 2 + [SENT]
        assert "refused" in shaky.logs("upload")[-1]["reasons"]["s3"]
        assert [level for name, level, dummy in shaky.app.health() if name == "s3"] == [2]
    assert run(shaky, 4) == OK
    assert_all_arrived_once(shaky, 5)


def test_slow_beyond_patience(shaky):
    shaky.settings.s3.timeout_seconds = 0.4
    with stalled(shaky.server):
        began = time.monotonic()
        assert run(shaky) == KEPT
        # Three tries, and then no more for the others of this run.
        assert time.monotonic() - began < 6
        assert run(shaky, 1) == KEPT
    shaky.settings.s3.timeout_seconds = 10
    # What the server took in the end, after nobody had waited for it, is not put again.
    assert_all_arrived_once(shaky, 2)


def test_killed_while_it_answers(shaky):
    """The server dies without a word, and keeps what it had."""
    assert run(shaky) == OK
    shaky.server.process.kill()
    shaky.server.process.wait(10)
    assert run(shaky, 1) == KEPT
    shaky.server.start()
    assert_all_arrived_once(shaky, 2)


def test_a_full_disk_of_the_server(small):
    assert run(small) == OK
    ballast = small.server.folder / "data/ballast"
    with ballast.open("wb") as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(1 << 20))
    assert [run(small, number) for number in (1, 2)] == [KEPT] * 2
    assert "XMinioStorageFull" in small.logs("upload")[-1]["reasons"]["s3"]
    ballast.unlink()
    deadline = time.monotonic() + 30
    while small.app.send() and time.monotonic() < deadline:
        time.sleep(0.5)  # the server looks at its disk now and then
    assert_all_arrived_once(small, 3)


def test_a_wrong_secret_keeps_all(site):
    right, site.settings.s3.secret_key = site.settings.s3.secret_key, secrets.token_hex(12)
    began = time.monotonic()
    assert [run(site, number) for number in range(3)] == [KEPT] * 3
    assert "SignatureDoesNotMatch" in site.logs("upload")[-1]["reasons"]["s3"]
    assert time.monotonic() - began < 10 and site.versions() == []
    site.settings.s3.secret_key = right
    assert_all_arrived_once(site, 3)


def test_an_authority_that_is_not_trusted(site):
    right, site.settings.s3.ca_file = site.settings.s3.ca_file, str(site.server.other_ca_path)
    assert run(site) == KEPT
    assert "CERTIFICATE_VERIFY_FAILED" in site.logs("upload")[-1]["reasons"]["s3"]
    site.settings.s3.ca_file = right
    assert_all_arrived_once(site, 1)


def test_a_full_buffer_is_loud_and_what_it_refused_is_made_when_there_is_room(shaky, monkeypatch):
    # Due now and in the runs that follow.
    clock = [AT]
    monkeypatch.setattr("lakehouse_datagen.app.time.time", lambda: clock[0])
    with away(shaky.server):
        codes = []
        while FULL not in codes:
            app = shaky.app
            app.buffer.limit = 20_000
            codes.append(app.run("olt_metrics")[0])
            clock[0] += 300
        assert codes == [KEPT] * (len(codes) - 1) + [FULL] and len(codes) > 4
        kept = len(shaky.where())
        assert shaky.logs("generation")[-1]["event"] == "buffer_full"
        assert 'datagen_buffer_full_total{type="olt_metrics"} 1' in (shaky.settings.state_dir / "metrics/datagen.prom").read_text()
        levels = {name: level for name, level, dummy in shaky.app.health()}
        assert levels["s3"] == 2
    code, made = shaky.app.run("olt_metrics")
    # The one that was refused, and the one that is due now.
    assert code == OK and [batch["new"] for batch in made] == [True, True]
    assert_all_arrived_once(shaky, kept + 2)


@pytest.mark.parametrize(
    "patch",
    [f"buffer.Buffer.settle = lambda *rest: {KILL}", f"buffer.os.utime = lambda *rest: {KILL}"],
    ids=["between upload and move", "within the move"],
)
def test_killed_after_the_upload(site, patch):
    process = site.process("run", "olt_metrics", "--at", times.iso(AT), patch=patch)
    assert process.wait(60) == -signal.SIGKILL
    assert len(site.versions()) == 1 and set(site.where().values()) == {WAITING}
    assert run(site) == OK
    assert site.logs("upload")[-1]["event"] == "already_there"
    assert_all_arrived_once(site, 1)


@pytest.mark.parametrize(
    "patch, kept",
    [
        (f"sinks.Minio.put_object = lambda *rest, **more: {KILL}", 1),
        (f"buffer.os.fsync = lambda *rest: {KILL}", 0),
        (f"app.validator = lambda name: {KILL}", 0),
    ],
    ids=["before the upload", "while it is written", "while it is made"],
)
def test_killed_before_the_upload(site, patch, kept):
    process = site.process("run", "olt_metrics", "--at", times.iso(AT), patch=patch)
    assert process.wait(60) == -signal.SIGKILL
    assert site.versions() == [] and len(site.where()) == kept
    assert run(site) == OK
    assert_all_arrived_once(site, 1)


def test_processes_at_once_are_one_after_another(site):
    processes = [site.process("run", kind, "--at", times.iso(AT)) for kind in ("olt_metrics", "olt_metrics", "cpe_status", "radius_logs")]
    assert [process.wait(120) for process in processes] == [0] * 4
    assert sorted(event["data_type"] for event in site.logs("generation")) == ["cpe_status", "olt_metrics", "radius_logs"]
    assert_all_arrived_once(site, 3)


def test_another_content_under_its_name_is_left_alone_and_told(site):
    app = site.app
    assert app.run("olt_metrics", AT)[0] == OK
    (key,) = site.versions()
    site.server.client().put_object(site.bucket, key, io.BytesIO(b"theirs"), 6)
    (path,) = site.settings.state_dir.glob("success_uploads/*")
    path.rename(site.settings.state_dir / WAITING / path.name)
    assert run(site, 1) == KEPT
    assert "another content" in site.logs("upload")[-2]["reasons"]["s3"] or "another content" in site.logs("upload")[-1]["reasons"]["s3"]
    assert site.server.client().get_object(site.bucket, key).read() == b"theirs"
    # The others go on.
    assert sorted(site.where().values()) == [FAILED, SENT]


def test_below_anothers_name_nothing_is_hidden(site):
    """What is there can be read by its name alone: it is in no list."""
    slot = "raw/olt_metrics/2026/11"
    site.server.client().put_object(site.bucket, slot, io.BytesIO(b"theirs"), 6)
    assert run(site) == KEPT
    assert f"{slot} is an object" in site.logs("upload")[-1]["reasons"]["s3"]
    site.server.client().remove_object(site.bucket, slot)
    assert set(site.versions()) <= {slot}


def test_a_type_that_the_account_may_not_does_not_hold_up_the_others(site):
    """As when a site forgets a folder in the policy."""
    site.settings.s3.prefix = "warehouse/"
    assert run(site) == KEPT
    assert "AccessDenied" in site.logs("upload")[-1]["reasons"]["s3"]
    site.settings.s3.prefix = "raw/"
    assert_all_arrived_once(site, 1)


def test_encrypted_buckets_compare_too(site):
    from minio.sseconfig import Rule, SSEConfig

    site.server.client().set_bucket_encryption(site.bucket, SSEConfig(Rule.new_sse_s3_rule()))
    assert run(site) == OK
    (path,) = site.settings.state_dir.glob("success_uploads/*")
    path.rename(site.settings.state_dir / WAITING / path.name)
    assert_all_arrived_once(site, 1)
