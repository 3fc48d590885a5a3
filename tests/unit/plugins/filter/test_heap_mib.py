# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gti.lakehouse.plugins.filter.heap_mib import FilterModule, heap_mib
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("memory", "heap"),
    [(0, 0), (1024, 0), (1088, 64), (2048, 1024), (2047, 960), (2560, 1536), ("2560", 1536), (4096, 3072), (16384, 13888)],
)
def test_sizes(memory, heap):
    assert heap_mib(memory) == heap


def test_what_lies_beside_and_the_share_may_be_given():
    assert heap_mib(1024, beside_mib=256) == 768
    assert heap_mib(16384, share=0.5) == 8192


@given(st.integers(0, 1 << 20), st.integers(0, 4096), st.floats(0.1, 1.0))
def test_it_always_leaves_what_was_asked_for(memory, beside, share):
    heap = heap_mib(memory, beside, share)
    assert heap % 64 == 0
    assert heap == 0 or (heap + beside <= memory and heap <= memory * share)


@pytest.mark.parametrize("arguments", [("much",), (None,), (1024, "some"), (1024, 1, "half")])
def test_no_numbers_are_refused(arguments):
    with pytest.raises(AnsibleFilterError, match="takes numbers"):
        heap_mib(*arguments)


def test_it_is_offered():
    assert FilterModule().filters() == {"heap_mib": heap_mib}
