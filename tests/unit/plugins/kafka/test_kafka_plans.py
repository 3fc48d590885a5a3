# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done to topics, users and rules, without a broker."""

from __future__ import annotations

import pathlib

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.kafka_acls import kafka_acls, kafka_topic_collisions, kafka_topics
from ansible_collections.gti.lakehouse.plugins.module_utils.kafka import acl_plan, topic_plan, user_plan
from hypothesis import given
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).resolve().parents[4]

TOPIC = {"partitions": 3, "replication_factor": 1, "config": {"retention.ms": "1000"}}


class TestTopics:
    @pytest.mark.parametrize("value, text", [(True, "true"), (5, "5"), (["compact", "delete"], "compact,delete"), ("x", "x")])
    def test_settings_are_written_as_kafka_does(self, value, text):
        assert topic_plan.wanted({"name": "a", "config": {"k": value, "none": None}})["config"] == {"k": text}

    def test_only_what_differs_is_changed(self):
        steps = topic_plan.plan(TOPIC, {"name": "a", "partitions": 5, "config": {"cleanup.policy": "compact"}})
        assert (steps.partitions, steps.set_config, steps.unset_config) == (5, {"cleanup.policy": "compact"}, ["retention.ms"])
        assert not steps.create and not steps.delete

    def test_what_is_not_said_is_left_alone(self):
        steps = topic_plan.plan(TOPIC, {"name": "a"})
        assert steps == topic_plan.Plan("a", False, False, None, {}, [])

    def test_topics_of_the_same_metrics_are_refused(self):
        with pytest.raises(topic_plan.Invalid, match="a.b_c and a_b.c"):
            topic_plan.check_options([{"name": "a_b.c"}, {"name": "a.b_c"}, {"name": "a.b"}])
        with pytest.raises(topic_plan.Invalid, match="'a_b.c' would have the same metrics as a.b_c"):
            topic_plan.plan_all({}, [{"name": "a_b.c"}], ["a.b", "a.b_c"])
        there = [{"name": "a_b.c"}, {"name": "a.b_c", "state": "absent"}]
        topic_plan.check_options(there)
        assert not topic_plan.plan_all({"a_b.c": TOPIC, "a.b_c": TOPIC}, there, ["a.b_c", "a_b.c"])[0].create

    def test_all_that_is_impossible_is_said_at_once(self):
        with pytest.raises(topic_plan.Invalid) as refusal:
            topic_plan.plan_all({"a": TOPIC, "b": TOPIC}, [{"name": "a", "partitions": 1}, {"name": "b", "replication_factor": 3}])
        assert "'a'" in str(refusal.value) and "'b'" in str(refusal.value)

    @given(
        have=st.one_of(st.none(), st.fixed_dictionaries({
            "partitions": st.integers(1, 9), "replication_factor": st.just(1),
            "config": st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")),
        })),
        want=st.fixed_dictionaries({
            "name": st.just("t"), "state": st.sampled_from(["present", "absent"]),
            "partitions": st.one_of(st.none(), st.integers(1, 9)),
            "config": st.one_of(st.none(), st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))),
        }),
    )
    def test_what_was_done_needs_not_be_done_again(self, have, want):
        try:
            after = topic_plan.result_of(have, want, topic_plan.plan(have, want))
        except topic_plan.Invalid:
            assert want["partitions"] < have["partitions"]
            return
        if after and after["partitions"] is None:
            after["partitions"], after["replication_factor"] = 3, 1  # the brokers' defaults
        again = topic_plan.plan(after, want)
        assert again == topic_plan.Plan("t", False, False, None, {}, [])


