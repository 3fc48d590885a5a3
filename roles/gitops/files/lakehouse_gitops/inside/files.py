# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument: the file for what is wrong with YAML and JSON files of the working folder, a JSON list."""

from __future__ import annotations

import json
import pathlib
import sys

import yaml


def problem_of(path: pathlib.Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            json.loads(text)
        else:
            list(yaml.safe_load_all(text))
    except (ValueError, yaml.YAMLError) as error:
        return f"{path}: {' '.join(str(error).split())}"
    return ""


def main() -> None:
    paths = sorted(path for path in pathlib.Path().rglob("*") if path.suffix in (".yml", ".yaml", ".json") and path.is_file())
    problems = [problem_of(path) for path in paths]
    pathlib.Path(sys.argv[1]).write_text(json.dumps([problem for problem in problems if problem]))


if __name__ == "__main__":
    main()
