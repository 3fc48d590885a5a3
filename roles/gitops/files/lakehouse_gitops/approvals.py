# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four eyes, asked again before a deployment. Gitea lets nobody but reviewers approve; it cannot keep out who pushed last, and takes a status
from whoever may write. So an approval counts here when it is a reviewer's, of what was merged, and of neither its author nor who pushed it
last; and the check counts when this flow's own account said that it is green."""

from __future__ import annotations

from .gitea import Gitea


def problem(gitea: Gitea, repository: str, commit: str, wanted: int, check: str) -> str:
    """Why a commit of main may not be deployed, or nothing."""
    pull = gitea.merged_pull(repository, commit)
    if not pull:
        return f"{commit[:12]} is no merge of a pull request"
    number, head = pull["number"], pull["head"]["sha"]
    path = f"/repos/{repository}"
    events = gitea.pages(f"{path}/issues/{number}/timeline")
    pushers = [event["user"]["login"] for event in sorted(events, key=lambda event: event["id"]) if event["type"] == "pull_push"]
    approvers = approved_by(gitea.pages(f"{path}/pulls/{number}/reviews"), head, {pull["user"]["login"], *pushers[-1:]})
    if len(approvers) < wanted:
        words = f"#{number} ({commit[:12]}) was merged with {len(approvers)} of {wanted} approvals by reviewers who are neither its author nor pushed it last"
        return f"{words}: {', '.join(approvers)}" if approvers else words
    if not is_green(gitea.pages(f"{path}/commits/{head}/statuses"), check, gitea.user):
        return f"#{number} ({commit[:12]}) was merged though {gitea.user} had not found it well: its {check} is somebody else's"
    return ""


def approved_by(reviews: list[dict], head: str, outsiders: set[str]) -> list[str]:
    """Who approved of a commit, and was one whose approval counts. The last word of each counts."""
    last = {}
    for review in sorted(reviews, key=lambda review: review["id"]):
        if review.get("user") and review["state"] in ("APPROVED", "REQUEST_CHANGES"):
            last[review["user"]["login"]] = review
    return sorted(
        name
        for name, review in last.items()
        if review["state"] == "APPROVED" and review["official"] and not review["dismissed"] and review["commit_id"] == head and name not in outsiders
    )


def is_green(statuses: list[dict], context: str, user: str) -> bool:
    """Whether the last that the user said of a commit is that it is well."""
    said = [status for status in statuses if status["context"] == context and (status.get("creator") or {}).get("login") == user]
    return bool(said) and max(said, key=lambda status: status["id"])["status"] == "success"
