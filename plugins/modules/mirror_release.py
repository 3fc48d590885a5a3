#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
TODO
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url

from ansible_collections.gti.lakehouse.plugins.module_utils import mirror_catalogue as catalogue
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror_builder import Builder, BuildError
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror_store import CorruptError, Store


def main():
    module = AnsibleModule(
        argument_spec={
            "releases": {"type": "list", "elements": "dict", "required": True},
            "cache_dir": {"type": "path", "required": True},
            "go_toolchain": {"type": "dict", "options": {"version": {"type": "str", "required": True}, "sha256": {"type": "str", "required": True}}},
        },
        supports_check_mode=True,
    )
    store = Store(module.params["cache_dir"])
    toolchain = module.params["go_toolchain"]
    due, checksums = [], {}
    try:
        for entry in module.params["releases"]:
            catalogue.check_entry(entry)
        for entry in module.params["releases"]:
            identifier = catalogue.release_id(entry)
            recipe = catalogue.recipe_hash(entry, toolchain)
            if not store.is_current(entry, recipe):
                due.append(identifier)
                if module.check_mode:
                    continue
                build(module, store, entry, recipe, toolchain)
            checksums[identifier] = store.checksum(entry)
    except (catalogue.CatalogueError, CorruptError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(due), due=due, checksums=checksums)


def build(module, store, entry, recipe, toolchain):
    def run(argv, environment, cwd):
        return module.run_command(argv, environ_update=environment, cwd=cwd)

    def download(url, path):
        response, info = fetch_url(module, url, timeout=60)
        if info["status"] != 200:
            raise BuildError("%s could not be downloaded: %s" % (url, info["msg"]))
        with open(path, "wb") as stream:
            for block in iter(lambda: response.read(1 << 20), b""):
                stream.write(block)

    with store.working() as work:
        builder = Builder(store.cache, work, toolchain, run, download)
        try:
            store.publish(entry, recipe, builder, builder.build(entry))
        except BuildError as error:
            module.fail_json(msg="release %s: %s" % (catalogue.release_id(entry), error))


if __name__ == "__main__":
    main()
