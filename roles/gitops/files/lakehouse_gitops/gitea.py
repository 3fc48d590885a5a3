# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of Gitea's API: what the branches and pull requests stand at, to show a result, and who approved of what is merged."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request

from .settings import Unfinished

# What Gitea shows of a status; the rest is in the record.
DESCRIPTION = 1000
TIMEOUT = 20
PAGE, PAGES = 50, 40


class Gitea:
    def __init__(self, url: str, user: str, password: str):
        self.url, self.user = url.rstrip("/"), user
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        # Neither a proxy nor a redirection: it goes to this host or nowhere.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight)

    def refs(self, repository: str) -> dict[str, str]:
        """Commit by name of reference: refs/heads/main, refs/pull/3/head."""
        answer = self._call("GET", f"/repos/{repository}/git/refs")
        return {ref["ref"]: ref["object"]["sha"] for ref in answer}

    def report(self, repository: str, commit: str, context: str, state: str, description: str) -> None:
        body = {"context": context, "state": state, "description": description[:DESCRIPTION]}
        self._call("POST", f"/repos/{repository}/statuses/{commit}", body)

    def merged_pull(self, repository: str, commit: str) -> dict | None:
        """The pull request whose merge a commit is, or None."""
        pull = self._call("GET", f"/repos/{repository}/commits/{commit}/pull", missing=True)
        return pull if pull and pull["merged"] and pull["merge_commit_sha"] == commit else None

    def pages(self, path: str) -> list[dict]:
        """All of a list, or as much of it as one may mean."""
        found: list[dict] = []
        for page in range(1, PAGES + 1):
            answer = self._call("GET", f"{path}?limit={PAGE}&page={page}") or []
            found += answer
            if len(answer) < PAGE:
                return found
        raise Unfinished(f"Gitea has more than {PAGES * PAGE} entries of {path}")

    def _call(self, method: str, path: str, body: dict | None = None, missing: bool = False):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": self.authorization, "Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url + "/api/v1" + path, data=data, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                if missing and error.code == 404:
                    return None
                raise Unfinished(f"Gitea answers {error.code} to {method} {path}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unfinished(f"Gitea does not answer to {method} {path}: {error}") from error


class Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *dummy, **dummies):
        return None
