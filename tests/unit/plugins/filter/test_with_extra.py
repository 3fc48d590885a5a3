# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.filter.with_extra import extra_problems, with_extra

ROOT = pathlib.Path(__file__).parents[4]
POOLS = [{"name": "spark", "slots": 1}, {"name": "trino", "slots": 4}]
FLOWS = [{"to": "trino", "port": "8443", "from": ["admin", "superset"], "what": "Trino"}]


@pytest.mark.parametrize("default, extra, result", [
    (POOLS, [], POOLS),
    (POOLS, [{"name": "http", "slots": 2}], POOLS + [{"name": "http", "slots": 2}]),
    (POOLS, [{"name": "spark", "slots": 3}], [{"name": "spark", "slots": 3}, POOLS[1]]),
    (POOLS, [{"name": "spark", "slots": 3, "state": "present"}], [{"name": "spark", "slots": 3}, POOLS[1]]),
    (POOLS, [{"name": "spark", "state": "absent"}], [POOLS[1]]),
    (FLOWS, [{"to": "trino", "port": 8443, "from": [], "what": "closed"}], [{"to": "trino", "port": 8443, "from": [], "what": "closed"}]),
    ([{"organization": "a", "name": "x"}], [{"organization": "b", "name": "x"}], [{"organization": "a", "name": "x"}, {"organization": "b", "name": "x"}]),
    ({"sales": {"hashed": ["a"]}, "cpe": {}}, {"sales": {"hashed": ["b"]}, "cpe": {"state": "absent"}, "new": {}}, {"sales": {"hashed": ["b"]}, "new": {}}),
    ({"airflow": POOLS}, {"airflow": [{"name": "spark", "state": "absent"}]}, {"airflow": [POOLS[1]]}),
])
def test_what_a_site_adds_counts_by_name(default, extra, result):
    assert with_extra(default, extra) == result


def test_what_is_removed_elsewhere_is_kept_in_the_list():
    gone = {"name": "spark", "state": "absent"}
    assert with_extra(POOLS, [gone], keep_absent=True) == [gone, POOLS[1]]


def test_the_default_is_left_as_it_is():
    default = {"airflow": list(POOLS)}
    with_extra(default, {"airflow": [{"name": "http"}]})
    assert default == {"airflow": POOLS}


@pytest.mark.parametrize("default, extra", [(POOLS, {"spark": {}}), ({"sales": {}}, []), (POOLS, [{"slots": 1}]), (POOLS, ["spark"])])
def test_what_cannot_be_added_is_refused(default, extra):
    with pytest.raises(AnsibleFilterError):
        with_extra(default, extra)


def test_what_is_added_beside_takes_nothing_out_but_what_it_says():
    default = [{"to": "198.51.100.9", "port": 53, "from": ["lakehouse"]}, {"to": "198.51.100.9", "port": 80, "from": ["lakehouse"]}]
    more = [{"to": "198.51.100.9", "port": 53, "from": [group]} for group in ("trino", "gitea")]
    gone = [{"to": "198.51.100.9", "port": "80", "state": "absent"}]
    assert with_extra(default, more + gone, beside=True) == [default[0], *more]
    assert extra_problems({"lakehouse_outgoing": [default, [dict(one, what="x") for one in more] + gone]}, ["trino", "gitea"]) == []


