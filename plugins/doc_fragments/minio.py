# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - URL of MinIO's S3 API, such as V(https://minio.example.org:9000).
      - Falls back to the environment variable E(MINIO_ENDPOINT).
    type: str
    required: true
  access_key:
    description:
      - Name of the account that does the work. It needs the rights of an administrator for what the module does.
      - Falls back to the environment variable E(MINIO_ACCESS_KEY).
    type: str
    required: true
  secret_key:
    description:
      - Secret of O(access_key).
      - Falls back to the environment variable E(MINIO_SECRET_KEY).
    type: str
    required: true
  region:
    description:
      - Region that the server was given. Requests signed for another one are refused.
      - Falls back to the environment variable E(MINIO_REGION).
    type: str
    default: us-east-1
  ca_path:
    description:
      - PEM file of the authorities to trust, on the host where the module runs.
        Without it those of the Python package certifi are trusted.
      - Falls back to the environment variable E(MINIO_CA_PATH).
    type: path
  validate_certs:
    description:
      - Whether the server's certificate must be trusted and carry the name in O(endpoint).
    type: bool
    default: true
  timeout:
    description:
      - Seconds to wait for the server's answer to one request.
    type: int
    default: 30
requirements:
  - minio >= 7.2.16 (Python package) where the module runs, usually the controller
notes:
  - The module talks to the API over the network, so it is at its best delegated to the controller with
    C(delegate_to=localhost).
  - The connection is set once for all modules with C(module_defaults) and the group C(gti.lakehouse.minio).
"""
