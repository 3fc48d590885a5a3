# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Airflow how it is: its database, and the heartbeats of scheduler and triggerer. Arguments: address, file of the authority."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request


def unwell(health):
    """The parts that are not well, or have never been heard of."""
    return [name for name in ("metadatabase", "scheduler", "triggerer") if health[name]["status"] != "healthy"]


def ask(url, ca_path):
    trust = ssl.create_default_context(cafile=ca_path)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    with direct.open(url, timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    parts = unwell(ask(*sys.argv[1:]))
    sys.exit("unwell: %s" % ", ".join(parts) if parts else 0)
