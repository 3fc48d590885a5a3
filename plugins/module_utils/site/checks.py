# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's inventory and a command line may say: the collection's own files are the list of what there is."""

from __future__ import annotations

import datetime
import difflib
import glob
import ipaddress
import os
import re

# Where the names of variables stand: what a site may set, and what playbooks read from the command line.
INTERFACE = ("group_vars/all/*.yml", "playbooks/group_vars/all/*.yml", "playbooks/*.yml", "playbooks/tasks/*.yml", "playbooks/templates/*",
             "roles/*/defaults/main.yml", "roles/*/meta/argument_specs.yml")
DEFAULTS = "group_vars/all/*.yml"
TASKS = ("playbooks/*.yml", "playbooks/tasks/*.yml", "roles/*/tasks/*.yml")
MORE_PREFIXES = ("lakehouse", "proxmox")
ANSIBLES_TAGS = {"all", "always", "never", "tagged", "untagged"}
STAGES = ("validate", "install", "configure", "service", "verify")
# What Molecule gives to --skip-tags of whatever it runs.
MOLECULES_TAGS = {"molecule-notest", "notest", "molecule-idempotence-notest"}
TAGS = re.compile(r"\btags: \[([^\]{}]*)\]")
PROOFS = re.compile(r"^    proofs:\n((?: {6}.*\n)+)", re.MULTILINE)
KEYS = re.compile(r"^ *(\w+):", re.MULTILINE)


def _texts(root, patterns):
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            with open(path, encoding="utf-8") as stream:
                yield stream.read()


def prefixes(root):
    """Of the variables that are this collection's: its roles' names, and two more."""
    roles = [os.path.basename(path) for path in glob.glob(os.path.join(root, "roles", "*")) if os.path.isdir(path)]
    return tuple(sorted(name + "_" for name in roles + list(MORE_PREFIXES)))


def known_variables(root):
    word = re.compile(r"\b(?:%s)[a-z0-9_]+\b" % "|".join(prefixes(root)))
    return {name for text in _texts(root, INTERFACE) for name in word.findall(text)}


def known_tags(root, components):
    """Of playbooks and stages, the site's own components among them, and the proofs of playbooks/verify.yml."""
    names = {tag.strip() for text in _texts(root, TASKS) for tags in TAGS.findall(text) for tag in tags.split(",")}
    proofs = {name + "_verify" for text in _texts(root, ("playbooks/verify.yml",)) for block in PROOFS.findall(text) for name in KEYS.findall(block)}
    stages = {"%s_%s" % (name, stage) for name in components for stage in STAGES}
    return names | proofs | set(components) | stages | ANSIBLES_TAGS | MOLECULES_TAGS


def _nearest(name, known):
    near = difflib.get_close_matches(name, sorted(known), 1)
    return " (did you mean %s?)" % near[0] if near else ""


def tag_problems(given, known):
    """Tags that nothing has."""
    return ["There is no tag %s%s." % (tag, _nearest(tag, known)) for tag in sorted(set(given) - set(known))]


def variable_problems(given, known, beginnings, own):
    """Variables with the collection's prefixes that nothing reads, but for those that the site calls its own."""
    unknown = sorted(name for name in set(given) - set(known) - set(own) if name.startswith(tuple(beginnings)))
    return ["There is no variable %s%s." % (name, _nearest(name, known)) for name in unknown]


def literal_defaults(root, load):
    """{variable: value} of the site's defaults that are no formulas; null where one is: nothing else is known of it. That of NAME_default
    is NAME's.

    :param load: reads a text of YAML.
    """
    found = {}
    for text in _texts(root, (DEFAULTS, "playbooks/" + DEFAULTS)):
        found.update((name, None if isinstance(value, str) and "{{" in value else value) for name, value in (load(text) or {}).items())
    return {**found, **{name.removesuffix("_default"): value for name, value in found.items() if name.endswith("_default")}}


def unread_additions(given):
    """Additions to a list that the site has whole as well, so that nothing reads them.

    :param given: {variable: value} as the inventory has them, formulas as their text.
    """
    names = [name for name in sorted(given) if name.endswith("_extra") and given[name] and name.removesuffix("_extra") + "_default" in given]
    return ["%s is set, and so nothing reads %s: write the additions into %s, or take it out of the inventory."
            % (name.removesuffix("_extra"), name, name.removesuffix("_extra"))
            for name in names if name not in str(given.get(name.removesuffix("_extra")))]


def form_problems(given, defaults):
    """What YAML made something else of than was meant: a name that is a number, a list that is empty and so is null.

    :param given: {variable: value} as the inventory has them, formulas as their text.
    """
    problems = []
    for name, value in sorted(given.items()):
        default = defaults.get(name)
        if name not in defaults or (isinstance(value, str) and "{{" in value):
            continue
        if value is None:
            # Ansible's reader of YAML gives types of its own, which are kinds of these.
            empty = next((text for kind, text in ((list, "[]"), (dict, "{}"), (str, '""')) if isinstance(default, kind)), "one")
            problems.append("%s has no value: write %s. To take the default, remove the line." % (name, empty))
        elif isinstance(default, str) and isinstance(value, (bool, int, float, datetime.date)):
            problems.append('%s is %s, which YAML does not take for a text: write it in quotes, as in "2026".' % (name, value))
        elif isinstance(default, (list, dict)) and isinstance(value, (str, bool, int, float, list, dict)) and not isinstance(value, type(default)):
            problems.append("%s is no %s. Write it as in group_vars/all." % (name, "list" if isinstance(default, list) else "table of names and values"))
    return problems


def missing_checksums(catalogue, releases):
    """Addresses of the archives that the site has to vouch for and does not yet."""
    return [part["url"] for entry in catalogue if "%s-%s" % (entry["name"], entry["version"]) in releases
            for part in entry["parts"] if part["kind"] == "url" and not part["sha256"]]


# The largest network of private addresses (RFC 1918) has a prefix of this length: no site's people have a larger one.
LARGEST_PREFIX = 8


def network_problems(networks, addresses, prefix, wide):
    """Of administrators' networks: what is none, and what is wider than a site can mean, alone or together with its neighbours.

    :param addresses: of the site's containers.
    :param prefix: length of the prefix of their networks.
    :param wide: whether the site owns networks that hold the whole network of a container, or of any size.
    """
    if not isinstance(networks, (list, tuple)):
        return ["lakehouse_admin_networks is no list: write [%s]." % networks]
    problems, spans = [], []
    for network in networks:
        try:
            spans.append(ipaddress.IPv4Network(network))
        except ValueError as error:
            problems.append("lakehouse_admin_networks has %s: %s. Write an IPv4 network as in 192.0.2.0/24, or one address as in 192.0.2.7/32."
                            % (network, error))
    if wide:
        return problems
    remedy = "Name the networks of the people who run the site, or set lakehouse_admin_networks_wide: true."
    sites = sorted({ipaddress.ip_network("%s/%s" % (address, prefix), strict=False) for address in addresses})
    # Two halves are a whole.
    for span in ipaddress.collapse_addresses(spans):
        held = ["%s" % site for site in sites if site.subnet_of(span)]
        given = ", ".join("%s" % each for each in spans if each.subnet_of(span))
        if held:
            problems.append("lakehouse_admin_networks has %s, which holds the containers' whole network %s: whatever else is in it could sign in and "
                            "open each page. %s" % (given, ", ".join(held), remedy))
        elif span.prefixlen < LARGEST_PREFIX:
            problems.append("lakehouse_admin_networks has %s, which is wider than any network of private addresses. %s" % (given, remedy))
    return problems
