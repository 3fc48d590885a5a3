# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container templates on storages: what there is, what should be, and the calls between."""

from __future__ import annotations

import posixpath
import re

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.gti.lakehouse.plugins.module_utils.pve.client import Client
from ansible_collections.gti.lakehouse.plugins.module_utils.pve.steps import PlanError, Step

_FILE = re.compile(r"[\w.+~-]+\.tar\.(?:gz|xz|zst|bz2)", re.ASCII)
_DIGITS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True)
class TemplateWish:
    """What the user declared of one template."""

    state: str
    node: str
    storage: str
    name: str
    url: str = ""
    algorithm: str = ""
    checksum: str = ""
    verify: bool = True

    @property
    def volid(self) -> str:
        """The name by which a container is created from it."""
        return "%s:vztmpl/%s" % (self.storage, self.name)


def parse_template_wish(params: dict[str, Any], node: str) -> TemplateWish:
    """The module's parameters; raises PlanError with every mistake at once."""
    problems = []
    url = params["url"] or ""
    name = params["name"] or posixpath.basename(urlsplit(url).path)
    if not _FILE.fullmatch(name):
        problems.append("name: %r is not the name of a template; it must end in .tar.zst, .tar.xz, .tar.gz or .tar.bz2" % name)
    if url and not re.match(r"https?://", url):
        problems.append("url: %r is neither http nor https" % url)
    algorithm, colon, checksum = (params["checksum"] or "").partition(":")
    if colon or algorithm:
        if algorithm not in _DIGITS or not re.fullmatch(r"[0-9a-fA-F]{%d}" % _DIGITS.get(algorithm, 1), checksum):
            problems.append("checksum: must be ALGORITHM:HEX with one of %s, and all its digits" % ", ".join(sorted(_DIGITS)))
    if problems:
        raise PlanError("; ".join(problems))
    return TemplateWish(
        params["state"], node, params["storage"], name, url, algorithm, checksum.lower(), params["validate_url_certs"])


def list_storages(client: Client, node: str) -> list[dict[str, Any]]:
    """The storages of a node, with typed values."""
    return [{
        "node": node, "storage": entry["storage"], "type": entry.get("type", ""), "content": sorted(entry["content"].split(",")),
        "active": bool(entry.get("active")), "avail": int(entry.get("avail") or 0), "total": int(entry.get("total") or 0),
    } for entry in client.get("nodes/%s/storage" % node)]


def list_templates(client: Client, node: str, storage: str = "") -> list[dict[str, Any]]:
    """The templates on a node's storages, or on one of them."""
    names = [entry["storage"] for entry in list_storages(client, node) if "vztmpl" in entry["content"] and storage in ("", entry["storage"])]
    return [{"node": node, "volid": entry["volid"], "size": int(entry.get("size") or 0)}
            for name in names for entry in client.get("nodes/%s/storage/%s/content" % (node, name), content="vztmpl")]


def plan_template(wish: TemplateWish, templates: list[dict[str, Any]]) -> tuple[Step, ...]:
    """The calls that lead to the declared state."""
    there = any(template["volid"] == wish.volid for template in templates)
    base = "nodes/%s/storage/%s" % (wish.node, wish.storage)
    if wish.state == "absent":
        return (Step("imgdel", "DELETE", "%s/content/%s" % (base, wish.volid), keys=(wish.volid,)),) if there else ()
    if there:
        return ()
    if not wish.url:
        return (Step("download", "POST", "nodes/%s/aplinfo" % wish.node, {"storage": wish.storage, "template": wish.name}, (wish.volid,)),)
    params = {
        "content": "vztmpl", "filename": wish.name, "url": wish.url, "checksum": wish.checksum, "checksum-algorithm": wish.algorithm,
        "verify-certificates": "" if wish.verify else "0"}
    return (Step("download", "POST", base + "/download-url", {key: value for key, value in params.items() if value}, (wish.volid,)),)


def template_needs(wish: TemplateWish, steps: tuple[Step, ...]) -> list[tuple]:
    """What the calls need; see pve_rights."""
    storage = ("/storage/%s" % wish.storage,)
    if not steps:
        return []
    if wish.state == "absent":
        return [(("Datastore.Allocate",), storage)]
    needed: list[tuple] = [(("Datastore.AllocateTemplate",), storage)]
    if wish.url:
        needed.append((("Sys.AccessNetwork", "Sys.Modify"), ("/nodes/%s" % wish.node, "/")))
    return needed
