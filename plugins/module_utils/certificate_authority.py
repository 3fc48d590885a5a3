# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of a site's authority: what a request may ask for, and what is signed, which is never the request's to say."""

from __future__ import annotations

import datetime
import ipaddress
import traceback

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
    from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

    LIBRARY_ERROR = None
except ImportError:
    LIBRARY_ERROR = traceback.format_exc()

CURVE = "secp256r1"


class Refused(Exception):
    """Nothing was signed; the message says why."""


def alternative_name(name):
    """The x509.GeneralName of a text like C(DNS:trino.example.org) or C(IP:192.0.2.4); another kind raises ValueError."""
    kind, dummy, value = name.partition(":")
    if kind == "DNS":
        return x509.DNSName(value)
    if kind == "IP":
        return x509.IPAddress(ipaddress.ip_address(value))
    raise ValueError("%s is neither DNS:NAME nor IP:ADDRESS" % name)


def subject_of(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def shown(names):
    return ascii(sorted(str(getattr(name, "value", name)) for name in names))


def request_problems(request, common_name, decided):
    """How an x509.CertificateSigningRequest differs from what was decided: a list of texts, empty where it does not.

    common_name is a str, decided a set of x509.GeneralName. Raises what cryptography does on a request that is not whole.
    """
    problems = []
    if not request.is_signature_valid:
        problems.append("it is not signed with the key that it is for")
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != CURVE:
        problems.append("its key is not of the curve %s" % CURVE)
    if request.subject != subject_of(common_name):
        problems.append("its subject is %s, not %s" % (ascii(request.subject.rfc4514_string()), ascii("CN=" + common_name)))
    asked = set()
    for extension in request.extensions:
        if extension.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME:
            asked = set(extension.value)
        else:
            problems.append("it asks for the extension %s" % extension.oid.dotted_string)
    if asked - decided:
        problems.append("it asks for the names %s too" % shown(asked - decided))
    if decided - asked:
        problems.append("it does not ask for the names %s" % shown(decided - asked))
    return problems


def check_request(text, common_name, names):
    """Return the x509.CertificateSigningRequest of a PEM text; raises Refused unless it asks for exactly what was decided.

    common_name is a str, names a list of str as alternative_name() takes them; a name that it does not take raises ValueError.
    """
    decided = set(map(alternative_name, names))
    try:
        request = x509.load_pem_x509_csr(text.encode())
        problems = request_problems(request, common_name, decided)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        problems = ["it cannot be read: %s" % ascii(str(error))]
    if problems:
        raise Refused("The request for a certificate of %s is not what was decided, and nothing was signed: %s. Find out what changed the host "
                      "before you trust it again" % (common_name, "; ".join(problems)))
    return request


def load_authority(certificate, key, passphrase):
    """The authority's x509.Certificate and private key of two PEM texts in bytes; raises Refused where they are no pair or do not open."""
    try:
        authority = x509.load_pem_x509_certificate(certificate)
        private_key = serialization.load_pem_private_key(key, passphrase.encode())
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise Refused("The authority's files cannot be used: %s. Is the key encrypted, with this passphrase?" % error) from error
    if private_key.public_key() != authority.public_key():
        raise Refused("The authority's key is not the one of its certificate")
    return authority, private_key


def sign(public_key, common_name, names, authority, authority_key, days):
    """Return a certificate for a server (and client), in PEM: a str that ends in a line break. It holds from an hour ago for `days` days."""
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = {name: name in ("digital_signature", "key_agreement") for name in (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
        "encipher_only", "decipher_only")}
    try:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value)
    except x509.ExtensionNotFound:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    builder = x509.CertificateBuilder(
        issuer_name=authority.subject, subject_name=subject_of(common_name), public_key=public_key, serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(hours=1), not_valid_after=now + datetime.timedelta(days=days))
    for value, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(list(map(alternative_name, names))), False),
        (x509.KeyUsage(**usage), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (issuer, False),
    ):
        builder = builder.add_extension(value, critical)
    without_hash = isinstance(authority_key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return builder.sign(authority_key, None if without_hash else hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