@pytest.mark.parametrize("name, default, extra, words", [
    ("airflow_pools", POOLS, [{"slots": 1}], ["airflow_pools_extra, element 1, has no name"]),
    ("airflow_pools", POOLS, [{"name": "http"}, {"name": "http"}], ["airflow_pools_extra has http twice"]),
    ("airflow_pools", POOLS, [{"name": "http", "state": "gone"}], ["airflow_pools_extra, http: state is gone"]),
    ("airflow_pools", POOLS, [{"name": "sparc", "state": "absent"}], ["takes out sparc", "did you mean spark?"]),
    ("lakehouse_gitops", {"airflow": POOLS}, {"airflow": [{"name": "x"}, {"name": "x"}]}, ["lakehouse_gitops_extra, airflow has x twice"]),
    ("lakehouse_gitops", {"airflow": POOLS}, {"airfow": {"state": "absent"}}, ["takes out airfow", "did you mean airflow?"]),
    ("lakehouse_flows", FLOWS, [{"to": "trino", "port": 1, "form": ["admin"], "from": [], "what": "x"}], ["trino/1: it has form"]),
    ("lakehouse_flows", FLOWS, [{"to": "trino", "port": 1, "what": "x"}], ["trino/1: it has no from"]),
    ("lakehouse_flows", FLOWS, [{"to": "trino", "port": 1, "from": "admin", "what": "x"}], ["from is no list"]),
    ("lakehouse_flows", FLOWS, [{"to": "trino", "port": 1, "from": ["suprset"], "what": "x"}], ["no group suprset", "did you mean superset?"]),
    ("lakehouse_outgoing", [], [{"to": "mail.example", "port": 25, "from": ["gitea"], "what": "x"}], ["mail.example/25: mail.example is no address"]),
    ("lakehouse_outgoing", [], [{"to": "198.51.100.7/24", "port": 25, "from": ["gitea"], "what": "x"}], ["198.51.100.7/24 is no address"]),
    ("lakehouse_outgoing", [], [{"to": "198.51.100.7", "port": 25, "from": ["gitae"], "what": "x"}], ["no group gitae", "did you mean gitea?", "inventory."]),
    ("lakehouse_outgoing", [], [{"to": "198.51.100.7", "port": 25, "from": ["gitea"], "what": "x", "protocol": "udp"}], ["it has protocol", "protocols"]),
    ("lakehouse_outgoing", [], [{"to": "198.51.100.7", "port": 25, "from": ["gitea"], "what": "x", "protocols": ["icmp"]}], ["tcp, udp"]),
    ("lakehouse_outgoing", [], [{"to": "198.51.100.7", "port": 25, "from": ["gitea"]}], ["it has no what"]),
])
def test_what_is_wrong_with_an_addition_is_said(name, default, extra, words):
    (said,) = extra_problems({name: [default, extra]}, ["gitea"])
    for word in words:
        assert word in said


def test_what_is_right_is_left_alone():
    extras = {"airflow_pools": [POOLS, [{"name": "http", "slots": 1}, {"name": "spark", "state": "absent"}]],
              "kafka_kraft_topics": [POOLS, [{"name": "old", "state": "absent"}]],
              "lakehouse_personal_data": [{"sales": {}}, {"orders": {"hashed": ["id"]}, "sales": {"state": "absent"}}],
              "lakehouse_flows": [FLOWS, [{"to": "gitea", "port": "1-9", "from": ["admin", "superset", "gitea"], "what": "x"},
                                          {"to": "trino", "port": 8443, "state": "absent"}]],
              "lakehouse_outgoing": [[{"to": "198.51.100.9", "port": 53}], [{"to": "2001:db8::/32", "port": "1-9", "from": ["gitea"], "what": "x"},
                                                                            {"to": "198.51.100.9", "port": 53, "state": "absent"}]]}
    assert extra_problems(extras, ["gitea"], ["kafka_kraft_topics"]) == []


VARIABLES = {name: value for path in sorted((ROOT / "group_vars/all").glob("*.yml")) for name, value in yaml.safe_load(path.read_text()).items()}
# The lock of what is downloaded, and what airflow_connections_default, gitea_teams_default and lakehouse_outgoing_default are made of.
WITHOUT = {"mirror_catalogue", "lakehouse_airflow_connections", "lakehouse_gitea_teams", "lakehouse_outgoing_named"}


def test_every_list_of_named_things_can_be_added_to():
    lists = {name for name, value in VARIABLES.items() if isinstance(value, list) and any(isinstance(element, dict) for element in value)}
    assert {name for name in lists if not name.endswith("_default")} == WITHOUT


@pytest.mark.parametrize("default", sorted(name for name in VARIABLES if name.endswith("_default")))
def test_a_list_its_default_and_what_is_added_belong_together(default):
    name = default.removesuffix("_default")
    assert VARIABLES[name].startswith("{{ %s_default | gti.lakehouse.with_extra(%s_extra" % (name, name))
    assert VARIABLES[name + "_extra"] == ({} if isinstance(VARIABLES[default], dict) else [])
    if isinstance(VARIABLES[default], (list, dict)):
        assert with_extra(VARIABLES[default], VARIABLES[name + "_extra"]) == VARIABLES[default], "two elements are known by one name"
    for edition in ("docs", "docs/pt-BR"):
        assert "`%s_extra`" % name in (ROOT / edition / "operations.md").read_text(), edition
