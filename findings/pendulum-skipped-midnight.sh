#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# pendulum 3.3.0 (and 3.0.0, which Airflow 2.9.3 brings), in zones whose clocks go forward at midnight (Santiago, Cairo, Sao Paulo until 2018):
# start_of("day") of a moment that came from UTC, a timestamp or hours added lies on the day before; of the same moment built from its
# fields it is right. instance() moves a standard datetime in the skipped hour, whose moment Python defines (PEP 495), by an hour.
#
# Seen for 2024-09-08 12:00 in America/Santiago: built -> 2024-09-08 01:00-03:00, the equal moment from UTC -> 2024-09-07 23:00-04:00, so that the "day"
# has 24 hours and overlaps the one before. instance() of the standard 2024-09-08 00:30 is 3600 seconds earlier than that datetime.
# What to do: take days from dates (pendulum.datetime(m.year, m.month, m.day, tz=...)), not from start_of.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'pendulum==3.3.0' 'tzdata'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import datetime
import zoneinfo

import pendulum

for name, day in (("America/Santiago", (2024, 9, 8)), ("Africa/Cairo", (2024, 4, 26)), ("America/Sao_Paulo", (2018, 11, 4))):
    built = pendulum.datetime(*day, 12, tz=name)
    same = built.in_timezone("UTC").in_timezone(name)
    right, found = built.start_of("day"), same.start_of("day")
    print(name, "start of the day of", built, "->", right, "| from UTC ->", found)
    assert built == same and built.timestamp() == same.timestamp()
    assert right.day == built.day and right.hour == 1, "moments built from fields start otherwise"
    assert found.day == built.day - 1 and found.hour == 23, "moments from UTC start otherwise"
    standard = datetime.datetime(*day, 0, 30, tzinfo=zoneinfo.ZoneInfo(name))
    moved = standard.timestamp() - pendulum.instance(standard).timestamp()
    plain = standard.replace(hour=12)
    print("    seconds lost by instance():", moved, "| at noon:", plain.timestamp() - pendulum.instance(plain).timestamp())
    assert plain.timestamp() == pendulum.instance(plain).timestamp(), "instance() of noon behaves otherwise"
    assert moved == 3600, "instance() of the skipped hour behaves otherwise"
noon = pendulum.datetime(2024, 9, 9, 12, tz="UTC").in_timezone("America/Santiago")
assert noon.start_of("day") == pendulum.datetime(2024, 9, 9, tz="America/Santiago"), "an ordinary day starts otherwise"
PYTHON
