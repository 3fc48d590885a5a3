# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling: tickets with CSRF tokens, API tokens, and the delays and texts of a refusal."""

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import unquote

from .errors import Unauthorized

LIFETIME = 2 * 60 * 60


class Tickets:
    """Makes and checks login tickets; signed, so they survive a restart of the server with the same key."""

    def __init__(self, key, access, clock=time.time):
        self.key = key
        self.access = access
        self.clock = clock

    def _sign(self, text):
        return base64.b64encode(hmac.new(self.key, text.encode(), hashlib.sha256).digest()).decode()

    def make(self, userid, age=0):
        """A ticket for the user; `age` in seconds makes an old one (fault: expired ticket)."""
        body = "PVE:%s:%08X" % (userid, int(self.clock()) - age)
        return "%s::%s" % (body, self._sign(body))

    def csrf(self, userid):
        stamp = "%08X" % int(self.clock())
        return "%s:%s" % (stamp, self._sign("csrf:%s:%s" % (stamp, userid)))

    def user_of(self, ticket):
        """The user of a good ticket, or None (auth-012 forged, auth-013 older than two hours)."""
        match = re.fullmatch(r"(PVE:([^:]+):([0-9A-F]{8}))::(.+)", ticket)
        if not match or not hmac.compare_digest(match[4], self._sign(match[1])):
            return None
        if not -300 < self.clock() - int(match[3], 16) < LIFETIME or not self.access.usable(match[2]):
            return None
        return match[2]

    def csrf_fits(self, userid, token):
        stamp, _colon, signature = (token or "").partition(":")
        return hmac.compare_digest(signature, self._sign("csrf:%s:%s" % (stamp, userid)))

    def identify(self, method, headers):
        """(authid, by_token) of a request; the cookie wins over the token header (auth-019)."""
        ticket = _cookie(headers.get("Cookie", ""))
        if ticket is not None:
            user = self.user_of(ticket)
            if not user:
                raise Unauthorized("Authentication failed!")
            if method != "GET" and not self.csrf_fits(user, headers.get("CSRFPreventionToken")):
                raise Unauthorized("Permission denied - invalid csrf token")
            return user, False
        header = headers.get("Authorization", "")
        if header.startswith("PVEAPIToken"):
            match = re.fullmatch(r"PVEAPIToken[= ]([^\s=:]+@[^\s=:!]+![^\s=:]+)[=:](.+)", header)
            if not match or not self.access.token_fits(match[1], match[2]):
                raise Unauthorized("Authentication failed!")
            return match[1], True
        return None, False


def _cookie(text):
    match = re.search(r"(?:^|[;\s])PVEAuthCookie=([^;]*)", text)
    if not match:
        return None

    return unquote(match[1])
