# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command manage_datagen: what an operator does with the timers, logs and buffer. Runs as root, by sudo if need be."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from . import settings
from .journal import KINDS, Journal

DATAGEN = "/usr/local/bin/datagen"


def timers(types):
    if types:
        return [f"datagen@{name}.timer" for name in types]
    listed = subprocess.run(
        ["systemctl", "list-unit-files", "--no-legend", "--plain", "datagen*.timer"], check=True, capture_output=True, text=True
    )
    return [line.split()[0] for line in listed.stdout.splitlines() if not line.startswith("datagen@.")]


def start(arguments):
    return subprocess.run(["systemctl", "start", *timers(arguments.types)], check=False).returncode


def stop(arguments):
    # A run that is under way ends by itself.
    return subprocess.run(["systemctl", "stop", *timers(arguments.types)], check=False).returncode


def status(arguments):
    subprocess.run(["systemctl", "list-timers", "--all", "--no-pager", "datagen*"], check=False)
    sys.stdout.flush()
    return subprocess.run([DATAGEN, "health"], check=False).returncode


def logs(arguments):
    found = settings.load(settings.PATH)
    print("\n".join(Journal(found.log_dir, found.keep_log_days).last(arguments.kind, arguments.lines)))
    return 0


def clean_buffer(arguments):
    return subprocess.run([DATAGEN, "clean-buffer", *(["--failed"] if arguments.failed else [])], check=False).returncode


def main(argv=None):
    top = argparse.ArgumentParser(prog="manage_datagen", description="Looks after the lakehouse's data generator.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, call, about in (
        ("start", start, "start the timers, until the next stop"),
        ("stop", stop, "stop the timers, until the next start or the next run of the role"),
    ):
        sub = commands.add_parser(name, help=about)
        sub.add_argument("types", nargs="*", metavar="TYPE", help="of these types alone")
        sub.set_defaults(call=call)
    commands.add_parser("status", help="show timers and health").set_defaults(call=status)
    sub = commands.add_parser("logs", help="show the last lines of the structured logs")
    sub.add_argument("kind", nargs="?", choices=KINDS, default="generation")
    sub.add_argument("--lines", "-n", type=int, default=20)
    sub.set_defaults(call=logs)
    sub = commands.add_parser("clean-buffer", help="remove batches that were sent")
    sub.add_argument("--failed", action="store_true", help="also those that could not be sent; they are lost then")
    sub.set_defaults(call=clean_buffer)
    arguments = top.parse_args(argv)
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", sys.argv[0], *sys.argv[1:]])
    return arguments.call(arguments)


if __name__ == "__main__":
    sys.exit(main())
