# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching a file over HTTP, with the log lines and failures of the server's own fetcher."""

import hashlib
import os
import shutil
import ssl
import tempfile
import urllib.error
import urllib.request

from .errors import Die

CHUNK = 1 << 20


def fetch(task, url, verify=True):
    """The path of a temporary file with the content."""
    context = None if verify else ssl._create_unverified_context()
    handle, path = tempfile.mkstemp(prefix="pve-download-")
    try:
        with os.fdopen(handle, "wb") as target, urllib.request.urlopen(url, timeout=30, context=context) as source:
            task.log("HTTP request sent, awaiting response... %d %s" % (source.status, source.reason))
            for block in iter(lambda: source.read(CHUNK), b""):
                task.check()
                target.write(block)
    except urllib.error.HTTPError as err:
        os.unlink(path)
        task.log("ERROR %d: %s." % (err.code, err.reason))
        raise Die("download failed: exit code 8") from None             # storage-042: wget's code for it
    except OSError as err:
        os.unlink(path)
        raise Die("download failed: %s" % getattr(err, "reason", err)) from None
    except BaseException:
        os.unlink(path)
        raise
    return path


def check(task, path, algorithm, expected):
    task.log("calculating checksum...")
    digest = hashlib.new(algorithm)
    with open(path, "rb") as handle:
        shutil.copyfileobj(handle, _Sink(digest), CHUNK)
    if digest.hexdigest() != expected.lower():
        raise Die("checksum mismatch: got '%s' != expect '%s'" % (digest.hexdigest(), expected))


class _Sink:
    def __init__(self, digest):
        self.write = digest.update
