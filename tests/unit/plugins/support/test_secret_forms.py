# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are found in every form that programs write them in, and nothing else is taken for one."""

from __future__ import annotations

import base64
import html
import json
import pathlib
import random
import shlex
import string
import subprocess
import tempfile
import urllib.parse

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, strategies

from ansible_collections.gti.lakehouse.plugins.module_utils.support.secret_forms import ANY_KEY, Secrets, secrets_of

# What people choose, beside what the site makes: quotes, escapes of every kind, spaces, letters of other languages.
ODD = ['p"q\'r\\s', "100%41%zz", "pass\\u0041\\n\\x41word", "two words & <more>", "sen\u00e7a\u00e3o-\u20ac9", "tab\there",
       "x=y:z#!", "ends%5", "a+b/c==d", "\\\\host\\nas", "&amp;lt;",
       "\u20acuros-\u20ac5"]
PLAIN = "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=40))
FORMS = {
    "raw": lambda value: value,
    "json": json.dumps,
    "json with letters": lambda value: json.dumps(value, ensure_ascii=False).replace("/", "\\/"),
    "json in json": lambda value: json.dumps(json.dumps({"key": value})),
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "url of a form": urllib.parse.quote_plus,
    "url, small letters": lambda value: "".join("%%%02x" % byte for byte in value.encode()),
    "url twice": lambda value: urllib.parse.quote(urllib.parse.quote(value, safe=""), safe=""),
    "url in json": lambda value: json.dumps("https://me:%s@host/" % urllib.parse.quote(value, safe="")),
    "shell": shlex.quote,
    "shell, backslashes": lambda value: "".join("\\" + letter if letter in "\"'\\ &<>!#=" else letter for letter in value),
    "shell in json": lambda value: json.dumps("password=" + shlex.quote(value)),
    "python": lambda value: repr(value.encode()),
    "xml": html.escape,
    "xml, numbers": lambda value: "".join("&#%d;" % ord(letter) if letter in "\"'&<>" else letter for letter in value),
    "properties": lambda value: value.replace("\\", "\\\\").replace("=", "\\=").replace(":", "\\:").replace("#", "\\#"),
    "hex": lambda value: value.encode().hex(),
    "broken": lambda value: value[:3] + "\n    " + value[3:],
    "broken in a shell": lambda value: value[:3] + "\\\n" + value[3:],
    "broken in json": lambda value: json.dumps(value[:3] + "\r\n" + value[3:]),
    **{"base64 after %d" % before: lambda value, before=before: base64.b64encode(b"u" * before + value.encode() + b":rest").decode() for before in range(4)},
    "base64 alone": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 of URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 in a url": lambda value: urllib.parse.quote(base64.b64encode(b"me:" + value.encode()).decode(), safe=""),
    "base64, broken": lambda value: base64.encodebytes(b"a line of its own of which nothing is secret, and then " + value.encode()).decode(),
}


