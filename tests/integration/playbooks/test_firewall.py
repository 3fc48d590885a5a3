# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of a host, as the kernel understands it: two network namespaces with a wire between them, the one fenced."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import jinja2
import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
VARS = yaml.safe_load((ROOT / "roles/common/vars/main.yml").read_text())
HERE, THERE = "198.18.0.1", "198.18.0.2"  # of a network for tests of networks
LISTED, UNLISTED = 7100, 8000
# Connects, waits for a line, asks for a page and shows the answer's first line.
CLIENT = """
import socket
client = socket.create_connection(("%s", %d), 10)
print("connected", flush=True)
input()
client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(client.makefile().readline().strip())
""" % (THERE, UNLISTED)
# Says for each protocol what a client gets that may not connect.
REFUSED = """
import socket
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(10)
        try:
            client.connect(("203.0.113.1", 9))
            client.send(b"x")
            print(client.recv(1))
        except OSError as error:
            print(type(error).__name__)
"""


def run(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout


def rules(**told):
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["bool"] = bool
    template = environment.from_string((ROOT / "roles/common/templates/nftables.conf.j2").read_text())
    return template.render({"ansible_managed": "", "common_firewall_rules": [], "common_firewall_outgoing_closed": True, "ansible_facts": {}, **VARS, **told})


OUTGOING = [{"port": "7100-7199", "protocols": ["tcp"], "to": [THERE], "what": "listed"},
            {"port": 53, "protocols": ["udp", "tcp"], "to": ["2001:db8::/32"], "what": "DNS"}]


@pytest.fixture(name="hosts")
def wired():
    """The commands that lead into each of the two namespaces; a web server listens in the second one."""
    names = ["gti-%d-%s" % (os.getpid(), side) for side in ("here", "there")]
    servers = []
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "gti0", "netns", names[0], "type", "veth", "peer", "name", "gti0", "netns", names[1])
        for name, address in zip(names, (HERE, THERE)):
            run("ip", "-n", name, "address", "add", address + "/24", "dev", "gti0")
            run("ip", "-n", name, "link", "set", "gti0", "up")
            run("ip", "-n", name, "route", "add", "default", "dev", "gti0")
        here, there = (["ip", "netns", "exec", name] for name in names)
        for port in (LISTED, UNLISTED):
            servers.append(subprocess.Popen([*there, sys.executable, "-m", "http.server", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            run(*there, "sh", "-c", "until ss --listening --tcp --numeric --no-header | grep --quiet ':%d '; do sleep 0.1; done" % port, timeout=60)
        yield here, there
    finally:
        for server in servers:
            server.kill()
            server.wait()
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False)


def load(host, **told):
    run(*host, "nft", "--file", "-", input=rules(**told))


def check(host, *ports):
    argv = [*host, sys.executable, str(ROOT / "playbooks/files/check_ports.py"), json.dumps(ports)]
    return subprocess.run(argv, check=False, capture_output=True, text=True)


def port(number, may, leaves, address=THERE):
    return {"address": address, "port": number, "open": may, "leaves": leaves, "what": "x"}


def kept(host):
    return "elements" in run(*host, "nft", "list", "set", "inet", "lakehouse", "refused")


def test_what_is_not_listed_is_refused_at_once_and_what_is_works(hosts):
    here, there = hosts
    load(here, common_firewall_outgoing_rules=OUTGOING)
    assert run(*here, sys.executable, "-c", REFUSED).split() == ["ConnectionRefusedError", "PermissionError"]
    assert kept(here)
    right = check(here, port(LISTED, True, True), port(UNLISTED, True, False), port(443, None, False, "203.0.113.1"))
    assert right.returncode == 0, right.stdout + right.stderr


def test_a_host_may_ask_the_resolvers_that_it_has(hosts):
    here, there = hosts
    load(here, common_firewall_outgoing_rules=[], ansible_facts={"dns": {"nameservers": [THERE, "2001:db8::53", "fe80::1%eth0", "127.0.0.53", "::1"]}})
    found = [line.strip() for line in run(*here, "nft", "list", "chain", "inet", "lakehouse", "output").splitlines() if "dport 53" in line]
    assert [line.split()[:3] for line in found] == [["ip", "daddr", THERE], ["ip6", "daddr", "2001:db8::53"], ["ip6", "daddr", "fe80::1"]]
    assert check(here, port(53, None, True), port(LISTED, None, False)).returncode == 0


def test_each_side_is_tried_for_itself_and_what_was_tried_is_forgotten(hosts):
    here, there = hosts
    load(here, common_firewall_outgoing_rules=OUTGOING)
    load(there, common_firewall_outgoing_closed=False, common_firewall_rules=[{"port": UNLISTED, "sources": [HERE], "except": [], "what": "x"}])
    assert check(here, port(LISTED, False, True), port(UNLISTED, True, False)).returncode == 0
    for wrong, words in ((port(LISTED, True, True), "should be reachable and is filtered"), (port(UNLISTED, False, False), "should be closed and is open"),
                         (port(LISTED, False, False), "should refuse it"), (port(UNLISTED, True, True), "should let it")):
        found = check(here, wrong)
        assert found.returncode == 1 and words in found.stdout, found.stdout + found.stderr
    assert not kept(here)


def test_a_host_that_is_left_open_is_asked_for_the_other_side_alone(hosts):
    here, there = hosts
    load(here, common_firewall_outgoing_closed=False)
    assert check(here, port(UNLISTED, True, None)).returncode == 0
    open_by_mistake = check(here, port(UNLISTED, True, False))
    assert open_by_mistake.returncode == 1 and "does not restrict outbound connections" in open_by_mistake.stderr


def test_a_connection_that_is_older_than_the_rules_lives_on(hosts):
    """Ansible's own is one, on a host that had none."""
    here, there = hosts
    with subprocess.Popen([*here, sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "connected\n"
        load(here, common_firewall_outgoing_rules=OUTGOING)
        assert client.communicate("\n", timeout=60)[0].endswith("200 OK\n")


def test_what_rules_count_and_remember_is_no_drift_and_another_rule_is(hosts, tmp_path):
    here, there = hosts
    (tmp_path / "rules").write_text(rules(common_firewall_outgoing_rules=OUTGOING))
    (tmp_path / "systemctl").write_text("#!/bin/sh\n")
    (tmp_path / "systemctl").chmod(0o755)

    def same():
        script = "mount --bind \"$0/rules\" /etc/nftables.conf && PATH=$0:$PATH && { %s }" % VARS["__common_firewall_compare"]
        return subprocess.run([*here, "unshare", "--mount", "sh", "-c", script, str(tmp_path)], check=False).returncode
    assert same() == 1
    load(here, common_firewall_outgoing_rules=OUTGOING)
    run(*here, sys.executable, "-c", REFUSED)
    assert kept(here) and same() == 0
    run(*here, "nft", "insert", "rule", "inet", "lakehouse", "output", "ip", "daddr", "203.0.113.1", "accept")
    assert same() == 1
