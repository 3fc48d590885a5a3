# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose approval and whose status counts, of what Gitea answers; tests/integration/gitea has the rest with Gitea itself."""

from __future__ import annotations

import pytest
from lakehouse_gitops import approvals
from lakehouse_gitops.record import Memory

HEAD, OTHER, MERGE = "1" * 40, "2" * 40, "3" * 40


def review(number, name, state="APPROVED", **different):
    return {"id": number, "user": {"login": name}, "state": state, "official": True, "dismissed": False, "commit_id": HEAD, **different}


@pytest.mark.parametrize(
    "reviews, counted",
    [
        ([review(1, "bia")], ["bia"]),
        ([review(1, "bia"), review(2, "bia"), review(3, "leo")], ["bia", "leo"]),
        ([review(1, "bia", "REQUEST_CHANGES"), review(2, "bia")], ["bia"]),
        ([review(2, "bia", "REQUEST_CHANGES"), review(1, "bia")], []),
        ([review(1, "bia"), review(2, "bia", "COMMENT")], ["bia"]),
        ([review(1, "ana")], []),  # pushed last
        ([review(1, "bia", official=False)], []),
        ([review(1, "bia", dismissed=True)], []),
        ([review(1, "bia", commit_id=OTHER)], []),
        ([review(1, "bia", user=None)], []),
        ([review(1, "bia", "PENDING")], []),
        ([], []),
    ],
)
def test_who_approved(reviews, counted):
    assert approvals.approved_by(reviews, HEAD, {"ana"}) == counted


def status(number, state, user="gitops", context="lakehouse/check"):
    return {"id": number, "status": state, "context": context, "creator": user and {"login": user}}


@pytest.mark.parametrize(
    "statuses, green",
    [
        ([status(1, "pending"), status(2, "success")], True),
        ([status(2, "success"), status(1, "pending")], True),
        ([status(1, "failure"), status(2, "success", "ana")], False),
        ([status(1, "success"), status(2, "failure", "ana")], True),
        ([status(1, "success"), status(2, "failure")], False),
        ([status(1, "success", context="lakehouse/deploy")], False),
        ([status(1, "success", None)], False),
        ([], False),
    ],
)
def test_whose_status_counts(statuses, green):
    assert approvals.is_green(statuses, "lakehouse/check", "gitops") is green


class Gitea:
    user = "gitops"

    def __init__(self, pushers, reviewers, pull=True):
        self.pull = {"number": 7, "head": {"sha": HEAD}, "user": {"login": "ana"}} if pull else None
        self.lists = {
            "/repos/gti/jobs/issues/7/timeline": [
                *({"id": number, "type": "pull_push", "user": {"login": name}} for number, name in enumerate(pushers)),
                {"id": 99, "type": "comment", "user": {"login": "leo"}},
            ],
            "/repos/gti/jobs/pulls/7/reviews": [review(number, name) for number, name in enumerate(reviewers)],
            f"/repos/gti/jobs/commits/{HEAD}/statuses": [status(1, "success")],
        }

    def merged_pull(self, repository, commit):
        return self.pull

    def pages(self, path):
        return self.lists[path]


@pytest.mark.parametrize(
    "pushers, reviewers, wanted, says",
    [
        ([], ["bia"], 1, ""),
        (["ana"], ["bia"], 1, ""),
        (["bia", "ana"], ["bia"], 1, ""),
        (["ana", "bia"], ["bia"], 1, "#7 (333333333333) was merged with 0 of 1 approvals by reviewers who are neither its author nor pushed it last"),
        (["ana", "bia"], ["bia", "leo"], 1, ""),
        (["ana", "bia"], ["ana"], 1, "with 0 of 1 approvals"),
        ([], ["bia"], 2, "with 1 of 2 approvals by reviewers who are neither its author nor pushed it last: bia"),
    ],
)
def test_four_eyes_are_of_two_people(pushers, reviewers, wanted, says):
    found = approvals.problem(Gitea(pushers, reviewers), "gti/jobs", MERGE, wanted, "lakehouse/check")
    assert says in found if says else found == ""


def test_a_commit_of_no_pull_request_is_named():
    assert approvals.problem(Gitea([], [], pull=False), "gti/jobs", MERGE, 1, "lakehouse/check") == "333333333333 is no merge of a pull request"


def test_what_was_let_through_stays_so_when_a_repository_is_judged_anew(tmp_path):
    memory = Memory(tmp_path / "m")
    memory.judge("jobs", MERGE, "refused", None)
    memory.accept("jobs", MERGE)
    assert memory.judged("jobs") == {}
    memory.forget("jobs")
    assert Memory(tmp_path / "m").accepted("jobs") == [MERGE]
