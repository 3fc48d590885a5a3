# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data generator, by the one command that it answers from here over SSH: run TYPE, status or health."""

from __future__ import annotations

from airflow.decorators import task
from airflow.exceptions import AirflowException
from airflow.providers.ssh.hooks.ssh import SSHHook

from lakehouse import site

SECONDS = 300
MEANINGS = {
    1: "a fault of its own",
    2: "called wrongly, or not allowed from here",
    3: "made, and kept there because it could not be sent",
    4: "nothing was made: its buffer is full",
}


def call(command: str) -> tuple[int, str]:
    """Exit code and output of a command there."""
    hook = SSHHook(ssh_conn_id=site.DATAGEN, cmd_timeout=SECONDS)
    with hook.get_conn() as client:
        code, out, err = hook.exec_ssh_client_command(client, command, get_pty=False, environment=None, timeout=SECONDS)
    return code, (out + err).decode(errors="replace").strip()


@task(pool=site.DATAGEN_POOL)
def run(kind: str) -> str:
    """Makes what is due of a type of data, and sends it; where nothing is due, nothing."""
    code, text = call(f"run {kind}")
    if code:
        raise AirflowException(f"datagen, {kind}: {MEANINGS.get(code, f'exit code {code}')}. {text[-500:]}")
    return text


@task(pool=site.DATAGEN_POOL)
def health() -> str:
    """How it is; 1 is worth a look, 2 and more are a fault."""
    code, text = call("health")
    if code > 1:
        raise AirflowException(f"datagen is not healthy:\n{text[-2000:]}")
    return text
