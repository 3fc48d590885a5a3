# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import re
import secrets

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.trino_password import FilterModule, trino_password

PASSWORD = secrets.token_urlsafe()
KEY = secrets.token_urlsafe()


def test_it_has_the_form_that_trino_reads_and_holds_the_password():
    line = trino_password(PASSWORD, "ana", KEY)
    rounds, salt, digest = re.fullmatch(r"(\d+):([0-9a-f]{32}):([0-9a-f]{40})", line).groups()
    assert int(rounds) >= 100000
    assert hashlib.pbkdf2_hmac("sha1", PASSWORD.encode(), bytes.fromhex(salt), int(rounds), 20).hex() == digest


def test_a_second_run_gives_the_same():
    assert trino_password(PASSWORD, "ana", KEY) == trino_password(PASSWORD, "ana", KEY)


def test_every_input_counts():
    lines = [trino_password(PASSWORD, "ana", KEY), trino_password(PASSWORD, "bea", KEY), trino_password(PASSWORD, "ana", KEY + "x")]
    assert len({line.split(":")[1] for line in lines}) == 3
    assert trino_password(PASSWORD + "x", "ana", KEY) not in lines


def test_the_salt_says_nothing_about_the_password():
    salts = {trino_password(password, "ana", KEY).split(":")[1] for password in (PASSWORD, PASSWORD + "x")}
    assert len(salts) == 1


@pytest.mark.parametrize("arguments", [("", "ana", KEY), (PASSWORD, "", KEY), (PASSWORD, "ana", ""), (None, "ana", KEY)])
def test_nothing_empty_is_hashed(arguments):
    with pytest.raises(AnsibleFilterError, match="none of them empty"):
        trino_password(*arguments)


def test_it_is_offered():
    assert FilterModule().filters() == {"trino_password": trino_password}
