# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.gti.lakehouse.plugins.filter.firewall_rules import (
    OUTSIDE, connection_places, firewall_rules, outgoing_endpoints, outgoing_rules, port_checks)

FLOWS = [
    {"to": "s3", "port": 9000, "from": ["admin", "sql"], "what": "S3"},
    {"to": "s3", "port": 9001, "from": ["admin"], "what": "console"},
    {"to": "sql", "port": "7100-7199", "from": ["sql"], "what": "workers"},
    {"to": "s3", "port": 9009, "from": ["absent"], "what": "a component that the site leaves out"},
    {"to": "s3", "port": 1, "from": [], "what": "nobody"},
]
GROUPS = {"s3": ["s3.x"], "sql": ["a.x", "b.x"]}
ADDRESSES = {"s3.x": "192.0.2.1", "a.x": "192.0.2.2", "b.x": "192.0.2.3"}
ADMIN = ["198.51.100.0/24"]


def test_rules_of_a_host_come_from_its_groups_flows():
    assert firewall_rules(FLOWS, ["s3"], GROUPS, ADDRESSES, ADMIN) == [
        {"port": 9000, "sources": ["192.0.2.2", "192.0.2.3"], "except": [], "what": "S3"},
        {"port": 9000, "sources": ["198.51.100.0/24"], "except": [], "what": "S3"},
        {"port": 9001, "sources": ["198.51.100.0/24"], "except": [], "what": "console"},
    ]


@pytest.mark.parametrize("networks, inside", [
    (["192.0.2.0/24"], ["192.0.2.1", "192.0.2.2"]),
    (["0.0.0.0/0"], ["192.0.2.1", "192.0.2.2"]),
    (["192.0.2.2/31", "198.51.100.0/24"], ["192.0.2.2"]),
    (["192.0.2.3/32"], []),
])
def test_hosts_of_the_site_are_no_administrators_but_for_the_controller(networks, inside):
    rules = firewall_rules(FLOWS, ["s3"], GROUPS, ADDRESSES, networks, ["b.x"])
    assert rules[-1] == {"port": 9001, "sources": sorted(networks), "except": inside, "what": "console"}


@pytest.mark.parametrize("network", ["192.0.2.7/24", "192.0.2.0/33", "office", ""])
def test_a_network_that_is_none_is_named(network):
    with pytest.raises(AnsibleFilterError, match="lakehouse_admin_networks"):
        firewall_rules(FLOWS, ["s3"], GROUPS, ADDRESSES, [network])


def test_a_host_without_address_is_named():
    with pytest.raises(AnsibleFilterError, match="b.x .*ansible_host"):
        firewall_rules(FLOWS, ["s3"], GROUPS, {"s3.x": "192.0.2.1", "a.x": "192.0.2.2"}, ADMIN)


def test_doors_say_who_may_come_in():
    found = {(port["address"], port["port"]): port["open"] for port in port_checks(FLOWS, "a.x", ["sql"], GROUPS, ADDRESSES)}
    assert found == {
        ("192.0.2.1", 9000): True,
        ("192.0.2.1", 9001): False,
        ("192.0.2.1", 9009): False,
        ("192.0.2.1", 1): False,
        ("192.0.2.3", 7100): True,
    }


PROXY = {"to": "198.51.100.9", "port": 3128, "from": ["sql"], "what": "proxy"}


def test_a_host_may_connect_to_what_its_groups_flows_name_and_what_is_listed():
    resolver = {"to": "2001:db8::1", "port": 53, "protocols": ["udp", "tcp"], "from": ["sql", "s3"], "what": "DNS"}
    other = {"to": "198.51.100.0/24", "port": 443, "from": ["s3"], "what": "not this host's"}
    assert outgoing_rules(FLOWS, ["sql"], GROUPS, ADDRESSES, [PROXY, resolver, other]) == [
        {"port": 9000, "protocols": ["tcp"], "to": ["192.0.2.1"], "what": "S3"},
        {"port": "7100-7199", "protocols": ["tcp"], "to": ["192.0.2.2", "192.0.2.3"], "what": "workers"},
        {"port": 3128, "protocols": ["tcp"], "to": ["198.51.100.9"], "what": "proxy"},
        {"port": 53, "protocols": ["udp", "tcp"], "to": ["2001:db8::1"], "what": "DNS"},
    ]


