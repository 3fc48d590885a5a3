# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rights that docs/install-proxmox.md has granted suffice for a container's life, and none of them is too much."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[4]
PAGE = (ROOT / "docs/install-proxmox.md").read_text(encoding="utf-8")
PRIVILEGES = re.search(r'pveum role add Lakehouse --privs "([^"]*)"', PAGE).group(1).split()
PATHS = re.search(r"for path in (.*?); do", PAGE, re.DOTALL).group(1).replace("\\", "").split()


def rights(privileges):
    """By path, as the page grants them; the storage of the containers has another name in the tests' server."""
    return {path.replace("local-lvm", "lab"): " ".join(privileges) for path in PATHS}


def faults(site, auth):
    """A container's life as the playbooks live it: what of it a token is refused, or cannot see."""
    found = []
    site.pool("lakehouse")
    room = site.run("proxmox_ct_info", auth=auth, node="pve", gather=["nodes", "storages", "templates"])
    if room.get("failed") or not room["nodes"][0].get("maxmem") or not room["templates"] or not {"lab"} <= {
            storage["storage"] for storage in room["storages"] if storage.get("avail")}:
        found.append("look")
    ct = site.kafka(pool="lakehouse")
    for step, change in (
        ("make", {"state": "started"}),
        ("change", {"cores": 3, "memory": 2048, "tags": ["lakehouse"], "nameservers": ["192.0.2.40"], "rootfs": {"storage": "lab", "size_gib": 5},
                    "networks": [dict(ct["networks"][0], ip="192.0.2.119/24")]}),
        ("remove", {"state": "absent", "force": True, "purge": True}),
    ):
        ct.update(change)
        params = ct if step != "remove" else {key: ct[key] for key in ("vmid", "hostname", "state", "force", "purge")}
        result = site.run("proxmox_ct", auth=auth, **params)
        if result.get("failed") or not result["changed"]:
            found.append(step)
    return found


def test_the_rights_of_the_page_suffice(site):
    """And they last: after the removal the same life begins again."""
    auth = site.token_auth("documented@pve!all", rights=rights(PRIVILEGES))
    assert faults(site, auth) == [] and faults(site, auth) == []


@pytest.mark.parametrize("privilege", PRIVILEGES)
def test_none_of_them_is_too_much(site, privilege):
    assert faults(site, site.token_auth("documented@pve!less", rights=rights(set(PRIVILEGES) - {privilege})))


def test_the_paths_are_those_of_the_site():
    site = yaml.safe_load((ROOT / "inventories/gti_local/group_vars/lakehouse/site.yml").read_text(encoding="utf-8"))
    ct = site["lakehouse_ct_defaults"]
    assert set(PATHS) == {
        "/pool/" + ct["pool"], "/nodes/" + site["proxmox_node"], "/storage/" + ct["storage"], "/storage/" + ct["ostemplate"].split(":")[0],
        "/sdn/zones/localnetwork/" + ct["bridge"]}
