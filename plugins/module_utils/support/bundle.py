# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of a support bundle: what is looked for, the folder that hosts' files wait in, the archive."""

from __future__ import annotations

import glob
import io
import json
import os
import re
import tarfile
import time

from ansible_collections.gti.lakehouse.plugins.module_utils.support.secret_forms import Secrets, secrets_of
from ansible_collections.gti.lakehouse.plugins.module_utils.support.host import SETTINGS_FOLDER

KEY_BYTES = 64 * 1024
# The value behind such a name in properties, YAML, JSON (in a string of JSON too), environments, Python and Hadoop's XML: one in quotes whole, others
# to the end of their line. Numbers, paths, references and what was redacted by its name stay, if they are all of the value.
SPEAKS_OF_ONE = re.compile(rb"""
    (?P<name>(?:passw(?:or)?d|passphrase|secret|token|credential|(?:api|private|fernet|encryption)[_.-]?key)[\w.-]{0,99}\\*["']?\]?
        (?:[ \t]*[:=][ \t]*|</name>\s*<value>\s*))(?!\s)
    (?!(?P<same>\\*["']|)
        (?:\d+|true|false|null|none|\$\{[^}\s]*\}|/(?:etc|data|home|opt|root|run|srv|tmp|usr|var)/[\w./@-]*|\[redacted:[ ][^]\n]*\]|)
        (?P=same)[ \t]*(?:\r?$|[,;](?:[\s"'\\]|$)|[)}\]]+(?:[\s,;:"'\\]|$)|[ ]\#|</|\\{0,9}["']\s*(?:[,;:}\])>]|$)))
    (?:
        [|>][\d+-]*[ \t]*(?:\#[^\n]*)?\r?\n(?:[ \t]*\r?\n)*(?P<indent>[ \t]+)\S[^\n]*(?:\n(?:(?P=indent)[^\n]*|[ \t]*\r?(?=\n)))*
        | \[\s*"[^"\n]*"(?:\s*,\s*"[^"\n]*")*\s*\]
        | (?![\[{]\s*(?:[\]}{]|\r?$)|\{\s*(?:\\*["']|\w+\s*[:=]))(?:
          (?P<quote>["'])(?:\\[^\r\n]|\r?\n[ \t]|(?!(?P=quote))[^\\\r\n])+(?P=quote)
            (?:(?!["']\s*(?:[,;:}\])>]|$))(?:\\["']|(?P<more>["'])(?:\\[^\r\n]|(?!(?P=more))[^\\\r\n])*(?P=more)))*(?![^\s,;:}\])<>&"'\\])
          | (?P<escaped>\\+["'])(?:(?!(?<!\\)(?P=escaped))[^\r\n])+(?<!\\)(?P=escaped)
          | (?:\\\r?\n|(?!\\{0,9}["']\s*(?:[,;:}\])>]|$)|</)[^\r\n])+)
    )""", re.IGNORECASE | re.MULTILINE | re.VERBOSE)
LOGIN = re.compile(rb"""(://[^/\s:"']*:)(?:\[redacted: [^]\n]*\]|[^\s"']){1,2000}(?=@)""")


