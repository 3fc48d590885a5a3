# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments: the folder of DAGs, and the file for what is wrong with them, a JSON list."""

from __future__ import annotations

import json
import pathlib
import sys


def problem(folder: pathlib.Path, file: str, trace: str) -> str:
    """Where it broke, as far as that is in the tree, and the last word of the trace."""
    lines = trace.strip().splitlines()
    return f"dags/{pathlib.Path(file).relative_to(folder)}: {lines[-1].strip() if lines else 'it cannot be imported'}"


def main() -> None:
    folder, answer = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    sys.path.append(str(folder))  # as Airflow does
    problems = []
    if folder.is_dir():
        from airflow.models.dagbag import DagBag

        bag = DagBag(dag_folder=str(folder), include_examples=False, read_dags_from_db=False)
        problems = [problem(folder, file, trace) for file, trace in sorted(bag.import_errors.items())]
    answer.write_text(json.dumps(problems))


if __name__ == "__main__":
    main()
