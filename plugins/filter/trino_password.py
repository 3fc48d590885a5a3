# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import hmac

from ansible.errors import AnsibleFilterError

ITERATIONS = 200000
DIGEST = "sha1"  # the only one that Trino's password file knows for PBKDF2
SALT_BYTES = 16
HASH_BYTES = 20  # one block of SHA-1: more costs us, not an attacker


def trino_password(password, user, key):
    """Hash a password for Trino's password file, the same way each time.

    The salt must not change between runs, and must not be a quick test for guesses of the password.
    So it is made of the user's name and a key of the site, never of the password.

    :param password: the password.
    :param user: the name it belongs to.
    :param key: a secret of the site that salts are made with.
    :returns: iterations, salt and hash as Trino reads them.
    :raises AnsibleFilterError: one of them is empty.
    """
    if not (password and user and key):
        raise AnsibleFilterError("trino_password needs a password, a user and a key, none of them empty")
    salt = hmac.new(str(key).encode(), b"trino password of " + str(user).encode(), hashlib.sha256).digest()[:SALT_BYTES]
    digest = hashlib.pbkdf2_hmac(DIGEST, str(password).encode(), salt, ITERATIONS, HASH_BYTES)
    return "%d:%s:%s" % (ITERATIONS, salt.hex(), digest.hex())


class FilterModule:
    """Filters that prepare secrets for a component."""

    def filters(self):
        return {"trino_password": trino_password}
