# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authority signs what the controller decided; requests are OpenSSL's own, and so is the judgement of what was signed."""
from __future__ import annotations

import json
import subprocess

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gti.lakehouse.plugins.modules import service_certificate
from cryptography import x509

NAME = "trino.example.test"
NAMES = ["DNS:" + NAME, "DNS:trino", "DNS:localhost", "IP:192.0.2.4", "IP:127.0.0.1"]
OPENSSL_NAMES = "subjectAltName=" + ",".join(NAMES)
P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]


@pytest.fixture(name="site", scope="module")
def fixture_site(tmp_path_factory):
    """A folder with an authority like the site's, and one more key."""
    folder = tmp_path_factory.mktemp("site")
    for name, curve in (("ca", "secp384r1"), ("other", "secp384r1")):
        run(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve, "-passout", "pass:for a test", "-keyout", name + ".key",
            "-subj", "/CN=authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", name + ".crt")
    return folder


def run(folder, *argv):
    return subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True, text=True).stdout


def request(folder, *extensions, subject="/CN=" + NAME, key=tuple(P256)):
    argv = ["req", "-new", "-newkey", *key, "-nodes", "-keyout", "server.key", "-subj", subject]
    return run(folder, *argv, *(word for extension in extensions for word in ("-addext", extension)))


@pytest.fixture(name="sign")
def fixture_sign(site, capsys):
    def sign(text, **params):
        args = {"request": text, "common_name": NAME, "names": NAMES, "valid_days": 397, "ca_path": str(site / "ca.crt"),
                "ca_key_path": str(site / "ca.key"), "ca_passphrase": "for a test", **params}
        with patch_module_args(args), pytest.raises(SystemExit):
            service_certificate.main()
        return json.loads(capsys.readouterr().out)
    return sign


def test_what_was_decided_is_signed_and_no_more(site, sign):
    signed = sign(request(site, OPENSSL_NAMES))
    (site / "server.crt").write_text(signed["certificate"])
    assert signed["changed"] is True
    assert run(site, "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "trino", "-CAfile", "ca.crt", "server.crt") == "server.crt: OK\n"
    assert run(site, "verify", "-x509_strict", "-purpose", "sslclient", "-verify_ip", "192.0.2.4", "-CAfile", "ca.crt", "server.crt") == "server.crt: OK\n"
    assert run(site, "x509", "-in", "server.crt", "-noout", "-pubkey") == run(site, "pkey", "-in", "server.key", "-pubout")
    assert "CA:FALSE" in run(site, "x509", "-in", "server.crt", "-noout", "-ext", "basicConstraints")
    certificate = x509.load_pem_x509_certificate(signed["certificate"].encode())
    assert sorted(extension.oid._name for extension in certificate.extensions) == [
        "authorityKeyIdentifier", "basicConstraints", "extendedKeyUsage", "keyUsage", "subjectAltName", "subjectKeyIdentifier"]
    assert certificate.subject.rfc4514_string() == "CN=" + NAME
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 397


ASKS = {
    "a name that is another host's": ([OPENSSL_NAMES + ",DNS:minio.example.test"], {}, "names ['minio.example.test'] too"),
    "every name": ([OPENSSL_NAMES + ",DNS:*.example.test"], {}, "names ['*.example.test'] too"),
    "a name of another kind": ([OPENSSL_NAMES + ",URI:spiffe://x"], {}, "names ['spiffe://x'] too"),
    "fewer names": (["subjectAltName=DNS:" + NAME], {}, "does not ask for the names"),
    "no names at all": ([], {}, "does not ask for the names"),
    "another subject": ([OPENSSL_NAMES], {"subject": "/CN=admin"}, "its subject is 'CN=admin', not"),
    "a further subject": ([OPENSSL_NAMES], {"subject": "/O=admins/CN=" + NAME}, "its subject is"),
    "an authority": ([OPENSSL_NAMES, "basicConstraints=critical,CA:TRUE"], {}, "extension 2.5.29.19"),
    "signing others": ([OPENSSL_NAMES, "keyUsage=keyCertSign"], {}, "extension 2.5.29.15"),
    "signing programs": ([OPENSSL_NAMES, "extendedKeyUsage=codeSigning"], {}, "extension 2.5.29.37"),
    "an extension of its own": ([OPENSSL_NAMES, "1.2.3.4=ASN1:UTF8String:x"], {}, "extension 1.2.3.4"),
    "another curve": ([OPENSSL_NAMES], {"key": ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"]}, "not of the curve secp256r1"),
    "another kind of key": ([OPENSSL_NAMES], {"key": ["rsa:1024"]}, "not of the curve secp256r1"),
}


@pytest.mark.parametrize("case", ASKS)
def test_a_request_for_anything_else_is_refused_and_told(site, sign, case):
    extensions, more, told = ASKS[case]
    refused = sign(request(site, *extensions, **more))
    assert refused["failed"] and told in refused["msg"] and NAME in refused["msg"] and "certificate" not in refused


def test_a_request_for_a_key_that_the_host_does_not_have_is_refused(site, sign):
    """One whose signature was made by another key: here, that of another request."""
    pieces = []
    for text in (request(site, OPENSSL_NAMES), request(site, OPENSSL_NAMES)):
        pieces.append(x509.load_pem_x509_csr(text.encode()))
    foreign = pieces[0].public_bytes(service_certificate.certificate_authority.serialization.Encoding.DER)
    at = foreign.index(pieces[0].tbs_certrequest_bytes)
    forged = foreign[:at] + pieces[1].tbs_certrequest_bytes + foreign[at + len(pieces[0].tbs_certrequest_bytes):]
    (site / "forged.der").write_bytes(forged)
    text = run(site, "req", "-inform", "DER", "-in", "forged.der")
    assert "not signed with the key" in sign(text)["msg"]


@pytest.mark.parametrize("text", ["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_refused(sign, text):
    assert "cannot be read" in sign(text)["msg"]


def test_an_authority_that_cannot_sign_says_why(site, sign):
    text = request(site, OPENSSL_NAMES)
    assert "with this passphrase" in sign(text, ca_passphrase="another")["msg"]
    assert "not the one of its certificate" in sign(text, ca_key_path=str(site / "other.key"))["msg"]
    assert "none.key: No such file" in sign(text, ca_key_path=str(site / "none.key"))["msg"]


@pytest.mark.parametrize("name", ["URI:x", "IP:trino", "DNS:münchen.example.test"])
def test_a_name_that_no_certificate_can_have_is_told(site, sign, name):
    assert "names of %s cannot be" % NAME in sign(request(site, OPENSSL_NAMES), names=[name])["msg"]