def locked():
    """By OpenSSH itself, since this test's library needs another one for it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "for a test", "-f", folder + "/key"], check=True)
        return pathlib.Path(folder, "key").read_text()


def keys():
    small = ed25519.Ed25519PrivateKey.generate()
    curve = ec.generate_private_key(ec.SECP384R1())
    number = rsa.generate_private_key(65537, 2048)
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    return {
        "ssh": small.private_bytes(pem, serialization.PrivateFormat.OpenSSH, none).decode(),
        "pkcs8": curve.private_bytes(pem, serialization.PrivateFormat.PKCS8, none).decode(),
        "old": curve.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, none).decode(),
        "authority": curve.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"long")).decode(),
        "rsa": number.private_bytes(pem, serialization.PrivateFormat.PKCS8, none).decode(),
        "small": small.private_bytes(pem, serialization.PrivateFormat.PKCS8, none).decode(),
        "ssh rsa": number.private_bytes(pem, serialization.PrivateFormat.OpenSSH, none).decode(),
        "ssh curve": curve.private_bytes(pem, serialization.PrivateFormat.OpenSSH, none).decode(),
        "ssh locked": locked(),
    }, {"ssh rsa": number.public_key(), "ssh curve": curve.public_key(),
        "ssh": small.public_key(), "pkcs8": curve.public_key(), "old": curve.public_key(), "authority": curve.public_key(), "rsa": number.public_key(),
        "small": small.public_key()}


KEYS, PUBLIC = keys()


def redacted(value, text):
    secrets = Secrets({"vault_it": value})
    left, found = secrets.redact(text.encode())
    assert secrets.find(left) == []
    return left.decode(), found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [PLAIN, *ODD])
def test_each_form_of_a_secret_is_redacted_and_named(form, value):
    text = FORMS[form](value)
    left, found = redacted(value, "before\nx=%s after\n" % text)
    assert list(found) == ["vault_it"]
    assert "[redacted: vault_it]" in left
    assert left.startswith("before\n") and left.endswith(" after\n")
    assert value not in left and text not in left


@given(strategies.text(strategies.characters(codec="utf-8", exclude_characters="\x00"), min_size=6, max_size=60).filter(lambda text: len(text.strip()) >= 6),
       strategies.sampled_from(sorted(FORMS)))
def test_any_value_is_found_as_it_is(value, form):
    if form == "raw":
        assert redacted(value, "> %s <" % value)[1]


def test_the_shells_own_quoting_is_undone():
    value = "it's \"odd\" $HOME `x` \\ !"
    said = subprocess.run(["bash", "-c", 'printf "%q" "$0"', value], check=True, capture_output=True, text=True).stdout
    assert redacted(value, "PASSWORD=" + said)[1] == {"vault_it": 1}


@pytest.mark.parametrize("place", range(1, 40))
def test_what_is_broken_by_a_line_of_a_journal_is_found_wherever_it_breaks(place):
    text = "> 12:00:01 host app[7]: password=%s\n> 12:00:01 host app[7]: %s and more\n" % (PLAIN[:place], PLAIN[place:])
    left, found = redacted(PLAIN, text)
    assert found
    # At most three letters of it are left.
    assert not any(PLAIN[begin:begin + 4] in left for begin in range(37))
    assert "and more" in left and left.count("> 12:00:01 host app[7]: ") == 2


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_found_by_its_body(kind):
    lines = KEYS[kind].strip().splitlines()
    body = "".join(lines[1:-1])
    for text in ("".join(line + "\n" for line in lines), json.dumps(KEYS[kind]), body, json.dumps(json.dumps(KEYS[kind])),
                 "\n".join(body[place:place + 76] for place in range(0, len(body), 76)), base64.b64encode(KEYS[kind].encode()).decode(),
                 "".join("12:00:01 host app[7]: %s\n" % line for line in lines[1:-1]), urllib.parse.quote(KEYS[kind], safe="")):
        left, found = redacted(KEYS[kind], "before %s\nafter" % text)
        assert "vault_it" in found
        assert left.startswith("before ") and left.endswith("after")
        assert not any(line[begin:begin + 8] in left for line in lines[1:-1] for begin in range(len(line) - 7))


@pytest.mark.parametrize("kind, place", [("pkcs8", 1), ("old", 0), ("small", 0), ("rsa", 10), ("rsa", 20), ("authority", 3), ("ssh rsa", 16),
                                         ("ssh locked", 4)])
def test_a_line_with_much_of_what_is_secret_is_found_alone(kind, place):
    lines = KEYS[kind].strip().splitlines()[1:-1]
    line = lines[place]
    assert redacted(KEYS[kind], "noise %s noise" % line) == ("noise [redacted: vault_it] noise", {"vault_it": 1})


def test_a_private_key_of_anybody_is_found():
    left, found = redacted(PLAIN, "one %s two %s three" % (KEYS["pkcs8"], json.dumps(KEYS["ssh"])))
    assert left == 'one [redacted: a private key]\n two "[redacted: a private key]\\n" three'
    assert found == {ANY_KEY: 2}


@pytest.mark.parametrize("body", ["", "words about a key, and no key", "MIGHAgEA", "M" * 41, "MIGH" * 20 + "MI==",
                                  base64.b64encode(b"openssh-key-v1\0" + b"\xff" * 40).decode(),
                                  base64.b64encode(b"openssh-key-v1\0" + bytes(40)).decode(), base64.b64encode(b"0\x81\x02\x01\x01\x04\x20" * 3).decode(),
                                  base64.b64encode(b"0" * 20 + b"\x02\x03\x01\x00\x01").decode()])
def test_a_file_with_a_keys_lines_and_no_whole_key_is_looked_for_as_it_is(body):
    text = "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n" % body
    assert Secrets({"it": text}).redact(b"x\n" + text.encode())[1] and Secrets({"it": text}).redact(b"words and more words") == (b"words and more words", {})


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_not_taken_for_another_of_its_kind(kind):
    other = keys()[0][kind]
    assert Secrets({"other": other}, any_key=False).find(KEYS[kind].encode()) == []
    assert Secrets({"it": KEYS[kind], "other": other}, any_key=False).redact(KEYS[kind].encode())[1] == {"it": 1}


def test_words_about_keys_stay():
    text = "grep -- '-----BEGIN PRIVATE KEY-----' of the file, then go on with other things\n"
    assert redacted(PLAIN, text)[0].endswith(" of the file, then go on with other things\n")


def test_what_is_no_secret_stays_as_it_is():
    public = ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    text = json.dumps({"a": "b\\c\n%41", "b": public, "c": "vault_it"}) + "\n\tx &amp; y 'z'\n"
    assert Secrets({**KEYS, "vault_it": PLAIN}).redact(text.encode()) == (text.encode(), {})


@pytest.mark.parametrize("kind", PUBLIC)
@pytest.mark.parametrize("before", range(3))
def test_what_a_key_shares_with_its_certificate_is_no_secret(kind, before):
    public = PUBLIC[kind].public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ssh = PUBLIC[kind].public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    text = base64.b64encode(bytes(before) + public) + b" " + base64.b64encode(bytes(before) + base64.b64decode(ssh.split()[1]))
    certificate = "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % base64.b64encode(b"a certificate's own body" + public).decode()
    secrets = Secrets({"key": KEYS[kind], "both": certificate + KEYS[kind]})
    assert secrets.redact(text) == (text, {}) and secrets.redact(certificate.encode()) == (certificate.encode(), {})


def test_the_words_of_a_long_value_are_no_secrets():
    secrets = Secrets({"vault_uri": "postgresql://lakehouse:%s@app-db.gti.local/airflow" % PLAIN})
    assert secrets.redact(b"postgresql://superset@app-db.gti.local/superset") == (b"postgresql://superset@app-db.gti.local/superset", {})


def test_bytes_that_are_no_text_stay():
    noise = bytes(range(256)) * 4
    assert Secrets({"vault_it": PLAIN}).redact(noise + PLAIN.encode() + noise) == (noise + b"[redacted: vault_it]" + noise, {"vault_it": 1})


def test_two_secrets_of_which_one_holds_the_other_are_both_named():
    secrets = Secrets({"short": "abcdef", "long": "xx-abcdef-yy"})
    assert secrets.redact(b"1 xx-abcdef-yy 2 abcdef") == (b"1 [redacted: long, short] 2 [redacted: short]", {"long": 1, "short": 2})


def test_a_secret_that_the_blots_hold_goes_too():
    secrets = Secrets({"vault_it": "redacted"})
    left, found = secrets.redact(b"all is redacted")
    assert secrets.find(left) == [] and b"redacted" not in left and found


def test_what_could_not_be_redacted_is_an_error():
    with pytest.raises(ValueError, match="vault_####"):
        Secrets({"vault_####": "####"}).redact(b"a #### b")


def test_values_too_short_are_named():
    secrets = Secrets({"vault_pin": "12", "vault_it": "1234"})
    assert secrets.too_short == ["vault_pin"]
    assert secrets.redact(b"12 1234")[0] == b"12 [redacted: vault_it]"


def test_lists_and_tables_of_the_vaulted_file_are_secrets_too():
    assert secrets_of({"a": "one", "b": ["two", {"c": "three"}], "d": 4567, "e": True, "f": None}) == {
        "a": "one", "b.0": "two", "b.1.c": "three", "d": "4567"}
