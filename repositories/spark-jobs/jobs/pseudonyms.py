# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pseudonyms: HMAC-SHA-256 of an identifier with the site's key, as 64 hexadecimal digits.

The same identifier has the same pseudonym in every table, so that tables can be joined; without the key nobody finds the
one from the other, nor tries identifiers until one fits. The key is in a file on the hosts of Spark alone. It is read where
a row is worked on, so it is in no plan, event log, setting or message, and never where the data or the repositories are.

As a program it reads identifiers, one a line, and writes their pseudonyms:   pseudonyms.py KEY_FILE < identifiers
"""

from __future__ import annotations

import sys
from collections.abc import Callable

KEY_BYTES = 32
FINGERPRINT_OF = "lakehouse: fingerprint of the key of pseudonyms"


def maker(key_file: str) -> Callable[[str | None], str | None]:
    """A function for rows. All that it needs is inside: it is sent to executors, which do not have this module."""
    read: list[bytes] = []  # empty when it is sent

    def pseudonym(value: str | None) -> str | None:
        import hashlib
        import hmac
        import pathlib

        if value is None:
            return None
        if not read:
            read.append(pathlib.Path(key_file).read_bytes().strip())
            if len(read[0]) < KEY_BYTES:
                raise ValueError(f"{key_file} holds {len(read.pop())} bytes: a key of pseudonyms has {KEY_BYTES} or more")
        return hmac.new(read[0], value.encode(), hashlib.sha256).hexdigest()

    return pseudonym


def register(spark, key_file: str) -> str:
    """Makes `pseudonym` a function of SQL in this session. Returns the key's fingerprint, which tells one key from another."""
    spark.udf.register("pseudonym", maker(key_file), "string")
    # Of a row that is read, or the optimiser would work it out in the driver, where there is no key.
    return spark.range(1).selectExpr(f"pseudonym(concat('{FINGERPRINT_OF}', if(id = 0, '', id))) as fingerprint").first()["fingerprint"][:16]


def main() -> None:
    pseudonym = maker(sys.argv[1])
    for line in sys.stdin:
        print(pseudonym(line.strip()))


if __name__ == "__main__":
    main()
