# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release comes from the mirror once, again when it was recorded anew, as it was recorded, and stays when the mirror is away."""
from __future__ import annotations

import functools
import hashlib
import http.server
import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest
import yaml
from lab.host import ansible

ROOT = pathlib.Path(__file__).parents[3]
PLAY = [{
    "hosts": "localhost", "connection": "local", "gather_facts": False,
    "handlers": [{"name": "Restart it", "ansible.builtin.command": {"argv": ["touch", "{{ restarted }}"]}, "changed_when": False}],
    "tasks": [{
        "ansible.builtin.import_role": {"name": "gti.lakehouse.common", "tasks_from": "release"},
        "vars": {"common_release_name": "tool", "common_release_notify": "Restart it"},
    }],
}]


class Mirror:
    def __init__(self, folder):
        self.folder = folder
        self.recorded = {}
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server.server_port

    def offer(self, version, **files):
        content = self.folder / "content"
        content.mkdir()
        for name, text in files.items():
            (content / name).write_text(text)
        archive = self.folder / ("tool-%s.tar.zst" % version)
        subprocess.run(["tar", "--zstd", "-cf", archive, "-C", content, "."], check=True)
        for name in files:
            (content / name).unlink()
        content.rmdir()
        self.recorded["tool-%s" % version] = hashlib.sha256(archive.read_bytes()).hexdigest()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror(tmp_path):
    (tmp_path / "mirror").mkdir()
    made = Mirror(tmp_path / "mirror")
    yield made
    made.stop()


@pytest.fixture
def bring(mirror, tmp_path):
    """Runs the role; returns how many tasks changed something, and whether the service was restarted."""
    (tmp_path / "play.yml").write_text(yaml.safe_dump(PLAY))
    restarted = tmp_path / "restarted"

    def run(version, *arguments, fails=False):
        restarted.unlink(missing_ok=True)
        values = {"common_release_url": mirror.url, "common_release_checksums": mirror.recorded, "common_release_version": version,
                  "__common_root": str(tmp_path / "opt"), "restarted": str(restarted), "ansible_python_interpreter": sys.executable}
        (tmp_path / "values.yml").write_text(yaml.safe_dump(values))
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-e", "@%s" % (tmp_path / "values.yml"),
             str(tmp_path / "play.yml"), *arguments],
            env={**os.environ, **ansible.strategy(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"},
            capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        if fails:
            return done.stdout
        return int(re.search(r"changed=(\d+)", done.stdout)[1]), restarted.exists()

    return run


def test_a_release_is_what_the_mirror_has(mirror, bring, tmp_path):
    tool = tmp_path / "opt/tool"
    mirror.offer("1.0", program="one", old="gone later")
    assert bring("1.0", "--check")[0] > 0 and not tool.exists()
    changed, restarted = bring("1.0")
    assert changed and restarted and (tool / "program").read_text() == "one"
    assert bring("1.0") == (0, False)

    mirror.offer("1.0", program="anew")
    changed, restarted = bring("1.0")
    assert changed and restarted and (tool / "program").read_text() == "anew" and not (tool / "old").exists()
    assert bring("1.0") == (0, False)

    mirror.offer("1.1", program="two")
    assert bring("1.1")[1] and (tool / "program").read_text() == "two"
    for archive in mirror.folder.glob("*"):
        archive.unlink()
    assert bring("1.0") == (1, True) and (tool / "program").read_text() == "anew", "only the link goes back"
    mirror.stop()
    assert bring("1.0") == (0, False)


def test_half_a_release_is_brought_again(mirror, bring, tmp_path):
    mirror.offer("1.0", program="one")
    (tmp_path / "opt/tool-1.0").mkdir(parents=True)
    (tmp_path / "opt/tool-1.0/program").write_text("ha")
    assert bring("1.0")[1] and (tmp_path / "opt/tool/program").read_text() == "one"
    assert sorted(path.name for path in (tmp_path / "opt").iterdir()) == ["tool", "tool-1.0"]


def test_the_mirrors_own_word_is_not_enough(mirror, bring, tmp_path):
    mirror.offer("1.0", program="one")
    recorded, mirror.recorded = mirror.recorded, {}
    assert bring("1.0", "--check")[0] > 0
    assert "Run playbooks/mirror.yml" in bring("1.0", fails=True)
    assert not (tmp_path / "opt/tool").exists()
    mirror.recorded = recorded
    bring("1.0")

    mirror.offer("1.1", program="built")
    was = mirror.recorded["tool-1.1"]
    mirror.offer("1.1", program="changed since")
    mirror.recorded["tool-1.1"] = was
    assert was in bring("1.1", fails=True)
    assert (tmp_path / "opt/tool/program").read_text() == "one"