class TestUsers:
    def params(self, *users, **more):
        users = [{"state": "present", "password": "p", "iterations": 4096, **user} for user in users]
        return {"users": users, "exclusive": False, "login_user": "admin", **more}

    def test_only_those_who_are_there_are_tried(self):
        steps = user_plan.plan({"a": 4096, "b": 8192}, self.params({"name": "a"}, {"name": "b"}, {"name": "c"}))
        assert steps == user_plan.Plan(["b", "c"], ["a"], [])

    def test_others_are_left_alone_unless_told_so(self):
        current = {"a": 4096, "b": 4096, "admin": 4096}
        assert user_plan.plan(current, self.params({"name": "a"})).remove == []
        assert user_plan.plan(current, self.params({"name": "a"}, exclusive=True)).remove == ["b"]
        assert user_plan.plan(current, self.params({"name": "b", "state": "absent"}, {"name": "x", "state": "absent"})).remove == ["b"]

    def test_the_mark_of_removed_users_is_nobodys_own(self):
        with pytest.raises(user_plan.Invalid, match="16383"):
            user_plan.check_options(self.params({"name": "a", "iterations": user_plan.REMOVED_ITERATIONS}))
        proof = (ROOT / "roles/kafka_kraft/files/verify.py").read_text()
        assert f'REMOVED_ITERATIONS = "verify-removed", {user_plan.REMOVED_ITERATIONS}\n' in proof


class TestRules:
    def entry(self, **more):
        return {
            "principal": "User:a", "resource": "topic", "name": "t", "pattern": "literal", "operations": ["read", "write"],
            "permission": "allow", "hosts": ["*"], "state": "present", **more,
        }  # fmt: skip

    def test_an_entry_is_one_rule_for_each_operation_and_host(self):
        rules = acl_plan.rules_of([self.entry(hosts=["192.0.2.1", "192.0.2.2"])])
        assert len(rules) == 4 and {rule.host for rule in rules} == {"192.0.2.1", "192.0.2.2"}

    def test_present_and_absent_at_once_is_refused(self):
        with pytest.raises(acl_plan.Invalid, match="both present and absent"):
            acl_plan.check_options([self.entry(), self.entry(operations=["write"], state="absent")])

    def test_exclusive_takes_all_others(self):
        other = acl_plan.rules_of([self.entry(principal="User:b")])
        steps = acl_plan.plan(other, [self.entry()], True)
        assert set(steps.create) == acl_plan.rules_of([self.entry()]) and set(steps.remove) == other
        assert acl_plan.plan(other, [self.entry()], False).remove == []


class TestTables:
    def test_names_and_prefixes_become_rules(self):
        users = [{"name": "a", "read": ["x.*", "y"], "groups": ["*"], "write": None}, {"name": "b", "transactions": ["b-*"]}]
        assert kafka_acls(users) == [
            {"principal": "User:a", "resource": "topic", "operations": ["read", "describe_configs"], "name": "x.", "pattern": "prefixed"},
            {"principal": "User:a", "resource": "topic", "operations": ["read", "describe_configs"], "name": "y", "pattern": "literal"},
            {"principal": "User:a", "resource": "group", "operations": ["read"], "name": "*", "pattern": "literal"},
            {"principal": "User:b", "resource": "transactional_id", "operations": ["write"], "name": "b-", "pattern": "prefixed"},
        ]

    def test_a_star_in_the_middle_is_refused(self):
        with pytest.raises(AnsibleFilterError, match="last letter"):
            kafka_acls([{"name": "a", "read": ["x.*.y"]}])

    def test_topics_of_a_site_that_collide_are_named(self):
        topics = [{"name": "rede.a_b"}, {"name": "rede_a.b", "state": "present"}, {"name": "rede.c_d"}, {"name": "rede_c.d", "state": "absent"}]
        assert kafka_topic_collisions(topics) == ["rede.a_b and rede_a.b"]

    def test_kafka_is_told_no_schema(self):
        topics = [{"name": "a", "schema": {"id": "string"}}, {"name": "b", "partitions": 2, "state": "absent", "config": {"k": 1}}]
        assert kafka_topics(topics) == [{"name": "a", "config": {}}, {"name": "b", "partitions": 2, "state": "absent", "config": {"k": 1}}]
