# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for secrets finds them in each form, names secret and place, and says no value."""

from __future__ import annotations

import base64
import html
import importlib.util
import json
import os
import pathlib
import shlex
import subprocess
import sys
import urllib.parse

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "molecule/default/files/secret_search.py"
spec = importlib.util.spec_from_file_location("secret_search", SCRIPT)
secret_search = importlib.util.module_from_spec(spec)
spec.loader.exec_module(secret_search)

PLAIN = "".join(f"x{number}Y" for number in range(100, 108))
ODD = "it's <a> \"test\" & a\\b/c+d"
SECRETS = {"vault_plain": PLAIN, "vault_odd": ODD, "vault_list": ["of-two-words", PLAIN[::-1]], "vault_short": "short"}


def search(*arguments, secrets=None):
    done = subprocess.run([sys.executable, SCRIPT, *arguments], input=json.dumps(secrets or SECRETS), capture_output=True, text=True, check=False)
    assert not any(value in done.stdout + done.stderr for value in (PLAIN, ODD, PLAIN[:12]))
    return done


def found_in(text, tmp_path):
    log = tmp_path / "log"
    log.write_text(text)
    return [found["secret"] for found in json.loads(search("files", str(log)).stdout)["found"]]


@pytest.mark.parametrize("written", [
    lambda value: value, json.dumps, lambda value: json.dumps(json.dumps(value)), repr, shlex.quote, html.escape, urllib.parse.quote,
    urllib.parse.quote_plus, lambda value: urllib.parse.quote(value, safe=""),
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: base64.b64encode(f"a:{value}".encode()).decode(),
    lambda value: base64.urlsafe_b64encode(f"me:{value}@".encode()).decode(),
], ids=["plain", "json", "json in json", "python", "shell", "xml", "url", "form", "whole url", "base64", "base64 after 2", "base64 after 3"])
def test_each_form_is_found(written, tmp_path):
    for name in ("vault_plain", "vault_odd"):
        assert found_in(f"ok: [host] => {{x={written(SECRETS[name])}}}\nmore\n", tmp_path) == [name]


def test_a_part_is_found_and_a_word_is_not(tmp_path):
    assert found_in(f"cut off: {PLAIN[9:25]}\n", tmp_path) == ["vault_plain"]
    assert found_in(f"{PLAIN[:11]} short is too short to be told from a word; so is 'a test'\n", tmp_path) == []


def test_each_of_a_list_is_looked_for(tmp_path):
    assert found_in("say of-two-words\n", tmp_path) == ["vault_list"]


def test_of_a_private_key_the_lines_are_secret_that_no_other_key_has(tmp_path):
    body = [letter * 70 for letter in "ABCD"] + ["E" * 20]
    key = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *body, "-----END OPENSSH PRIVATE KEY-----", ""])
    log = tmp_path / "log"
    for text, found in (("\n".join(key.splitlines()[:2]), 0), (key, 1), (repr(key), 1), (json.dumps(body[2]), 1)):
        log.write_text(text)
        assert search("files", str(log), secrets={"key": key}).returncode == found


def test_it_names_secret_and_place_and_ends_with_1(tmp_path):
    clean, dirty = tmp_path / "clean", tmp_path / "dirty"
    clean.write_text("nothing here\n")
    dirty.write_bytes(b"\xff\x00" + PLAIN.encode() + b"\n")
    done = search("files", str(clean), str(dirty))
    assert (done.returncode, json.loads(done.stdout)) == (1, {"secrets": 3, "looked_at": 2, "found": [{"secret": "vault_plain", "place": str(dirty)}]})
    assert search("files", str(clean)).returncode == 0


def test_what_cannot_be_looked_at_is_no_success(tmp_path):
    for done, reason in ((search("files", str(tmp_path / "none")), "cannot read"), (search("everywhere"), "secret_search.py files"),
                         (search("files", str(SCRIPT), secrets={"vault_short": "short"}), "nothing to look for")):
        assert done.returncode == 2 and reason in done.stderr


def test_arguments_of_processes_are_found():
    with subprocess.Popen([sys.executable, "-c", "input()", PLAIN], stdin=subprocess.PIPE):
        searching = secret_search.Search(secret_search.needles(SECRETS))
        searching.processes()
    assert [name for name, place in searching.found if place.startswith("the arguments of a process, python")] == ["vault_plain"]


def test_files_are_those_that_others_can_read(tmp_path):
    folder, holder, public = tmp_path / "folder", tmp_path / "holder", tmp_path / "public"
    for place, mode in ((folder, 0o755), (folder / "closed", 0o750), (holder, 0o755), (public, 0o755)):
        place.mkdir(mode=mode)
        for name, file_mode in (("everybody", 0o644), ("group", 0o640), ("owner", 0o600)):
            (place / name).write_text(PLAIN)
            (place / name).chmod(file_mode)
            if os.geteuid() == 0:  # whose own group is root's
                os.chown(place / name, 0, 4242)
    tmp_path.chmod(0o755)
    (folder / "link").symlink_to(holder / "owner")
    found = secret_search.readable_files([str(tmp_path)], public=(str(public),), holders=(f"{holder}/",))
    assert {os.path.relpath(path, tmp_path) for path in found} == {
        "folder/everybody", "folder/group", "folder/closed/everybody", "folder/closed/group", "holder/everybody"}
