# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at Airflow's grid and at a repository in Gitea as people do, in a headless Chromium.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...]}; ends with 1 when something is broken.
"""

from __future__ import annotations

import importlib
import pathlib
import sys

import chromium

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/common/files"))
run = importlib.import_module("proof").run

# What a page looks like without its styles is what a browser makes of bare text: no rules, and its own type.
STYLED = """
    const rules = [...document.styleSheets].reduce((sum, sheet) => sum + sheet.cssRules.length, 0);
    return rules > 500 && !getComputedStyle(document.body).fontFamily.includes('Times')"""
# Runs and tasks whose squares are green, which is Airflow's colour of what went well; the grid is a tree of its own in the page.
GREEN = """
    const grid = document.querySelector('#root')?.shadowRoot;
    const green = name => [...grid.querySelectorAll(`[data-testid="${name}"]`)]
        .filter(square => getComputedStyle(square).backgroundColor === 'rgb(0, 128, 0)').length;
    return grid && green('run') && green('task-instance') ? [green('run'), green('task-instance')] : null"""
FILES = """
    const names = [...document.querySelectorAll('#repo-files-table a')].map(link => link.innerText.trim()).filter(Boolean);
    return names.length ? names : null"""


def look_at_airflow(window, wish, proof, pictures):
    signed_in = window.sign_in(wish["url"] + "/login/", ["#username", "#password"], wish["who"], "return location.pathname === '/home'")
    proof.that(signed_in, "an observer signs in to Airflow")
    window.go(f"{wish['url']}/dags/{wish['dag']}/grid")
    green = window.until(GREEN, 60) or [0, 0]
    proof.that(green[0] and green[1], f"the grid of {wish['dag']} shows green runs ({green[0]}) and tasks ({green[1]})")
    proof.that(window.run(STYLED), "with its styles")
    window.picture(pictures / "airflow-grid.png")


def look_at_gitea(window, wish, proof, pictures):
    page = f"{wish['url']}/{wish['repository']}"
    window.go(page)
    proof.that("/user/login" in window.run("return location.pathname"), "Gitea asks a stranger to sign in")
    # Who was asked to sign in comes back to where they wanted to go.
    arrived = f"return location.pathname === '/{wish['repository']}'"
    proof.that(window.sign_in(wish["url"] + "/user/login", ["#user_name", "#password"], wish["who"], arrived), "somebody signs in to Gitea")
    window.go(page)
    files = window.until(FILES, 30) or []
    proof.that(set(wish["files"]) <= set(files), f"{wish['repository']} shows its files ({', '.join(files)})")
    proof.that(window.run("return document.querySelector('.markup h1')?.innerText"), "and what it says of itself, set as a page")
    proof.that(window.run(STYLED), "with its styles")
    window.picture(pictures / "gitea-repository.png")


def prove(wish, proof):
    pictures = pathlib.Path(wish["pictures"])
    for look, site in ((look_at_airflow, wish["airflow"]), (look_at_gitea, wish["gitea"])):
        with chromium.browser(wish["ca_path"]) as window:
            look(window, site, proof, pictures)


if __name__ == "__main__":
    sys.exit(run(prove))
