# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docs say what is so: generated pages are fresh, the editions are equal, links lead somewhere."""
from __future__ import annotations

import importlib.util
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
EDITIONS = {ROOT / "README.md": ROOT / "README.pt-BR.md"}
EDITIONS.update({page: ROOT / "docs/pt-BR" / page.name for page in (ROOT / "docs").glob("*.md") if page.name != "variables.md"})
PAGES = sorted([*EDITIONS, *EDITIONS.values(), ROOT / "docs/variables.md"])


def test_the_page_of_variables_is_fresh():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.PAGE.read_text(encoding="utf-8") == generate.page(), "run python docs/generate.py"


def outline(page):
    """What two editions must share: the levels of the headings, the code, the shapes of the tables."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, flags=re.S | re.M)
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.S | re.M)
    code = [re.sub(r"#.*", "", body).split() for language, body in blocks if language != "mermaid"]
    return {
        "headings": [len(mark) for mark in re.findall(r"^(#+) ", prose, flags=re.M)],
        "blocks": [language for language, dummy in blocks],
        "code": code,
        "rows": [row.count("|") for row in re.findall(r"^\|.*\|$", prose, flags=re.M)],
        "names": sorted(set(re.findall(r"`([^`\n]+)`", prose))),
    }


@pytest.mark.parametrize("page", sorted(EDITIONS), ids=lambda page: page.name)
def test_the_editions_are_equal(page):
    english, portuguese = outline(page), outline(EDITIONS[page])
    for part, value in english.items():
        assert portuguese[part] == value, part


def anchors(page):
    """The names that Git's web pages give to headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_operators_guide_names_each_secret_proof_and_playbook():
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    secrets = yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text(encoding="utf-8"))["lakehouse_secrets"]
    proofs = set(re.findall(r"\b[a-z]\w*_verify\b", (ROOT / "playbooks/verify.yml").read_text(encoding="utf-8")))
    # What is in site.yml's name and the parts that it is made of are one line.
    playbooks = {"playbooks/" + path.name for path in (ROOT / "playbooks").glob("*.yml")} - {"playbooks/site.yml", "playbooks/components.yml"}
    assert [name for name in sorted({*secrets, *proofs, *playbooks}) if "`%s`" % name not in guide] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), (target, anchor)
