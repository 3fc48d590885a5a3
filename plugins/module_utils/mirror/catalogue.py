# -*- coding: utf-8 -*-
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an entry of the mirror's catalogue may say, and the requests that follow from it. Nothing here touches a disk."""

from __future__ import annotations

import hashlib
import json
import re
from xml.sax.saxutils import escape

# Raise it when the same entry would give other archives than before.
RECIPE_FORMAT = 1

# Debian 12's.
MAVEN_COPY_PLUGIN = "3.5.0"

KINDS = {
    "maven": {"required": {"files"}, "optional": {"unpack", "strip", "rename", "executable"}},
    "pypi": {"required": {"files"}, "optional": {"unpack", "strip", "rename", "executable"}},
    "url": {"required": {"url", "sha256"}, "optional": {"unpack", "strip", "rename", "executable"}},
    "go": {"required": {"module", "version", "sum"}, "optional": {"variables", "patches", "package"}},
    "go_web": {"required": {"module", "version", "sum", "node"}, "optional": {"variables"}},
    "wheels": {"required": {"lock"}, "optional": set()},
    "venv": {"required": {"lock"}, "optional": set()},
}
GO_KINDS = {"go", "go_web"}
PLACING = {"kind", "to", "paths", "keep", "exclude"}
# Wheels are served as they are; a virtual environment is the release's top.
PLACING_OF = {"wheels": {"kind"}, "venv": {"kind", "keep", "exclude"}}

# Where hosts unpack releases.
RELEASES_HOME = "/opt/datalake"

NAME = re.compile(r"^[a-z0-9][a-z0-9-]*$")
VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
SHA256 = re.compile(r"^[0-9a-f]{64}$")
GO_SUM = re.compile(r"^h1:[A-Za-z0-9+/]{43}=$")
# group:artifact[:type[:classifier]]:version, as Maven itself writes coordinates
COORDINATES = re.compile(r"^[\w.-]+:[\w.-]+(:[\w.-]+(:[\w.-]+)?)?:[\w.+-]+$")
REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!-]*$")

TYPES = {
    "kind": str,
    "to": str,
    "paths": dict,
    "keep": dict,
    "exclude": list,
    "files": dict,
    "unpack": bool,
    "strip": bool,
    "rename": str,
    "executable": bool,
    "url": str,
    "sha256": str,
    "module": str,
    "package": str,
    "node": dict,
    "patches": dict,
    "version": str,
    "sum": str,
    "variables": dict,
    "lock": str,
}


class CatalogueError(ValueError):
    """An entry that cannot be followed; the message names the entry and the key."""


def release_id(entry):
    return "%s-%s" % (entry["name"], entry["version"])


def release_home(entry):
    """The folder in which a host has the release."""
    return "%s/%s" % (RELEASES_HOME, release_id(entry))


def check_entry(entry):
    """Refuses an entry that cannot be followed, before anything is downloaded."""
    if not isinstance(entry, dict):
        raise CatalogueError("an entry of the catalogue must be a mapping, not %r" % (entry,))
    label = "catalogue entry %r" % entry.get("name", "without a name")
    _check_keys(label, entry, {"name", "version", "parts"}, {"name", "version", "parts"})
    _check_text(label, "name", entry["name"], NAME, "lower case letters, digits and dashes")
    _check_text(label, "version", entry["version"], VERSION, "a version in quotes")
    label = "catalogue entry %r" % release_id(entry)
    parts = entry["parts"]
    if not isinstance(parts, list) or not parts:
        raise CatalogueError("%s: parts must be a list of at least one part" % label)
    for number, part in enumerate(parts, 1):
        _check_part("%s: part %d" % (label, number), part)
    if len(parts) > 1 and any(part["kind"] == "wheels" for part in parts):
        raise CatalogueError("%s: a part of kind 'wheels' must be the only one" % label)


def select(catalogue, wanted, read_patch=None):
    """The catalogue's entries for the wanted ids, in the order of the catalogue, with the texts of the patches that they name."""
    known = {}
    for entry in catalogue:
        check_entry(dict(entry, parts=[{"kind": "go", "module": "x", "version": "v0", "sum": "h1:" + "0" * 43 + "="}]))
        if release_id(entry) in known:
            raise CatalogueError("catalogue entry %r is there twice" % release_id(entry))
        known[release_id(entry)] = entry
    for identifier in wanted:
        if identifier not in known:
            raise CatalogueError(
                "release %r is wanted, but the catalogue does not have it; it has: %s" % (identifier, ", ".join(sorted(known)))
            )
    entries = [with_patches(entry, read_patch) for identifier, entry in known.items() if identifier in set(wanted)]
    for entry in entries:
        check_entry(entry)
    return entries


def with_patches(entry, read_patch):
    """The entry with its patches as {name: text} instead of a list of names."""
    parts = entry["parts"]
    if isinstance(parts, list):
        parts = [
            dict(part, patches={name: read_patch(name) for name in part["patches"]}) if isinstance(part, dict) and "patches" in part else part
            for part in parts
        ]
    return dict(entry, parts=parts)


def needs_go(entry):
    return any(part["kind"] in GO_KINDS for part in entry["parts"])


def recipe_hash(entry, toolchain=None):
    """Changes whenever the built archive could."""
    recipe = {"format": RECIPE_FORMAT, "entry": entry}
    if needs_go(entry):
        recipe["toolchain"] = toolchain
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def maven_file_name(coordinates):
    """The file name under which Maven copies an artifact."""
    dummy, artifact, packaging, classifier, version = _split(coordinates)
    return "%s-%s%s.%s" % (artifact, version, "-" + classifier if classifier else "", packaging)