def keys_of(folder):
    """{"key NAME": text} of the private keys in files of a folder, by their names below it; none without a folder."""
    found = {}
    for place, dummy, names in os.walk(folder or ""):
        for path in (os.path.join(place, name) for name in names):
            with open(path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(KEY_BYTES)
            if "PRIVATE KEY-----" in text:
                found["key " + os.path.relpath(path, folder)] = text
    return found


def what_to_look_for(values, keys_dir):
    """The `Secrets` of the site's {name: value} and the keys below a folder."""
    return Secrets({**secrets_of(values), **keys_of(keys_dir)})


def left_out(text):
    """The bytes of a file of settings without the values that are called secret, known to the site or not."""
    def without(match):
        quote = match["quote"] or match["escaped"] or b""
        return match["name"] + quote + b"[left out]" + quote
    return LOGIN.sub(rb"\1[left out]", SPEAKS_OF_ONE.sub(without, text))


class Waiting:
    """Files of hosts that wait for the archive, redacted, in a folder that goes with the run."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "support_bundle")

    def put(self, host, files, told, secrets):
        """Blot the {name: text} that was collected of a host, leave out of its settings what is called secret there, and write it.

        In this order: of a secret of which a part was left out, the rest could not be known any more.

        :param told: {"problems": [...], "hits": {name: {secret: count}}} of the host's own search; gets the hits of this one.
        """
        redacted = {}
        for name, text in files.items():
            redacted[name], found = secrets.redact(text.encode())
            if name.startswith(SETTINGS_FOLDER + "/"):
                redacted[name] = left_out(redacted[name])
            if found:
                told["hits"][name] = {**told["hits"].get(name, {}), **found}
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self._write(host + ".json", json.dumps({**told, "files": {name: text.decode(errors="replace") for name, text in redacted.items()}}))

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def take(self):
        """{host: {"files", "problems", "hits"}} of all that waits."""
        found = {}
        for path in sorted(glob.glob(os.path.join(glob.escape(self.folder), "*.json"))):
            with open(path, encoding="utf-8") as stream:
                found[os.path.basename(path).removesuffix(".json")] = json.load(stream)
        return found


def summary(hosts, missing, more, hits, too_short):
    """What the bundle holds and what it does not, as lines for a person."""
    lines = ["%s: %d files, %d KiB" % (host, len(told["files"]), sum(map(len, told["files"].values())) // 1024) for host, told in hosts.items()]
    lines += ["%s: not collected: %s" % (host, " ".join(reason.split())) for host, reason in missing.items()]
    lines += ["%s: %s" % (host, problem) for host, told in hosts.items() for problem in told["problems"]]
    lines.append("Of the site: " + (", ".join(more) or "nothing"))
    lines += ["Blotted out: %s in %s, %d times" % (secret, name, count) for name, found in sorted(hits.items()) for secret, count in sorted(found.items())]
    lines += ["Too short to be looked for: " + ", ".join(too_short)] if too_short else []
    return lines if hits else lines + ["No secret was found in it."]


def write(path, hosts, missing, more, secrets):
    """Write the archive, for its owner alone, whole or not at all.

    :param path: of the archive, a tar with gzip. Its files lie in a folder of the archive's name.
    :param hosts: as `Waiting.take` gives them.
    :param missing: {host: reason} of those of which nothing was collected.
    :param more: {name: text} of what is no host's.
    :param secrets: what must not be in it. All is searched once more.
    :return: lines of `summary`; they are also in the archive.
    """
    contents, hits = {}, {}
    for prefix, files, before in [("", more, {})] + [(host + "/", told["files"], told["hits"]) for host, told in hosts.items()]:
        for name, text in files.items():
            contents[prefix + name], found = secrets.redact(text.encode())
            found = {**before.get(name, {}), **found}
            if found:
                hits[prefix + name] = found
    lines = summary(hosts, missing, more, hits, secrets.too_short)
    text, dummy = secrets.redact("".join(line + "\n" for line in lines).encode())
    contents["README.txt"] = text
    top, half = os.path.basename(path).partition(".tar")[0], path + ".part"
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz") as archive:
        os.fchmod(stream.fileno(), 0o600)
        for name, data in sorted(contents.items()):
            entry = tarfile.TarInfo(top + "/" + name)
            entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    os.replace(half, path)
    return text.decode(errors="replace").splitlines()


def forget(path, keep):
    """Remove the oldest archives beside one, of those whose names differ from it by their time, until `keep` are left."""
    stem = os.path.basename(path).rpartition("-")[0]
    there = sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(path)), "*.tar.gz")))
    for old in [other for other in there if os.path.basename(other).rpartition("-")[0] == stem][:-keep]:
        os.remove(old)
