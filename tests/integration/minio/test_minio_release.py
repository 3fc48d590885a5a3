# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mirror's patches of MinIO are for, asked of the binary that it built by the clients of today."""

from __future__ import annotations

import io
import os
import re
import ssl
import subprocess
import tarfile
import urllib.request

import boto3
import pytest
import yaml
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from loopback import wait_until_well
from releases import CHECKOUT

BROWSER = {"User-Agent": "Mozilla/5.0"}
BIG = os.urandom(12 << 20)  # of two parts, as boto3 cuts it


def test_its_version_says_that_it_is_patched(minio_binary):
    entries = yaml.safe_load((CHECKOUT / "group_vars/all/artifacts.yml").read_text())["mirror_catalogue"]
    (tag,) = [part["variables"]["cmd.ReleaseTag"] for entry in entries for part in entry["parts"] if "patches" in part]
    said = subprocess.run([minio_binary, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"\.gti\d+$", tag) and f"version {tag} " in said


@pytest.fixture(scope="module")
def console(server):
    """It begins to listen some time after S3 does."""
    address = f"https://127.0.0.1:{server.console_port}/"
    wait_until_well(server.process, address, server.ca_path, server.folder / "log")
    return address


@pytest.fixture(scope="module")
def files(server, console):
    """What its page names, as a browser reads it."""
    context = ssl.create_default_context(cafile=str(server.ca_path))
    page = urllib.request.urlopen(urllib.request.Request(console, headers=BROWSER), context=context, timeout=30).read().decode()
    return [path for path in (found.lstrip("./") for found in re.findall(r'(?:src|href)="([^"]+)"', page)) if path]


@pytest.fixture
def curl(server, console, tmp_path):
    def ask(paths, *options):
        """(status, version of HTTP, connections made) of each file; fails where one does not come whole."""
        urls = [argument for path in paths for argument in ("--output", str(tmp_path / "page"), console + path)]
        say = ["--write-out", "%{http_code} %{http_version} %{num_connects}\n", "--cacert", str(server.ca_path), "--user-agent", BROWSER["User-Agent"]]
        done = subprocess.run(["curl", "--silent", "--show-error", "--http2", *options, *say, *urls], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split()) for line in done.stdout.splitlines() if re.match(r"\d{3} \d", line)]

    return ask


class TestConsole:
    def test_a_page_comes_whole_with_all_files_at_once_by_http_2(self, curl, files):
        assert any(path.endswith(".js") for path in files) and len(files) > 8
        for attempt in range(5):
            answers = curl(files, "--parallel")
            assert len(answers) == len(files) and {answer[:2] for answer in answers} == {("200", "2")}

    def test_the_connection_of_one_page_serves_the_next(self, curl, files):
        answers = curl(files[:1] * 10)
        assert [int(connections) for status, version, connections in answers] == [1] + [0] * 9


class TestUploads:
    """By an SDK that sends its checksums behind the data, in a payload that is not signed: the request is."""

    @pytest.fixture
    def s3(self, server):
        def client(secret=server.root_secret, **settings):
            options = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, **settings)
            return boto3.client(
                "s3", endpoint_url=server.endpoint, region_name=server.region, verify=str(server.ca_path), config=options,
                aws_access_key_id=server.root_user, aws_secret_access_key=secret,
            )  # fmt: skip

        return client

    @pytest.fixture
    def bucket(self, s3, name):
        s3().create_bucket(Bucket=name)
        return name

    @staticmethod
    def refusal(call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        return caught.value.response["Error"]["Code"]

    def test_one_by_one_and_in_parts(self, s3, bucket):
        client, sent = s3(), []
        client.meta.events.register("before-send.s3.*", lambda request, **more: sent.append(request.headers.get("X-Amz-Content-SHA256")))
        client.put_object(Bucket=bucket, Key="small", Body=io.BytesIO(b"small"))
        client.upload_fileobj(io.BytesIO(BIG), bucket, "big")
        assert sent.count(b"STREAMING-UNSIGNED-PAYLOAD-TRAILER") == 3
        for key, content in (("small", b"small"), ("big", BIG)):
            assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == content

    def test_by_the_other_sdk(self, server, bucket):
        client = server.client()
        client.put_object(bucket, "small", io.BytesIO(b"small"), 5)
        client.put_object(bucket, "big", io.BytesIO(BIG), -1, part_size=5 << 20)
        assert client.stat_object(bucket, "big").size == len(BIG)

    def test_of_an_archive_that_is_unpacked_there(self, s3, bucket):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as opened:
            member = tarfile.TarInfo("folder/file")
            member.size = 4
            opened.addfile(member, io.BytesIO(b"file"))
        upload = {"Bucket": bucket, "Key": "archive.tar", "Metadata": {"snowball-auto-extract": "true"}}
        s3().put_object(Body=io.BytesIO(archive.getvalue()), **upload)
        assert s3().get_object(Bucket=bucket, Key="folder/file")["Body"].read() == b"file"
        assert self.refusal(s3("another secret").put_object, Body=io.BytesIO(archive.getvalue()), **upload) == "SignatureDoesNotMatch"

    def test_with_another_secret_are_refused(self, s3, bucket):
        wrong = s3("another secret")
        upload = s3().create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
        assert self.refusal(wrong.put_object, Bucket=bucket, Key="one", Body=io.BytesIO(b"1")) == "SignatureDoesNotMatch"
        part = {"Bucket": bucket, "Key": "parts", "UploadId": upload, "PartNumber": 1, "Body": io.BytesIO(b"1")}
        assert self.refusal(wrong.upload_part, **part) == "SignatureDoesNotMatch"
        assert "Contents" not in s3().list_objects_v2(Bucket=bucket)

    def test_without_an_account_are_refused(self, s3, bucket):
        anonymous = s3(signature_version=UNSIGNED)
        assert self.refusal(anonymous.put_object, Bucket=bucket, Key="one", Body=io.BytesIO(b"1")) == "AccessDenied"

    def test_by_an_address_that_was_signed_beforehand(self, s3, server, bucket):
        address = s3().generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "one"})
        context = ssl.create_default_context(cafile=str(server.ca_path))
        request = urllib.request.Request(address, data=b"1", method="PUT", headers={"Content-Type": ""})
        assert urllib.request.urlopen(request, context=context, timeout=30).status == 200