def maven_project(files, destination, local):
    """A project whose only work is to copy exactly the given artifacts, none of their dependencies; local keeps them for the next time."""
    items = []
    for coordinates in sorted(files):
        group, artifact, packaging, classifier, version = _split(coordinates)
        fields = [("groupId", group), ("artifactId", artifact), ("version", version), ("type", packaging), ("classifier", classifier)]
        items.append(
            "<artifactItem>%s</artifactItem>" % "".join("<%s>%s</%s>" % (key, escape(value), key) for key, value in fields if value)
        )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>gti.lakehouse</groupId><artifactId>mirror</artifactId>"
        "<version>1</version><packaging>pom</packaging>"
        # What a plugin lacks is an error, and does not come from the registry of the artifacts.
        "<pluginRepositories><pluginRepository><id>central</id><url>file:/none</url>"
        "<releases><enabled>false</enabled></releases><snapshots><enabled>false</enabled></snapshots>"
        "</pluginRepository></pluginRepositories><build><plugins><plugin>"
        "<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>%s</version>"
        "<configuration><localRepositoryDirectory>%s</localRepositoryDirectory><outputDirectory>%s</outputDirectory>"
        "<artifactItems>\n%s\n</artifactItems></configuration>"
        "</plugin></plugins></build></project>\n" % (MAVEN_COPY_PLUGIN, escape(local), escape(destination), "\n".join(items))
    )


def go_link_flags(part):
    """Strips the binary and sets the variables that upstream's own release build sets."""
    flags = ["-s", "-w"]
    for variable, value in sorted(part.get("variables", {}).items()):
        # The linker knows the program's own package as main, whatever its module.
        package = variable if variable.startswith("main.") else "%s/%s" % (part["module"], variable)
        flags.append("-X %s=%s" % (package, value))
    return " ".join(flags)


def _split(coordinates):
    fields = coordinates.split(":")
    packaging = fields[2] if len(fields) > 3 else "jar"
    classifier = fields[3] if len(fields) > 4 else ""
    return fields[0], fields[1], packaging, classifier, fields[-1]


def _check_part(label, part):
    if not isinstance(part, dict) or part.get("kind") not in KINDS:
        kind = part.get("kind") if isinstance(part, dict) else part
        raise CatalogueError("%s: kind must be one of %s, not %r" % (label, ", ".join(sorted(KINDS)), kind))
    kind = part["kind"]
    label = "%s (%s)" % (label, kind)
    required = KINDS[kind]["required"]
    placing = PLACING_OF.get(kind, PLACING)
    if kind == "url" and not part.get("sha256"):
        raise CatalogueError(
            "%s: sha256 is not known to this collection. Download %s once, compare it with what its publisher states, "
            "and set sha256 to the output of sha256sum" % (label, part.get("url", "the file"))
        )
    _check_keys(label, part, required, required | KINDS[kind]["optional"] | placing)
    for key, value in part.items():
        if not isinstance(value, TYPES[key]):
            raise CatalogueError("%s: %s must be a %s, not %r" % (label, key, TYPES[key].__name__, value))
    for key in ("to", "rename", "package"):
        if key in part:
            _check_inside(label, key, part[key])
    for source, destination in part.get("paths", {}).items():
        _check_inside(label, "paths", source)
        _check_inside(label, "paths", destination)
    for folder, names in part.get("keep", {}).items():
        _check_inside(label, "keep", folder)
        if not isinstance(names, list) or not names:
            raise CatalogueError("%s: keep[%s] must be a list of names" % (label, folder))
    if "paths" in part and "to" in part:
        raise CatalogueError("%s: to and paths exclude one another" % label)
    if "rename" in part and (part.get("unpack") or len(part.get("files", {"one": ""})) != 1):
        raise CatalogueError("%s: rename needs exactly one file that is not unpacked" % label)
    if "sha256" in part:
        _check_text(label, "sha256", part["sha256"], SHA256, "64 hexadecimal digits")
    if kind in GO_KINDS:
        _check_text(label, "sum", part["sum"], GO_SUM, "the module's h1: checksum")
    for key in {"files", "node"} & set(part):
        if not part[key]:
            raise CatalogueError("%s: %s must not be empty" % (label, key))
        for item, checksum in part[key].items():
            if kind == "maven":
                _check_text(label, key, item, COORDINATES, "group:artifact[:type[:classifier]]:version")
            else:
                _check_text(label, key, item, REQUIREMENT, "name==version")
            _check_text(label, "%s[%s]" % (key, item), checksum, SHA256, "64 hexadecimal digits")
    for name, text in part.get("patches", {}).items():
        if not isinstance(text, str) or "\n+++ " not in "\n" + text:
            raise CatalogueError("%s: patches[%s] must be the text of a unified diff" % (label, name))
    if len(part.get("node", {"one": ""})) != 1:
        raise CatalogueError("%s: node must name one wheel" % label)


def _check_keys(label, given, required, allowed):
    missing = sorted(required - set(given))
    if missing:
        raise CatalogueError("%s: %s is missing" % (label, missing[0]))
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise CatalogueError("%s: unknown key %r; it may have %s" % (label, unknown[0], ", ".join(sorted(allowed))))


def _check_text(label, key, value, pattern, meaning):
    if not isinstance(value, str) or not pattern.match(value):
        raise CatalogueError("%s: %s must be %s, not %r" % (label, key, meaning, value))


def _check_inside(label, key, path):
    if not isinstance(path, str) or path.startswith("/") or ".." in path.split("/"):
        raise CatalogueError("%s: %s must stay inside the release, not %r" % (label, key, path))
