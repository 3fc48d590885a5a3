# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Connection to the API, common to all Proxmox VE modules
    DOCUMENTATION = r"""
options:
  api_host:
    description:
      - Name or address of a node of the Proxmox VE cluster.
      - Falls back to E(PROXMOX_HOST).
    type: str
    required: true
  api_port:
    description:
      - Port of the API.
      - Falls back to E(PROXMOX_PORT).
    type: int
    default: 8006
  api_user:
    description:
      - User with its realm, like V(lakehouse@pve).
      - Falls back to E(PROXMOX_USER).
    type: str
    required: true
  api_token_id:
    description:
      - Name of an API token of O(api_user); the full form V(USER@REALM!NAME) is understood too.
      - Falls back to E(PROXMOX_TOKEN_ID).
    type: str
  api_token_secret:
    description:
      - Secret of the API token.
      - Falls back to E(PROXMOX_TOKEN_SECRET).
    type: str
  api_password:
    description:
      - Password of O(api_user), instead of a token. Needed for what Proxmox VE keeps for V(root@pam) itself.
      - Falls back to E(PROXMOX_PASSWORD).
    type: str
  ca_path:
    description:
      - File with the certificate of the CA that signed the server's certificate. The system's trust store is used without it.
      - Falls back to E(PROXMOX_CA_PATH).
    type: path
  validate_certs:
    description:
      - Whether the server must prove who it is. Give O(ca_path) rather than turning this off.
      - Falls back to E(PROXMOX_VALIDATE_CERTS).
    type: bool
    default: true
  api_proxy:
    description:
      - URL of a proxy to reach the API. Proxies and CA bundles of the environment are not used.
      - Falls back to E(PROXMOX_PROXY).
    type: str
  api_connect_timeout:
    description:
      - Seconds to wait for a connection.
    type: int
    default: 5
  api_read_timeout:
    description:
      - Seconds to wait for an answer; the server itself gives up on slow calls after 30 seconds.
    type: int
    default: 60
requirements:
  - proxmoxer >= 2.0
  - requests
"""
