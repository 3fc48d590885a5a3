# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that speak to an application's API share."""

from __future__ import annotations

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils import web_module
from ansible_collections.gti.lakehouse.plugins.module_utils.superset_client import PAGE, Connection


class TestChanged:
    def test_no_change_has_no_diff(self):
        assert web_module.changed("x", {"a": 1}, {"a": 1}) == {"changed": False}

    def test_a_new_thing_was_absent(self):
        assert web_module.changed("x", None, {"a": 1})["diff"]["before"] == {"state": "absent"}


class TestAddress:
    def test_a_slash_at_the_end_is_taken_off(self):
        assert web_module.address("https://a.example.org:3000/", "x") == "https://a.example.org:3000"

    @pytest.mark.parametrize("url", ["a.example.org", "ftp://a.example.org", "https://"])
    def test_what_is_none_is_refused_with_an_example(self, url):
        with pytest.raises(web_module.Refused, match="not like https://b.example.org"):
            web_module.address(url, "https://b.example.org")


class TestPages:
    """Superset's lists: over pages without an order it shows one item twice and another never."""

    @pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE])
    def test_each_item_is_there_once(self, monkeypatch, count):
        asked = []

        def get(self, path):
            asked.append(path)
            page = int(path.split("page%3A")[1].split("%2C")[0])
            ids = list(range(count))[page * PAGE:(page + 1) * PAGE]
            return {"count": count, "ids": ids, "result": [{"name": str(number)} for number in ids]}

        monkeypatch.setattr(Connection, "get", get)
        connection = Connection({"url": "https://a.example.org", "username": "u", "password": "of-this-test", "timeout": 1, "ca_path": None})
        assert [item["id"] for item in connection.get_all("/list/")] == list(range(count))
        assert all("order_column" in path for path in asked[1:])
