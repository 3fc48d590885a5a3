# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all Proxmox VE modules share: connection options, the client made of them, and the way to fail."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import client as pve_client


def auth_argument_spec() -> dict[str, Any]:
    """The connection options; see the doc fragment ``proxmox``."""
    def option(name: str, kind: str = "str", **more: Any) -> dict[str, Any]:
        return dict({"type": kind, "fallback": (env_fallback, ["PROXMOX_" + name])}, **more)

    return {
        "api_host": option("HOST", required=True),
        "api_port": option("PORT", "int", default=8006),
        "api_user": option("USER", required=True),
        "api_token_id": option("TOKEN_ID", no_log=False),
        "api_token_secret": option("TOKEN_SECRET", no_log=True),
        "api_password": option("PASSWORD", no_log=True),
        "ca_path": option("CA_PATH", "path"),
        "validate_certs": option("VALIDATE_CERTS", "bool", default=True),
        "api_proxy": option("PROXY"),
        "api_connect_timeout": {"type": "int", "default": 5},
        "api_read_timeout": {"type": "int", "default": 60},
    }


def create_module(argument_spec: dict[str, Any], **more: Any) -> AnsibleModule:
    """The module with the connection options added to its own, and their constraints to its own."""
    together = list(more.pop("required_together", [])) + [("api_token_id", "api_token_secret")]
    exclusive = list(more.pop("mutually_exclusive", [])) + [("api_password", "api_token_secret")]
    one_of = list(more.pop("required_one_of", [])) + [("api_password", "api_token_secret")]
    return AnsibleModule(
        argument_spec=dict(auth_argument_spec(), **argument_spec), required_together=together, mutually_exclusive=exclusive,
        required_one_of=one_of, supports_check_mode=True, **more)


def create_client(module: AnsibleModule) -> pve_client.Client:
    """A connected client; the module fails with a plain message when a library is missing."""
    if pve_client.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("proxmoxer and requests"), exception=pve_client.IMPORT_ERROR)
    params = module.params
    user, token_id = params["api_user"], params["api_token_id"] or ""
    if "!" in token_id:  # the full name USER@REALM!TOKENID, as Proxmox VE shows it
        user, token_id = token_id.split("!", 1)
    verify = (params["ca_path"] or True) if params["validate_certs"] else False
    return pve_client.Client(pve_client.Connection(
        host=params["api_host"], port=params["api_port"], user=user, token_id=token_id, token_secret=params["api_token_secret"] or "",
        password=params["api_password"] or "", verify=verify, proxy=params["api_proxy"] or "",
        connect_timeout=params["api_connect_timeout"], read_timeout=params["api_read_timeout"]))


def fail(module: AnsibleModule, error: Exception, **more: Any) -> None:
    """End the module with all that is known about the error."""
    details = error.as_result() if isinstance(error, pve_client.PveError) else {}
    module.fail_json(msg=str(error), **dict(details, **more))
