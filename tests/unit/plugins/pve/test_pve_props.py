# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE's text formats: what is printed is read back the same, whatever it is."""

from __future__ import annotations

import ipaddress
import string

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import props

WORD = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=12)
OPTIONS = st.lists(st.sampled_from(["discard", "lazytime", "noatime", "nodev", "noexec", "nosuid"]), min_size=1, unique=True).map(sorted)
MAC = st.lists(st.integers(0, 255), min_size=6, max_size=6).map(lambda octets: ":".join("%02X" % n for n in [octets[0] & 0xFE] + octets[1:]))
ADDRESS4 = st.ip_addresses(v=4).map(str)
ADDRESS6 = st.ip_addresses(v=6).map(str)
INTERFACE4 = st.tuples(ADDRESS4, st.integers(8, 32)).map(lambda pair: ipaddress.ip_interface("%s/%d" % pair).with_prefixlen)
INTERFACE6 = st.tuples(ADDRESS6, st.integers(8, 128)).map(lambda pair: ipaddress.ip_interface("%s/%d" % pair).with_prefixlen)
NUMBER = st.floats(0, 1e6, exclude_min=True, allow_nan=False).map(lambda value: float(repr(value)))
TRUE = st.just(True)
SIZE = st.integers(0, 2 ** 50)
VOLUME = st.one_of(
    st.tuples(WORD, WORD).map("%s:vm-1-%s".__mod__), WORD.map("/srv/%s".__mod__), st.tuples(WORD, WORD).map("%s:odd=%s".__mod__))
OTHER = st.dictionaries(st.sampled_from(["future", "idmap"]), WORD, min_size=1)


def record(required: dict, **optional) -> st.SearchStrategy:
    return st.fixed_dictionaries(required, optional=dict(optional, other=OTHER))


