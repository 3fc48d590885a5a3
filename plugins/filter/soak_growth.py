# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

from ansible.errors import AnsibleFilterError

# How a reading counts. Data are the rows and raw files that are there now. Kept are their second copies, for a time that the site has chosen:
# the versions of data files that compaction, retention and deletes replaced, by which they are taken back, and events in topics. They are
# neither held to the bound nor part of the data that it is a quarter of, which would make it easier to hold. Everything else is held to it,
# but for what is shown only: part of something else, or no bytes of a disk.
DATA = "data"
OTHER = "other"
KEPT = "kept"
SHOWN = "shown"
SECONDS_OF_DAY = 86400
DAYS = 7
SHARE = 0.25
MOST_BYTES = 5 * 10**9
ENOUGH = 0.9


def soak_growth(samples, rate=0):
    """Say how fast everything grows, and what of that does not hold the bound.

    :param samples: readings in the order of their times, as ``playbooks/soak.yml`` notes them: dicts with ``at`` (ISO 8601), ``hosts``
        (by name, dicts of bytes, None of one that did not answer), ``bucket`` (by folder, ``current`` and ``old`` bytes, or None) and,
        where events were sent, ``load`` with the numbers ``asked`` and ``confirmed``.
    :param rate: events a second that were sent; with 0 the share of data is not judged.
    :returns: dict with ``hours``, ``rows`` (fastest first; bytes, and bytes a day), ``week`` (bytes by ``data``, ``kept`` and ``other``) and
        ``problems`` (sentences).
    """
    if len(samples) < 2:
        raise AnsibleFilterError("soak_growth needs two readings at least: it has %d" % len(samples))
    times = [datetime.datetime.fromisoformat(sample["at"]).timestamp() for sample in samples]
    if times != sorted(set(times)):
        raise AnsibleFilterError("soak_growth needs readings in the order of their times")
    series = {}
    for at, sample in zip(times, samples):
        for name, counts, size in _readings(sample):
            series.setdefault((name, counts), []).append((at, size))
    rows = [_row(name, counts, points, times) for (name, counts), points in series.items()]
    rows.sort(key=lambda row: (-row["per_day"], row["name"]))
    week = {counts: sum(row["week"] for row in rows if row["counts"] == counts) for counts in (DATA, KEPT, OTHER)}
    return {"hours": round((times[-1] - times[0]) / 3600, 1), "rows": rows, "week": week, "problems": list(_problems(samples, week, rate))}


def _readings(sample):
    for host, answer in (each for each in sample["hosts"].items() if each[1]):
        for path, size in answer["folders"].items():
            yield "%s %s" % (host, path), OTHER, size
        for topic, size in answer["topics"].items():
            yield "%s topic %s" % (host, topic), OTHER if topic.startswith("__") else KEPT, size
        for table, size in answer["tables"].items():
            yield "%s table %s" % (host, table), SHOWN, size
        for mount, size in answer["disks"].items():
            yield "%s disk %s" % (host, mount), SHOWN, size
        yield "%s memory" % host, SHOWN, answer["memory"]
    for folder, sizes in (sample["bucket"] or {}).items():
        is_data = folder == DATA
        yield "bucket %s" % folder, DATA if is_data else OTHER, sizes["current"]
        yield "bucket %s, old versions" % folder, KEPT if is_data else OTHER, sizes["old"]


def _row(name, counts, points, times):
    """What is there for a time only (old versions, a topic's segments, a journal) grows at first; so the second half tells how it goes on.
    Where that has one reading alone, it is compared with the one before. Data grow from the beginning, but for what joining files saves at
    times, and all readings tell of them.
    """
    half = times[0] if counts == DATA else (times[0] + times[-1]) / 2
    later = [point for point in points if point[0] >= half]
    per_day = _slope(points[-2:] if len(later) == 1 else later) * SECONDS_OF_DAY
    # What came during the run has begun with nothing.
    first = points[0][1] if points[0][0] == times[0] else 0
    last = points[-1][1] if points[-1][0] == times[-1] else 0
    return {"name": name, "counts": counts, "first": first, "last": last, "per_day": round(per_day),
            "week": round(max(0, last - first + max(0, per_day) * DAYS))}


def _slope(points):
    """Bytes a second, from the lowest reading of the first half to that of the second: what rises and falls again is no growth, such as the
    files of a job while it runs. 0 of a single point.
    """
    half = len(points) // 2
    if not half:
        return 0
    (first, less), (later, more) = (min(part, key=lambda point: point[1]) for part in (points[:half], points[half:]))
    return (more - less) / (later - first)


def _problems(samples, week, rate):
    for sample in (samples[0], samples[-1]):
        for name in [name for name, answer in {**sample["hosts"], "the bucket": sample["bucket"]}.items() if not answer]:
            yield "%s did not answer at %s, so its growth cannot be told." % (name, sample["at"])
    if week[OTHER] > MOST_BYTES:
        yield "What is not data grows by %.1f GB in a week: the bound is %.0f GB." % (week[OTHER] / 1e9, MOST_BYTES / 1e9)
    if not rate:
        return
    loads = [sample["load"] for sample in samples if sample.get("load")]
    asked, confirmed = (sum(int(load[key]) for load in loads) for key in ("asked", "confirmed"))
    if confirmed < asked * ENOUGH or not asked:
        yield "Kafka confirmed %d of %d events: the load was not what was asked for, and the figures are not of that rate." % (confirmed, asked)
    if week[OTHER] > week[DATA] * SHARE:
        yield "What is not data grows by %.2f GB in a week, data by %.2f GB: the bound is a quarter." % (week[OTHER] / 1e9, week[DATA] / 1e9)


class FilterModule:
    """Works out a soak run."""

    def filters(self):
        return {"soak_growth": soak_growth}