def test_administrators_and_absent_groups_let_no_host_out():
    assert outgoing_rules(FLOWS, ["s3", "lakehouse"], GROUPS, ADDRESSES, []) == []
    assert outgoing_rules([{"to": "absent", "port": 1, "from": ["sql"], "what": "x"}], ["sql"], GROUPS, ADDRESSES, []) == []


def test_a_host_without_address_is_named_by_who_connects_to_it():
    with pytest.raises(AnsibleFilterError, match="s3.x .*ansible_host"):
        outgoing_rules(FLOWS, ["sql"], GROUPS, {"a.x": "192.0.2.2", "b.x": "192.0.2.3"}, [])


def named(at, **more):
    return [{"at": at, "variable": "lakehouse_http_proxy", "from": ["sql"], "what": "proxy", **more}]


@pytest.mark.parametrize("at, more, ends", [
    ("http://198.51.100.9:3128", {}, [("198.51.100.9", 3128)]),
    ("http://user:word@198.51.100.9:3128/", {}, [("198.51.100.9", 3128)]),
    ("http://198.51.100.9", {}, [("198.51.100.9", 80)]),
    ("https://[2001:db8::1]", {}, [("2001:db8::1", 443)]),
    (["http://198.51.100.9:3128", "http://198.51.100.9:3128", ""], {}, [("198.51.100.9", 3128)]),
    ("http://198.51.100.9/bucket", {"port": 443}, [("198.51.100.9", 80)]),
    ("ssh://backup@198.51.100.9:/folder", {"port": 443}, [("198.51.100.9", 22)]),
    (["198.51.100.1", "2001:db8::1"], {"port": 53}, [("198.51.100.1", 53), ("2001:db8::1", 53)]),
    ("0.0.0.0/0", {"port": 80}, [("0.0.0.0/0", 80)]),
    ("a.x", {"port": 8125}, [("192.0.2.2", 8125)]),
    ("http://127.0.0.1:3128", {}, []),
    ("localhost", {"port": 8125}, []),
    ("::1", {"port": 8125}, []),
    ("", {}, []),
    ([], {}, []),
])
def test_what_is_named_elsewhere_is_let_out_by_its_address(at, more, ends):
    assert [(end["to"], end["port"]) for end in outgoing_endpoints(named(at, **more), ADDRESSES, [], GROUPS)] == ends


@pytest.mark.parametrize("more, listed", [
    ({}, [PROXY]),
    ({}, [dict(PROXY, port="3100-3200")]),
    ({"from": ["sql", "s3", "absent"]}, [PROXY, dict(PROXY, **{"from": ["s3"]})]),
    ({"from": ["sql"]}, [dict(PROXY, **{"from": ["all"]})]),
    ({"protocols": ["udp", "tcp"]}, [PROXY, dict(PROXY, protocols=["udp"])]),
    ({"from": ["absent"]}, []),
])
def test_a_name_is_what_the_site_lists_itself(more, listed):
    assert outgoing_endpoints(named("http://proxy.example:3128", **more), ADDRESSES, listed, {**GROUPS, "all": ["s3.x", "a.x", "b.x"]}) == []


@pytest.mark.parametrize("more, listed", [
    ({}, []),
    ({}, [dict(PROXY, port=3129)]),
    ({}, [dict(PROXY, port="3129-3200")]),
    ({}, [dict(PROXY, port="any")]),
    ({}, [dict(PROXY, state="absent")]),
    ({}, [dict(PROXY, **{"from": ["s3"]})]),
    ({"from": ["sql", "s3"]}, [PROXY]),
    ({"protocols": ["udp"]}, [PROXY]),
])
def test_a_name_that_the_site_does_not_list_whole_is_refused(more, listed):
    with pytest.raises(AnsibleFilterError, match="lakehouse_http_proxy names proxy.example.*port: 3128.*lakehouse_outgoing_extra"):
        outgoing_endpoints(named("http://proxy.example:3128", **more), ADDRESSES, listed, GROUPS)


def test_a_service_of_many_addresses_is_covered_by_any_port():
    assert outgoing_endpoints(named("azure", port="PORT"), ADDRESSES, [PROXY], GROUPS) == []
    with pytest.raises(AnsibleFilterError, match="names azure.*port: PORT"):
        outgoing_endpoints(named("azure", port="PORT"), ADDRESSES, [dict(PROXY, **{"from": ["s3"]})], GROUPS)


