# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of every module that speaks to Superset
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the server, such as V(https://superset.example.org:8088).
    type: str
    required: true
  username:
    description:
      - A user who may do what is asked for.
    type: str
    required: true
  password:
    description:
      - Their password.
    type: str
    required: true
  ca_path:
    description:
      - PEM file of the authority that signed the server's certificate. The system's own authorities when left out.
    type: path
  timeout:
    description:
      - Seconds after which a call counts as unanswered.
    type: int
    default: 60
"""
