# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a call can fail, with the texts that Proxmox VE uses for them."""


class ApiError(Exception):
    """A refused call: HTTP status, full message (its first line is the reason phrase), errors by parameter."""

    def __init__(self, status, message, errors=None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors

    @property
    def reason(self):
        return self.message.split("\n", 1)[0]


class Die(ApiError):
    """A run-time failure: status 500 with a text (also what ends a task)."""

    def __init__(self, text):
        super().__init__(500, text + "\n")


class ParameterError(ApiError):
    """Wrong parameters, all of them at once."""

    def __init__(self, errors):
        super().__init__(400, "Parameter verification failed.\n", errors)


class Forbidden(ApiError):
    """A missing right; the text names path and privilege."""

    def __init__(self, what=None):
        super().__init__(403, "Permission check failed (%s)\n" % what if what else "Permission check failed\n")


class Unauthorized(ApiError):
    """Wrong credentials: empty body, the text is in the reason phrase only, three seconds late."""

    def __init__(self, text, body=False):
        super().__init__(401, text + "\n")
        self.body = body


class NotImplementedHere(ApiError):
    """Unknown route or method. (There is no 404 in this API.)"""

    def __init__(self, method, path):
        super().__init__(501, "Method '%s %s' not implemented" % (method, path))