KINDS = {
    "network": (props.NETWORK, record(
        {"name": WORD, "bridge": WORD}, firewall=TRUE, gw=ADDRESS4, gw6=ADDRESS6, host_managed=TRUE, hwaddr=MAC,
        ip=st.one_of(INTERFACE4, st.sampled_from(["dhcp", "manual"])), ip6=st.one_of(INTERFACE6, st.sampled_from(["auto", "dhcp", "manual"])),
        link_down=TRUE, mtu=st.integers(64, 65535), rate=NUMBER, tag=st.integers(1, 4094),
        trunks=st.lists(st.integers(1, 4094), min_size=1, unique=True).map(sorted))),
    "rootfs": (props.ROOTFS, record(
        {"volume": VOLUME}, size=SIZE, acl=st.booleans(), options=OPTIONS, quota=TRUE, replicate=st.just(False), ro=TRUE, shared=TRUE)),
    "mount": (props.MOUNT, record(
        {"volume": VOLUME, "path": WORD.map("/data/%s".__mod__)}, size=SIZE, acl=st.booleans(), options=OPTIONS, quota=TRUE,
        replicate=st.just(False), ro=TRUE, shared=TRUE, backup=TRUE, keepattrs=TRUE)),
    "features": (props.FEATURES, record(
        {}, nesting=TRUE, keyctl=TRUE, fuse=TRUE, mknod=TRUE, force_rw_sys=TRUE,
        mount=st.lists(st.sampled_from(["nfs", "cifs", "ext4"]), min_size=1, unique=True).map(sorted))),
    "startup": (props.STARTUP, record({}, order=st.integers(0, 99), up=st.integers(0, 99), down=st.integers(0, 99))),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_property_strings_survive(kind, data):
    codec, values = KINDS[kind]
    drawn = data.draw(values)
    assert codec.parse(codec.show(drawn)) == drawn
    assert codec.normalise(drawn) == codec.parse(codec.show(codec.clean(drawn)))


@given(SIZE)
def test_sizes_survive(size):
    assert props.parse_size(props.show_size(size)) == size


@given(st.integers(0, 10 ** 7))
def test_sizes_in_gib_are_whole_mib(mib):
    size = props.size_from_gib(mib / 1024)
    assert size == mib * props.MIB
    assert props.size_from_gib(float(props.show_gib(size))) == size


@given(NUMBER)
def test_numbers_survive(value):
    assert float(props.show_number(value)) == value
    assert "e" not in props.show_number(value)


@given(st.lists(st.from_regex(r"[a-z0-9_][a-z0-9_+.-]*", fullmatch=True), unique=True))
def test_tags_survive(tags):
    assert props.parse_tags(";".join(tags)) == sorted(tags)


@pytest.mark.parametrize("text, size", [
    ("8G", 8 * props.GIB), ("1T", 1024 * props.GIB), ("512M", props.GIB // 2), ("0T", 0), ("3865470566", 3865470566), ("1.5G", 3 * props.GIB // 2)])
def test_reads_sizes_as_they_are_printed(text, size):
    assert props.parse_size(text) == size


@pytest.mark.parametrize("size, text", [(1024 * props.GIB, "1T"), (8 * props.GIB, "8G"), (props.GIB // 2, "512M"), (0, "0T"), (1025, "1025")])
def test_prints_the_largest_exact_unit(size, text):
    assert props.show_size(size) == text


@pytest.mark.parametrize("text", ["8Gi", "40 G", "-1G", "", "G"])
def test_refuses_what_is_no_size(text):
    with pytest.raises(props.PropertyError):
        props.parse_size(text)


def test_order_and_defaults_mean_nothing():
    """put-stopped-019, put-stopped-020: the server prints in an order of its own, and adds the type."""
    sent = props.NETWORK.parse("gw=192.0.2.1,ip=192.0.2.201/24,hwaddr=bc:24:11:aa:bb:cc,firewall=1,bridge=vmbr0,name=eth0,tag=10,mtu=1400,rate=5")
    read = props.NETWORK.parse(
        "name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=bc:24:11:aa:bb:cc,ip=192.0.2.201/24,mtu=1400,rate=5,tag=10,type=veth")
    assert sent == read
    assert props.FEATURES.parse("nesting=1,keyctl=0") == props.FEATURES.parse("nesting=on") == {"nesting": True}
    assert props.MOUNT.parse("backup=0,mp=/data,volume=local:201/x.raw") == {"volume": "local:201/x.raw", "path": "/data"}


def test_a_blank_is_nothing():
    """put-stopped-117: an empty text is stored as one blank."""
    assert props.FEATURES.parse(" ") == {}


def test_mac_addresses_are_unicast():
    assert props.parse_mac("bc:24:11:aa:bb:cc") == "BC:24:11:AA:BB:CC"
    for wrong in ("01:00:5E:00:00:01", "BC:24:11", "nonsense"):
        with pytest.raises(props.PropertyError):
            props.parse_mac(wrong)


@pytest.mark.parametrize("option, value", [
    ("ip", "192.0.2.9"), ("ip", "nonsense"), ("ip", "2001:db8::1/64"), ("ip6", "192.0.2.9/24"), ("gw", "2001:db8::1"), ("gw", "router"),
    ("gw6", "192.0.2.1"), ("hwaddr", "x"), ("name", "a,b")])
def test_refuses_illegal_values(option, value):
    with pytest.raises(ValueError):
        props.NETWORK.normalise({"name": "eth0", "bridge": "vmbr0", option: value})


def test_keeps_an_illegal_value_of_the_server_as_it_is():
    assert props.NETWORK.parse("name=eth0,ip=odd")["ip"] == "odd"


@pytest.mark.parametrize("text", ["name=eth0,name=eth1", "name=", "eth0"])
def test_refuses_what_is_no_property_string(text):
    with pytest.raises(props.PropertyError):
        props.split_property_string(text)


def test_a_bare_part_belongs_to_the_default_key():
    assert props.split_property_string("local:vm-1-disk-0,size=8G", "volume") == {"volume": "local:vm-1-disk-0", "size": "8G"}
    assert props.STARTUP.parse("7") == {"order": 7}
    assert props.STARTUP.parse("down=5,order=1") == {"order": 1, "down": 5}


def test_lists_take_any_separator():
    assert props.split_list("192.0.2.31;  192.0.2.30 2001:db8::1,x") == ["192.0.2.31", "192.0.2.30", "2001:db8::1", "x"]
    assert props.parse_tags("Zeta,alpha;alpha Beta") == ["alpha", "beta", "zeta"]
