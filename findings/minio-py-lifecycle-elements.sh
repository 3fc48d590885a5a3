#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# minio 7.2.20 (the Python client of MinIO): elements of a lifecycle that MinIO's server knows and the client does not are
# dropped when a configuration is read, so that writing it back removes them; a rule that has nothing else cannot be read at all.
#
# Seen: ExpiredObjectAllVersions is gone after reading and writing; a rule with DelMarkerExpiration alone is a ValueError
# that says that the rule has no action.
# What to do: compare and write the XML that the server holds.
#
# Needs python3 with venv. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install 'minio==7.2.20'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from minio.lifecycleconfig import LifecycleConfig
from minio.xml import marshal, unmarshal


def configuration(action):
    rule = f"<Rule><ID>a</ID><Status>Enabled</Status><Filter><Prefix>p/</Prefix></Filter>{action}</Rule>"
    return f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>"


held = configuration("<Expiration><Days>3</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>")
written = marshal(unmarshal(LifecycleConfig, held)).decode()
print("written back:", written)
assert "<Days>3</Days>" in written and "ExpiredObjectAllVersions" not in written, "the element is kept now"
try:
    unmarshal(LifecycleConfig, configuration("<DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>"))
except ValueError as error:
    print("a rule with DelMarkerExpiration alone:", error)
else:
    raise SystemExit("a rule with DelMarkerExpiration alone can be read now")
PYTHON
