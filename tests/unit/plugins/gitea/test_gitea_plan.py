# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import secrets
from types import SimpleNamespace

import pytest
from ansible_collections.gti.lakehouse.plugins.module_utils.gitea import plan as plans
from ansible_collections.gti.lakehouse.plugins.modules import gitea_team

RULE = {"branch": "main", "approvals": 1, "status_checks": ["b", "a"], "settings": {}}


class TestDrift:
    @pytest.mark.parametrize("current", [{"a": 1, "b": 2}, {"a": 1, "more": "of a person"}])
    def test_only_what_is_asked_for_is_compared(self, current):
        assert plans.drift(current, {"a": 1}) == {}

    def test_what_is_otherwise_is_wanted(self):
        assert plans.drift({"a": 1, "b": True}, {"a": 2, "b": True}) == {"a": 2}

    def test_lists_have_no_order(self):
        assert plans.drift({"a": ["x", "y"]}, {"a": ["y", "x"]}) == {}

    @pytest.mark.parametrize("nothing, like", [(None, []), (None, ""), (None, 0), (None, False)])
    def test_nothing_is_an_empty_value(self, nothing, like):
        assert plans.drift({"a": nothing}, {"a": like}) == {} == plans.drift({}, {"a": like})


class TestProtection:
    def test_nobody_pushes_and_nobody_goes_around(self):
        rule = plans.protection(RULE)
        assert not rule["enable_push"] and not rule["enable_force_push"] and rule["block_admin_merge_override"]
        assert rule["required_approvals"] == 1 and rule["status_check_contexts"] == ["a", "b"] and rule["enable_status_check"]

    def test_without_checks_none_is_waited_for(self):
        assert plans.protection(dict(RULE, status_checks=[]))["enable_status_check"] is False

    def test_settings_have_the_last_word(self):
        assert plans.protection(dict(RULE, settings={"dismiss_stale_approvals": False}))["dismiss_stale_approvals"] is False


class TestWebhook:
    def hook(self, secret):
        return plans.webhook({"url": "https://example.org/x", "secret": secret, "events": ["push", "create"], "branch_filter": "*", "active": True})

    def test_another_secret_is_another_address(self):
        one, other = secrets.token_hex(20), secrets.token_hex(20)
        assert self.hook(one) == self.hook(one) != self.hook(other)
        assert plans.address(self.hook(one)["url"]) == plans.address(self.hook(other)["url"]) == "https://example.org/x"
        assert one not in self.hook(one)["url"]

    def test_an_event_is_known_by_the_name_that_gitea_gives_back(self):
        hook = plans.webhook({"url": "https://example.org", "secret": "", "events": ["push", "pull_request_only"], "branch_filter": "*", "active": True})
        assert hook["events"] == ["pull_request", "push"]

    def test_an_answer_has_the_same_shape(self):
        wanted = self.hook(secrets.token_hex(20))
        answer = {
            "id": 1,
            "config": {"url": wanted["url"], "content_type": "json"},
            "events": ["create", "push"],
            "branch_filter": "*",
            "active": True,
        }
        assert plans.webhook_of(answer) == wanted


def test_a_key_is_the_same_whatever_its_comment():
    held = [{"title": plans.title("ssh-ed25519 AAAA maria"), "key": "ssh-ed25519 AAAA"}]
    assert plans.user_keys(held, ["ssh-ed25519 AAAA other"]) == ([], [])
    assert plans.user_keys(held, ["ssh-ed25519 BBBB maria"]) == (["ssh-ed25519 BBBB maria"], held)


def test_a_persons_own_key_stays_until_it_is_given_too():
    theirs = {"title": "laptop", "key": "ssh-ed25519 AAAA"}
    assert plans.user_keys([theirs], []) == ([], [])
    assert plans.user_keys([theirs], ["ssh-ed25519 AAAA maria"]) == (["ssh-ed25519 AAAA maria"], [theirs])
    assert plans.title("ssh-ed25519 AAAA maria") != plans.title("ssh-ed25519 BBBB maria")


def test_who_is_kept_temporary_has_another_source_or_is_locked_out_is_not_forgotten():
    users = [{"login": name, "source_id": source, "prohibit_login": locked}
             for name, source, locked in (("Maria", 0, False), ("ana", 0, False), ("ldap", 1, False), ("gone", 0, True), ("Verify-1", 0, False))]
    assert plans.forgotten(users, ["maria"], ["verify-"]) == ["ana"]
    assert plans.forgotten(users, ["maria"]) == ["Verify-1", "ana"]


class TestTeam:
    params = {"permission": "read", "units": None, "description": "", "all_repositories": False}
    answer = {"units_map": {unit: "read" for unit in plans.UNITS}, "description": "", "includes_all_repositories": False, "can_create_org_repo": False}

    def test_units_that_are_not_managed_are_not_compared(self):
        self.answer["units_map"]["repo.packages"] = "write"
        assert plans.drift(plans.team_of(self.answer), plans.team(self.params)) == {}

    def test_a_permission_may_be_for_some_units_alone(self):
        wanted = plans.team(dict(self.params, units=["repo.code"]))["units_map"]
        assert wanted["repo.code"] == "read" and set(wanted.values()) == {"read", "none"}

    def test_a_unit_that_is_missing_is_drift(self):
        answer = dict(self.answer, units_map={"repo.code": "read"})
        assert "units_map" in plans.drift(plans.team_of(answer), plans.team(self.params))


class TestTeam:
    """What the module asks of Gitea, which takes no notice of a name's case and keeps the first one."""

    PARAMS = {"organization": "example", "name": "Analysts", "description": "", "permission": "write", "units": None, "all_repositories": False}

    def manage(self, repositories, members):
        asked, params = [], {**self.PARAMS, "repositories": repositories, "members": members}
        answers = {"/orgs/example/teams": [{**plans.team(params), "id": 7, "name": "analysts"}],
                   "/teams/7/repos": [{"name": "Queries"}, {"name": "Old"}], "/teams/7/members": [{"login": "Maria"}, {"login": "Joao"}]}
        connection = SimpleNamespace(get_all=answers.get, call=lambda method, path, *dummy: asked.append("%s %s" % (method, path)))
        return asked, gitea_team.manage(SimpleNamespace(params=params, check_mode=False), connection)

    def test_names_that_differ_in_case_are_the_same(self):
        asked, result = self.manage(["queries", "OLD"], ["maria", "joao"])
        assert asked == [] and not result["changed"]

    def test_others_go_and_come_by_the_names_that_gitea_has(self):
        asked, result = self.manage(["queries", "New"], ["maria", "Ana", "ana"])
        assert asked == ["DELETE /teams/7/members/Joao", "PUT /teams/7/members/ana", "DELETE /teams/7/repos/example/Old", "PUT /teams/7/repos/example/New"]
        assert result["diff"]["after"]["members"] == ["Maria", "ana"] and result["diff"]["before"]["repositories"] == ["Old", "Queries"]
