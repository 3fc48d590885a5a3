# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How gunicorn serves Superset: TLS alone, by threads, since its workers mostly wait for Trino and the database."""

import json
import pathlib
import ssl

HERE = pathlib.Path(__file__).parent
SITE = json.loads((HERE / "settings.json").read_text())

wsgi_app = "superset.app:create_app()"
bind = SITE["bind"]
worker_class = "gthread"
workers = SITE["workers"]
threads = SITE["threads"]
timeout = 120
graceful_timeout = 20
keepalive = 15
worker_tmp_dir = "/dev/shm"
limit_request_line = 8190
# What a worker gathers in memory over days goes with it, and not all go at once.
max_requests = 5000
max_requests_jitter = 500
certfile = str(HERE / "tls/server.crt")
keyfile = str(HERE / "tls/server.key")


def ssl_context(config, default_ssl_context_factory):
    context = default_ssl_context_factory()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
