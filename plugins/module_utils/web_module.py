# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that speak to an application's API share: their options, their end, and how they tell of a change."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule


class Refused(Exception):
    """What is asked for cannot be done; the message says why."""


def argument_spec(timeout):
    """The options that all modules of a group share; see its doc fragment."""
    return {
        "url": {"type": "str", "required": True},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": timeout},
    }


def run_module(connect, work, timeout, spec):
    """Make the module, do C(work(module, connect(params))) and leave with its result, or with one exact sentence."""
    module = AnsibleModule(argument_spec=dict(argument_spec(timeout), **spec), supports_check_mode=True)
    try:
        result = work(module, connect(module.params))
    except Refused as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def address(url, example):
    """The address without a slash at its end.

    :raises Refused: it is none.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Refused("url %r is not like %s" % (url, example))
    return url.rstrip("/")


def changed(name, before, after):
    """What a module returns: a change is what the views show, None is a thing that is not there."""
    if before == after:
        return {"changed": False}
    diff = {
        "before_header": name,
        "after_header": name,
        "before": {"state": "absent"} if before is None else before,
        "after": after,
    }
    return {"changed": True, "diff": diff}
