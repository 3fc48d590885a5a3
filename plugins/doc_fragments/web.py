# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of every module that speaks to an application's API
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the server, with its port.
    type: str
    required: true
  username:
    description:
      - An administrator of the application.
    type: str
    required: true
  password:
    description:
      - The administrator's password.
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

    # Options of every module that manages the application's users
    USER = r"""
options:
  name:
    description:
      - Name that the user signs in with.
    type: str
    required: true
  user_password:
    description:
      - Password of the user. A new user without one gets one that nobody knows.
    type: str
  update_password:
    description:
      - With V(always), the password is written whenever the user does not get in with it.
      - With V(on_create), only for a new user, so that people may change theirs.
    type: str
    choices: [always, on_create]
    default: always
  active:
    description:
      - Whether the user may sign in.
    type: bool
    default: true
"""

    # Options of a module that makes the administrator, on the server itself
    ADMIN = r"""
options:
  email:
    description:
      - Address of the administrator.
    type: str
    required: true
  account:
    description:
      - System account that the server runs as.
    type: str
    required: true
"""
