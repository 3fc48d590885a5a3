# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let this host's Trino start with the engine's defaults (on), or as it is set up (off). Takes effect when it is restarted.

Of the site's settings, those that make it reachable, safe and of its size stay: names, ports, TLS, users, catalogs, the heap. All others
are left to the engine, the JVM's options are those that its manual gives, and nothing warms it up. All of it is in /run, so no reboot
brings it back.
Prints as JSON what differs from the site's settings.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shutil
import sys

SITE = pathlib.Path("/etc/datalake/trino")
HERE = pathlib.Path("/run/lakehouse-benchmark/trino")
UNIT = pathlib.Path("/etc/systemd/system/trino.service")
DROP_IN = pathlib.Path("/run/systemd/system/trino.service.d/benchmark.conf")
COLD = pathlib.Path("/run/systemd/system/trino-warmup.service.d/benchmark.conf")

KEEP = {
    "config.properties": r"coordinator|discovery\.|http-server\.|internal-communication\.|node-scheduler\.include-coordinator",
    "jvm.config": r"-Xmx|-Djava\.io\.tmpdir|-Djavax\.net\.",
}
# The site's limits for who shares the engine.
LIMITS = ("resource-groups.properties", "session-property-config.properties")
# Of a catalog of Iceberg tables: where they are. Any other catalog stays whole.
KEEP_ICEBERG = r"connector\.name|iceberg\.catalog\.type|hive\.metastore\.|fs\.|s3\."
JVM = """\
-XX:G1HeapRegionSize=32M
-XX:+ExplicitGCInvokesConcurrent
-XX:+ExitOnOutOfMemoryError
-XX:-OmitStackTraceInFastThrow
-XX:ReservedCodeCacheSize=512M
-XX:PerMethodRecompilationCutoff=10000
-XX:PerBytecodeRecompilationCutoff=10000
-Djdk.attach.allowAttachSelf=true
-Djdk.nio.maxCachedBufferSize=2000000
-Dfile.encoding=UTF-8
-XX:+EnableDynamicAgentLoading
"""


def settings(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def defaults(name, text):
    """What a file of the site's settings says when the engine decides all that it can."""
    keep = KEEP_ICEBERG if re.search(r"^connector\.name=iceberg$", text, re.M) else KEEP.get(name, "")
    lines = [line for line in settings(text) if re.match(keep, line)]
    return "\n".join(lines) + "\n" + (JVM if name == "jvm.config" else "")


def difference(name, text):
    mine, engine = settings(text), settings(defaults(name, text))
    return {"site": [line for line in mine if line not in engine], "defaults": [line for line in engine if line not in mine]}


def turn_on():
    turn_off()
    different = {}
    for source in [*(path for path in SITE.glob("*.properties") if path.name not in LIMITS), *SITE.glob("catalog/*.properties"), SITE / "jvm.config"]:
        name, text = str(source.relative_to(SITE)), source.read_text(encoding="utf-8")
        target = HERE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(defaults(name, text), encoding="utf-8")
        found = difference(name, text)
        if any(found.values()):
            different[name] = found
    # Whoever may read the site's settings may read these, and nobody else.
    for path in [HERE.parent, HERE, *HERE.rglob("*")]:
        shutil.chown(path, "root", "trino")
        path.chmod(0o750 if path.is_dir() else 0o640)
    command = re.search(r"^ExecStart=(.*)$", UNIT.read_text(encoding="utf-8"), re.M).group(1)
    for path in (DROP_IN, COLD):
        path.parent.mkdir(parents=True, exist_ok=True)
    COLD.write_text("[Unit]\nConditionPathExists=!%s\n" % HERE)
    DROP_IN.write_text("[Service]\nExecStart=\nExecStart=%s\n" % command.replace("--etc-dir %s" % SITE, "--etc-dir %s" % HERE))
    return different


def turn_off():
    if HERE.parent.exists():  # it may be turned off before it was ever on
        shutil.rmtree(HERE.parent)
    for path in (DROP_IN, COLD):
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it was never there, or has something else in it
            path.parent.rmdir()
    return {}


if __name__ == "__main__":
    json.dump({"on": turn_on, "off": turn_off}[sys.argv[1]](), sys.stdout)
