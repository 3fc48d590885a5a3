# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module says when it is not let in, and how it is let in."""

from __future__ import annotations

import pytest

MODULES = {
    "minio_bucket": {"name": "some-bucket"},
    "minio_policy": {"name": "some", "state": "absent"},
    "minio_user": {"name": "some-user", "secret": "e" * 16},
    "minio_info": {},
}


@pytest.fixture(params=MODULES, ids=str)
def attempt(request, run):
    return lambda **options: run(request.param, **{**MODULES[request.param], **options})


def test_a_wrong_secret(attempt, server):
    result = attempt(secret_key="f" * 20)
    assert result.failed and result["code"] == "SignatureDoesNotMatch"
    assert server.root_user in result["msg"] and "secret_key" in result["msg"]


def test_an_unknown_account(attempt):
    result = attempt(access_key="nobody-of-that-name")
    assert result.failed and result["code"] == "InvalidAccessKeyId" and "nobody-of-that-name" in result["msg"]


def test_another_authority(attempt, server):
    result = attempt(ca_path=str(server.other_ca_path))
    assert result.failed and "not trusted" in result["msg"] and str(server.other_ca_path) in result["msg"]


def test_no_authority(attempt):
    result = attempt(ca_path=None)
    assert result.failed and "not trusted" in result["msg"] and "ca_path" in result["msg"]


def test_a_missing_authority(attempt):
    result = attempt(ca_path="/no/such/file")
    assert result.failed and "/no/such/file" in result["msg"]


def test_certificates_unchecked(run):
    assert not run("minio_info", gather=["server"], ca_path=None, validate_certs=False).failed


def test_a_name_that_the_certificate_lacks(attempt, server):
    result = attempt(endpoint=f"https://localhost:{server.port}")
    assert result.failed and "localhost" in result["msg"] and "not trusted" in result["msg"]


def test_nobody_there(attempt):
    result = attempt(endpoint="https://127.0.0.1:1")
    assert result.failed and "cannot be reached" in result["msg"] and "127.0.0.1:1" in result["msg"]


def test_no_such_host(attempt):
    result = attempt(endpoint="https://minio.invalid:9000")
    assert result.failed and "cannot be reached" in result["msg"]


def test_plain_http_to_a_tls_port(attempt, server):
    assert attempt(endpoint=server.endpoint.replace("https", "http")).failed


@pytest.mark.parametrize("endpoint", ["minio:9000", "ftp://minio", "https://minio:9000/path", "https://"])
def test_what_is_no_endpoint(attempt, endpoint):
    result = attempt(endpoint=endpoint)
    assert result.failed and repr(endpoint) in result["msg"]


def test_another_region(run):
    result = run("minio_bucket", name="some-bucket", region="eu-other-1")
    assert result.failed and "region" in result["msg"]


def test_options_from_the_environment(server, run, monkeypatch):
    options = {"endpoint": "ENDPOINT", "access_key": "ACCESS_KEY", "secret_key": "SECRET_KEY", "ca_path": "CA_PATH"}
    values = {"endpoint": server.endpoint, "access_key": server.root_user, "secret_key": server.root_secret, "ca_path": str(server.ca_path)}
    for option, suffix in options.items():
        monkeypatch.setenv(f"MINIO_{suffix}", values[option])
    assert not run("minio_info", gather=["server"], **dict.fromkeys(options)).failed


def test_info(run, minio_version):
    result = run("minio_info")
    assert result["changed"] is False and result["server"]["region"] == "sa-test-1"
    (node,) = result["server"]["nodes"]
    release = minio_version.removeprefix("RELEASE.")
    assert node["version"].replace(":", "-") == release and node["drives"] == {"ok": 1}
    assert "readwrite" in result["policies"]
