# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:

    DOCUMENTATION = r"""
options:
  bootstrap_servers:
    description:
      - Addresses of brokers, each as C(host:port), of a listener that speaks TLS and takes SCRAM-SHA-512.
      - The brokers name further addresses, their advertised ones, which must be reached too.
    type: list
    elements: str
    required: true
  login_user:
    description:
      - Name of the user that does the work. It needs the rights of an administrator for what the module does.
      - Falls back to the environment variable E(KAFKA_LOGIN_USER).
    type: str
    required: true
  login_password:
    description:
      - Password of O(login_user).
      - Falls back to the environment variable E(KAFKA_LOGIN_PASSWORD).
    type: str
    required: true
  ca_path:
    description:
      - PEM file of the authorities to trust, on the host where the module runs. Without it the system's are trusted.
      - Falls back to the environment variable E(KAFKA_CA_PATH).
    type: path
  timeout:
    description:
      - Seconds to wait for the cluster's answer to one request.
    type: int
    default: 30
requirements:
  - confluent-kafka >= 2.4 (Python package) where the module runs, usually the controller
notes:
  - The module talks to the cluster over the network, so it is at its best delegated to the controller with
    C(delegate_to=localhost).
  - The connection is set once for all modules with C(module_defaults) and the group C(gti.lakehouse.kafka).
"""
