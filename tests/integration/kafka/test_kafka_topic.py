# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topics, made, changed and removed on a real broker."""

from __future__ import annotations


def topics(run):
    return run("kafka_info", gather=["topics"])["topics"]


def test_a_topic_is_made_changed_and_removed(run, twice, name):
    made = twice("kafka_topic", topics=[{"name": name, "partitions": 3, "config": {"retention.ms": 3600000, "cleanup.policy": "compact"}}])
    assert made["changed"] and made["diff"]["before"] == {name: None}
    assert topics(run)[name] == {"partitions": 3, "replication_factor": 1, "config": {"retention.ms": "3600000", "cleanup.policy": "compact"}}

    grown = twice("kafka_topic", topics=[{"name": name, "partitions": 5, "config": {"retention.ms": 7200000, "preallocate": False}}])
    assert grown["changed"]
    assert topics(run)[name] == {"partitions": 5, "replication_factor": 1, "config": {"retention.ms": "7200000", "preallocate": "false"}}
    assert grown["topics"][name] == topics(run)[name]

    kept = run("kafka_topic", topics=[{"name": name}])
    assert not kept["changed"] and kept["topics"][name]["partitions"] == 5

    gone = twice("kafka_topic", topics=[{"name": name, "state": "absent"}])
    assert gone["changed"] and gone["diff"]["after"] == {name: None}
    assert name not in topics(run)


def test_a_topic_without_numbers_has_the_brokers(run, twice, name):
    twice("kafka_topic", topics=[{"name": name}])
    assert topics(run)[name] == {"partitions": 1, "replication_factor": 1, "config": {}}


def test_shrinking_is_refused_before_anything_is_sent(run, name):
    run("kafka_topic", topics=[{"name": name, "partitions": 3}])
    before = topics(run)
    refused = run("kafka_topic", topics=[{"name": name + "b", "partitions": 1}, {"name": name, "partitions": 2, "config": {"retention.ms": 1000}}])
    assert refused.failed and "cannot shrink to 2" in refused["msg"]
    assert topics(run) == before


def test_other_numbers_of_replicas_are_refused(run, name):
    run("kafka_topic", topics=[{"name": name, "replication_factor": 1}])
    refused = run("kafka_topic", topics=[{"name": name, "replication_factor": 2}])
    assert refused.failed and "kafka-reassign-partitions" in refused["msg"]
    refused = run("kafka_topic", topics=[{"name": name + "b", "replication_factor": 3}])
    assert refused.failed and refused["code"] == "INVALID_REPLICATION_FACTOR"


def test_unknown_settings_and_values_are_refused_and_nothing_is_begun(run, name):
    run("kafka_topic", topics=[{"name": name}])
    before = topics(run)
    for check in (True, False):
        for bad in ({"retention.hours": 1}, {"cleanup.policy": "shred"}, {"retention.ms": "soon"}):
            new = run("kafka_topic", check=check, topics=[{"name": name + "a", "partitions": 1}, {"name": name + "b", "config": bad}])
            assert new.failed and new["code"] == "INVALID_CONFIG" and list(bad)[0] in new["msg"], new
            old = run("kafka_topic", check=check, topics=[{"name": name + "a", "partitions": 1}, {"name": name, "config": bad}])
            assert old.failed and list(bad)[0] in old["msg"], old
    assert topics(run) == before


def test_illegal_and_doubled_names_are_refused(run, name):
    assert "not legal" in run("kafka_topic", topics=[{"name": "a b"}])["msg"]
    assert "not legal" in run("kafka_topic", topics=[{"name": ".."}])["msg"]
    assert "twice" in run("kafka_topic", topics=[{"name": name}, {"name": name, "state": "absent"}])["msg"]
    assert "1 or more" in run("kafka_topic", topics=[{"name": name, "partitions": 0}])["msg"]
    collides = run("kafka_topic", topics=[{"name": name + ".x"}])
    assert not collides.failed
    assert "same metrics" in run("kafka_topic", check=True, topics=[{"name": name + "_x"}])["msg"]


def test_a_topic_that_would_share_anothers_metrics_is_refused(run, name):
    run("kafka_topic", topics=[{"name": name + ".a_b"}])
    before = topics(run)
    for check in (True, False):
        beside = run("kafka_topic", check=check, topics=[{"name": name + ".new"}, {"name": name + "_a.b"}])
        assert beside.failed and f"{name}.a_b, which exists" in beside["msg"], beside
        both = run("kafka_topic", check=check, topics=[{"name": name + ".c_d"}, {"name": name + "_c.d"}])
        assert both.failed and f"{name}.c_d and {name}_c.d" in both["msg"], both
    assert topics(run) == before
