# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import hmac
import io
import secrets

import pseudonyms
import pytest

PERSON = "C000042"


@pytest.fixture
def key():
    return secrets.token_urlsafe(32)


@pytest.fixture
def key_file(tmp_path, key):
    path = tmp_path / "pseudonym.key"
    path.write_text(key + "\n")
    return str(path)


def test_a_pseudonym_is_the_keyed_hash(key, key_file):
    assert pseudonyms.maker(key_file)(PERSON) == hmac.new(key.encode(), PERSON.encode(), hashlib.sha256).hexdigest()


def test_nobody_has_none(key_file):
    assert pseudonyms.maker(key_file)(None) is None


def test_another_key_makes_another_pseudonym(key_file, tmp_path):
    other = tmp_path / "other.key"
    other.write_text(secrets.token_urlsafe(32))
    assert pseudonyms.maker(key_file)(PERSON) != pseudonyms.maker(str(other))(PERSON)


def test_a_key_that_could_be_guessed_is_refused_each_time(tmp_path):
    short = tmp_path / "short.key"
    short.write_text("x" * 31)
    pseudonym = pseudonyms.maker(str(short))
    for dummy in range(2):
        with pytest.raises(ValueError, match="31 bytes") as refused:
            pseudonym(PERSON)
        assert "xxx" not in str(refused.value)


def test_what_is_sent_to_executors_has_no_key_in_it(key_file, key):
    function = pseudonyms.maker(key_file)
    assert [cell.cell_contents for cell in function.__closure__] == [key_file, []]
    assert key not in repr(function.__code__.co_consts)


def test_people_get_pseudonyms_by_lines(key_file, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pseudonyms.py", key_file])
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PERSON}\nC000043\n"))
    pseudonyms.main()
    first, second = capsys.readouterr().out.split()
    assert first == pseudonyms.maker(key_file)(PERSON) != second