def test_an_address_without_a_port_is_what_the_site_lists_itself():
    for place in ("//a.x", "//localhost", "//127.0.0.1"):
        assert outgoing_endpoints(named(place, port="PORT"), ADDRESSES, [], GROUPS) == []
    assert outgoing_endpoints(named("//198.51.100.9", port="PORT"), ADDRESSES, [dict(PROXY, to="198.51.100.0/24")], GROUPS) == []
    for other in (dict(PROXY, to="198.51.100.8"), dict(PROXY, to="2001:db8::/32"), dict(PROXY, to="198.51.100.0/24", state="absent")):
        with pytest.raises(AnsibleFilterError, match="names 198.51.100.9, and no port: write it there, or add .to: 198.51.100.9, port: PORT, .*outgoing_extra"):
            outgoing_endpoints(named("//198.51.100.9", port="PORT"), ADDRESSES, [other], GROUPS)


@pytest.mark.parametrize("connection, places", [
    ({"host": "198.51.100.9", "port": 5432}, ["//198.51.100.9:5432"]),
    ({"host": "db.example.test"}, ["//db.example.test"]),
    ({"host": "https://api.example.test/v1", "port": 8443}, ["//api.example.test:8443"]),
    ({"host": "https://api.example.test/v1"}, ["//api.example.test:443"]),
    ({"host": "spark://ana@s.example.test:7077"}, ["//s.example.test:7077"]),
    ({"host": "2001:db8::1", "port": "22"}, ["//[2001:db8::1]:22"]),
    ({"host": "http://[2001:db8::1]"}, ["//[2001:db8::1]:80"]),
    ({"extra": {"endpoint_url": "https://s3.example.test"}}, ["//s3.example.test:443"]),
    ({"extra": {"bootstrap.servers": "198.51.100.9:9093, 198.51.100.8:9093"}}, ["//198.51.100.9:9093", "//198.51.100.8:9093"]),
    ({"host": "/srv/notes.sqlite"}, []),
    ({"host": None, "extra": None}, []),
    ({"host": "198.51.100.9", "port": 5432, "state": "absent"}, []),
])
def test_a_connection_leads_to_its_host_and_to_what_it_names_beside(connection, places):
    assert connection_places([{"name": "x", **connection}]) == places


def test_a_connection_with_a_port_that_is_none_is_named():
    with pytest.raises(AnsibleFilterError, match="airflow_connections_extra: billing leads to no host and port"):
        connection_places([{"name": "billing", "host": "db.example.test:port"}])


def test_one_address_of_two_users_is_let_out_for_both():
    ends = outgoing_endpoints(named("http://198.51.100.9:3128") + named("http://198.51.100.9:3128", **{"from": ["s3", "sql"]}), ADDRESSES, [], GROUPS)
    assert [end["from"] for end in ends] == [["sql", "s3"]]
    ends = outgoing_endpoints(named("198.51.100.9", port=9) + named("198.51.100.9", port=9, protocols=["udp"]), ADDRESSES, [], GROUPS)
    assert [end["protocols"] for end in ends] == [["tcp"], ["udp"]]


@pytest.mark.parametrize("at", ["proxy.example", "http://", "http://198.51.100.9:port"])
def test_what_names_no_host_and_port_is_refused_without_being_shown(at):
    with pytest.raises(AnsibleFilterError, match="lakehouse_http_proxy names no host and port: write it as http://HOST:PORT.$"):
        outgoing_endpoints(named(at), ADDRESSES, [], GROUPS)


def test_both_sides_of_each_port_are_told_apart():
    rules = outgoing_rules(FLOWS, ["sql"], GROUPS, ADDRESSES, [{"to": "192.0.2.0/24", "port": 9009, "from": ["sql"], "what": "x"}])
    found = {(port["address"], port["port"]): (port["open"], port["leaves"])
             for port in port_checks(FLOWS, "a.x", ["sql"], GROUPS, ADDRESSES, rules, ["s3.x"])}
    assert found == {
        ("192.0.2.1", 9000): (True, True),
        ("192.0.2.1", 9001): (None, False),
        ("192.0.2.1", 9009): (None, True),
        ("192.0.2.1", 1): (None, False),
        ("192.0.2.3", 7100): (True, True),
        OUTSIDE: (None, False),
    }


def test_without_closed_outgoing_connections_there_is_nothing_to_refuse():
    assert {port["leaves"] for port in port_checks(FLOWS, "a.x", ["sql"], GROUPS, ADDRESSES)} == {None}
