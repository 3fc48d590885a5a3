# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PUT config: changes wait in `pending`, then what can be applied is applied."""

from .. import changerights, normalise
from ..ctparams import CONFIG, MOUNT, NET, ROOTFS, kind_of
from ..errors import Die, ParameterError
from ..formats import split_list
from ..guests import check_protected, check_startable, check_unlocked
from ..pending import apply_pending
from ..router import may, route
from ..schema import string
from ..storage import mount_type, split_volid

REQUIRED = ("memory", "rootfs", "ostype")
READ_ONLY = ("unprivileged",)
ANY_CONFIG = may("/vms/{vmid}", "VM.Config.Disk", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network",
                 "VM.Config.Options", any_of=True)
CONTROL = {"delete": string("pve-configid-list"), "revert": string("pve-configid-list"), "digest": string(longest=40)}


@route("PUT", "/nodes/{node}/lxc/{vmid}/config", {**CONFIG, **CONTROL}, permission=ANY_CONFIG)
def change(call):
    node, vmid = call.node, call["vmid"]
    new = {name: text for name, text in call.params.items() if name in CONFIG}
    delete, revert = split_list(call.get("delete", "")), split_list(call.get("revert", ""))
    if not (new or "delete" in call.params or "revert" in call.params):
        raise Die("no options specified")                               # put-stopped-004
    with node.guests.locked(vmid):
        conf = node.guests.load(vmid)
        check_unlocked(conf)
        check_digest(call, conf)
        changerights.check(call, vmid, None, conf.current, {}, [*delete, *revert], conf.current.unprivileged)
        _check_names(new, delete, revert)
        changerights.check(call, vmid, None, conf.current, new, [], conf.current.unprivileged)
        for name in revert:
            conf.pending.pop(name, None)
            conf.delete.pop(name, None)
        for name in delete:
            _delete_later(vmid, conf, name)
        for name in sorted(new):
            _set_later(node, vmid, conf, name, new[name])
        _forget_equal(conf)
        running = node.backend.running(vmid)
        failed = apply_pending(node, vmid, conf, running, only={*new, *delete})
        if failed:      # nothing is written, but what a replaced card wrote on its way (put-running-038, put-stopped-133)
            raise ParameterError(failed)
        node.guests.save(vmid, conf)
        check_startable(conf)       # a 500 after the effect (put-stopped-103)
        _check_cards(node, conf)    # and so is this


def check_digest(call, conf):
    if call.get("digest") and call["digest"] != conf.digest:
        raise Die("detected modified configuration - file changed by other user? Try again.")


def _check_names(new, delete, revert):
    for option, names in (("delete", delete), ("revert", revert)):
        for name in names:
            if name in new:
                text = "you can't use '-%s' and -%s %s' at the same time" % (name, option, name)
                raise ParameterError({option: text})
            if name not in CONFIG:
                raise ParameterError({option: "unknown option '%s'" % name})
            if option == "delete" and name in revert:
                text = "you can't use '-delete %s' and '-revert %s' at the same time" % (name, name)
                raise ParameterError({option: text})


def _delete_later(vmid, conf, name):
    """Marks for deletion; a pending value stays beside the mark (put-running-023)."""
    if name in REQUIRED:
        raise Die("unable to delete required option '%s'" % name)
    if name in READ_ONLY:
        raise Die("unable to delete read-only option: '%s'" % name)
    if kind_of(name) in ("mp", "unused"):
        check_protected(vmid, conf, "can't remove CT %s drive '%s'" % (vmid, name))
    conf.delete[name] = False


def _set_later(node, vmid, conf, name, text):
    if name in READ_ONLY:
        raise Die("unable to modify read-only option: '%s'" % name)
    if kind_of(name) in ("mp", "rootfs"):
        check_protected(vmid, conf, "can't update CT %s drive '%s'" % (vmid, name))
        _check_content(node, name, text)
    if kind_of(name) == "net":
        _check_card(node, name, NET.parse(text), bool(NET.parse(text).get("mtu")))
    conf.pending[name] = normalise.value(name, text, node.options)
    conf.delete.pop(name, None)


def _check_content(node, name, text):
    """May the storage of a new or given volume hold containers? (put-stopped-130)"""
    volume = (ROOTFS if name == "rootfs" else MOUNT).parse(text)["volume"]
    if mount_type(volume) == "volume":
        storage, _name = split_volid(volume)
        if not node.storage.holds(storage, "rootdir"):
            raise Die("storage '%s' does not allow content type 'rootdir' (Container)" % storage)


def _check_card(node, name, net, mtu):
    """`mtu`: whether the bridge's is looked at, and with it whether there is such a bridge."""
    if mtu:
        most = node.backend.bridge_mtu(net.get("bridge"))
        if most is None:
            raise Die("bridge '%s' does not exist" % net.get("bridge"))
        if int(net.get("mtu", 0)) > most:
            raise Die("%s: MTU size '%s' is bigger than bridge MTU '%d'" % (name, net["mtu"], most))
    if net.get("link_down") != "1" and net.get("host-managed") == "1" and net.get("ip6") == "auto":
        raise Die("%s: SLAAC is not supported for host-managed network configuration." % name)


def _check_cards(node, conf):
    """The server renders LXC's own file after it has written its own, and fails there over a card."""
    for name in sorted(conf.current):
        if kind_of(name) == "net":
            _check_card(node, name, NET.parse(conf.current[name]), True)


def _forget_equal(conf):
    """Nothing is pending that is so already (put-running-025)."""
    for name in [name for name, text in conf.pending.items() if conf.current.get(name) == text]:
        del conf.pending[name]
    for name in [name for name in conf.delete if name not in conf.current]:
        del conf.delete[name]
