# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Airflow how it is: its database, and the heartbeats of scheduler and triggerer. Arguments: address, file of the authority."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request

trust = ssl.create_default_context(cafile=sys.argv[2])
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
with direct.open(sys.argv[1], timeout=10) as answer:
    health = json.load(answer)
unwell = [name for name in ("metadatabase", "scheduler", "triggerer") if health[name]["status"] != "healthy"]
sys.exit("unwell: %s" % ", ".join(unwell) if unwell else 0)
