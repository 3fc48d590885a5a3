# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at Superset as people do, in a headless Chromium: each role, what it sees, and what it is refused.

Reads what is expected as JSON from standard input; prints {"held": [...], "broken": [...], "events": N}; ends with 1 when something is
broken. With "more_than" it waits until the counter of events has gone beyond that, and looks at nothing else.
"""

from __future__ import annotations

import importlib
import pathlib
import re
import sys
import tempfile
import time

import chromium

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "roles/superset/files"))
verify, run = importlib.import_module("verify"), importlib.import_module("proof").run


def sign_in(window, url, name, password):
    welcome = "return location.pathname.startsWith('/superset/welcome') || (document.body.innerText.includes('inválid') && 'no')"
    return window.sign_in(url + "/login/", ["#username", "#password"], (name, password), welcome)


def events_of(window, url):
    """The number that the card of received events shows."""
    window.go(url + "/superset/dashboard/plataforma/")
    text = window.until("""
        for (const card of document.querySelectorAll('[data-test-chart-name="Eventos recebidos"], .dashboard-chart-id, .chart-slice')) {
            const number = card.querySelector('.header-line');
            if (number && card.innerText.includes('Eventos recebidos')) return number.innerText;
        }""", 90)
    if not text:
        raise RuntimeError("the dashboard of the platform shows no number of events")
    return int(re.sub(r"\D", "", text))


def look(window, wish, role, proof):
    """What somebody of a role sees of the pages."""
    titles = window.go(wish["url"] + "/dashboard/list/") or window.until("""
        const seen = [...document.querySelectorAll('a')].map(link => link.innerText.trim()).filter(Boolean);
        return ['Receita', 'Autenticação'].every(title => seen.includes(title)) ? seen : null""", 60) or []
    proof.that("Operação da rede" in titles, f"{role} finds the dashboards")
    proof.that(("Plataforma" in titles) == (role != "BI Viewer"), f"{role} {'does not find' if role == 'BI Viewer' else 'finds'} that of the platform")
    window.go(wish["url"] + "/superset/dashboard/operacao-da-rede/")
    drawn = window.until("return document.querySelectorAll('.header-line').length >= 4 && !document.querySelector('.loading')", 90)
    proof.that(drawn, f"{role} sees the figures of the network")
    edits = role == "Admin"
    # The buttons come with the figures or a moment after them: whoever may edit gets theirs within the time, whoever may not never does.
    may_edit = bool(window.until("return [...document.querySelectorAll('button')].some(button => /editar painel|edit dashboard/i.test(button.innerText))",
                                 30 if edits else 4))
    proof.that(may_edit == edits, f"{role} {'may' if may_edit else 'may not'} change that dashboard")
    window.picture(pathlib.Path(wish["pictures"]) / f"{role.lower().replace(' ', '-')}.png")
    window.go(wish["url"] + "/sqllab/")
    inside = window.until("return !!document.querySelector('.ace_editor, .SqlEditor, .sql-container')", 25 if role != "BI Viewer" else 6)
    proof.that(bool(inside) == (role != "BI Viewer"), f"{role} {'does not open' if role == 'BI Viewer' else 'opens'} SQL Lab")


def wait_for_more(wish, admin, proof):
    """The counter goes beyond what it was."""
    with chromium.browser(wish["ca_path"]) as window:
        proof.that(sign_in(window, wish["url"], *admin), "the administrator signs in")
        end = time.monotonic() + 90
        events = events_of(window, wish["url"])
        while events <= wish["more_than"] and time.monotonic() < end:
            time.sleep(3)
            events = events_of(window, wish["url"])
        window.picture(pathlib.Path(wish["pictures"]) / "plataforma.png")
    proof.that(events > wish["more_than"], f"the counter rises from {wish['more_than']} (it is {events})")


def prove(wish, proof):
    admin = (wish["username"], wish["password"])
    if "more_than" in wish:
        wait_for_more(wish, admin, proof)
        return
    manager = verify.Person(wish).sign_in(*admin)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        for role in ("BI Viewer", "Data Analyst", "Data Engineer"):
            with verify.somebody(wish, manager, role) as person, chromium.browser(wish["ca_path"], cache) as window:
                proof.that(sign_in(window, wish["url"], *person.credentials), f"{role} signs in")
                look(window, wish, role, proof)
        with chromium.browser(wish["ca_path"], cache) as window:
            refused = not sign_in(window, wish["url"], admin[0], "wrong")
            proof.that(refused and window.run("return location.pathname") == "/login/", "a wrong password is refused")
            proof.that(sign_in(window, wish["url"], *admin), "the administrator signs in")
            look(window, wish, "Admin", proof)
            proof.figures["events"] = events_of(window, wish["url"])


if __name__ == "__main__":
    sys.exit(run(prove))
