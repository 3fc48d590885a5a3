# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the Proxmox VE modules sign in, and what they say when they can not."""

from __future__ import annotations

import pytest

from ansible_collections.gti.lakehouse.plugins.module_utils.pve import client as pve_client, module as pve_module


def info(site, auth, **params):
    return site.run("proxmox_ct_info", auth=auth, **params)


def test_by_token(site):
    assert info(site, site.auth)["containers"] == []


def test_by_the_full_name_of_a_token(site):
    auth = dict(site.auth, api_token_id="lakehouse@pve!provision", api_user="ignored@pve")
    assert info(site, auth)["containers"] == []


def test_by_password(site):
    site.server.create(109, hostname="kafka")
    result = info(site, site.root_auth())
    assert [container["hostname"] for container in result["containers"]] == ["kafka"]
    assert not site.run("proxmox_ct", auth=site.root_auth(), vmid=109, memory=600).get("failed")


def test_from_the_environment(site, monkeypatch):
    names = {"api_host": "HOST", "api_port": "PORT", "api_user": "USER", "api_token_id": "TOKEN_ID", "api_token_secret": "TOKEN_SECRET",
             "ca_path": "CA_PATH"}
    for option, name in names.items():
        monkeypatch.setenv("PROXMOX_" + name, str(site.auth[option]))
    assert info(site, {})["containers"] == []


def test_a_ticket_that_expires_is_renewed_once(site):
    site.server.create(109, hostname="kafka")
    site.faults.add("expired", reason="", path="/pending$")
    result = site.run("proxmox_ct", auth=site.root_auth(), vmid=109, memory=600)
    assert result["changed"] and site.config(109)["memory"] == "600"
    site.faults.add("expired", reason="", path="/config$", method="PUT", times=9)
    result = site.run("proxmox_ct", auth=site.root_auth(), vmid=109, memory=700)
    assert result.get("failed") and result["status"] == 401, result


def test_a_wrong_token(site):
    result = info(site, dict(site.auth, api_token_secret="0" * 36))
    assert result["failed"] and result["status"] == 401 and "api_token_secret" in result["hint"]


def test_a_wrong_password(site):
    result = info(site, dict(site.root_auth(), api_password="not this one"))
    assert result["failed"] and result["status"] == 401 and "api_password" in result["hint"]
    assert "not this one" not in repr(result)


def test_signing_in_is_tried_again_when_nobody_answers(site):
    site.faults.add("error", status=595, reason="Connection refused", path="/access/ticket", times=2)
    assert info(site, site.root_auth())["containers"] == []
    site.faults.add("error", status=595, reason="Connection refused", path="/access/ticket", times=99)
    result = info(site, site.root_auth())
    assert result["failed"] and result["status"] == 595 and "hint" not in result


def test_an_unknown_ca(site):
    result = info(site, dict(site.auth, ca_path=None))
    assert result["failed"] and "ca_path" in result["hint"] and result["requests"] == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_certificates_can_be_left_unchecked(site, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert info(site, dict(site.auth, ca_path=None, validate_certs=False))["containers"] == []


@pytest.mark.parametrize("how", ["auth", "root_auth"])
def test_proxies_of_the_environment_are_not_used(site, monkeypatch, how):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    auth = site.auth if how == "auth" else site.root_auth()
    assert info(site, auth)["containers"] == []


def test_a_proxy_that_is_given_is_used(site):
    result = info(site, dict(site.auth, api_proxy="http://127.0.0.1:9"))
    assert result["failed"] and "proxy" in result["msg"].lower() and result["requests"] == []


def test_nobody_there(site):
    site.server.stop()
    result = info(site, site.auth)
    assert result["failed"] and "refused" in result["msg"].lower()
    site.server.start()


@pytest.mark.parametrize("auth, words", [
    ({"api_token_secret": None}, "required together"), ({"api_token_id": None, "api_token_secret": None}, "one of the following is required"),
    ({"api_password": "secret 1"}, "mutually exclusive")])
def test_incomplete_credentials(site, auth, words):
    assert words in info(site, {name: value for name, value in dict(site.auth, **auth).items() if value is not None})["msg"]


def test_a_missing_library_is_named(site, monkeypatch):
    monkeypatch.setattr(pve_client, "IMPORT_ERROR", "ImportError: no such thing")
    assert "proxmoxer" in info(site, site.auth)["msg"]


def test_secrets_are_scrubbed():
    client = pve_client.Client.__new__(pve_client.Client)
    client.connection = pve_client.Connection("h", 1, "u@pve", token_id="t", token_secret="abcdef")
    assert client.scrub("it said abcdef") == "it said ********"


def test_the_parts_of_a_task_id():
    assert pve_client.split_upid("UPID:pve:000032C0:0009902B:6B0462BF:vzcreate:109:auto@pve!full:") == ("pve", "vzcreate")
    with pytest.raises(pve_client.PveError):
        pve_client.split_upid("UPID:nonsense")
    assert not pve_client.is_upid(None)


@pytest.mark.parametrize("text, hint", [
    ("Permission check failed (/vms/117, VM.Allocate)", "grant VM.Allocate on /vms/117"),
    ("Permission check failed (/vms/201, VM.Config.Disk|VM.Config.CPU)", "grant VM.Config.Disk|VM.Config.CPU on /vms/201"),
    ("Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)", "keeps this for root@pam"),
    ("Permission check failed", "lacks a privilege"), ("CT is locked (backup)", "pct unlock"), ("cluster not ready - no quorum?", "quorum"),
    ("something else", "")])
def test_hints(text, hint):
    assert hint in pve_client.find_hint(text) and bool(pve_client.find_hint(text)) == bool(hint)


def test_the_whole_message_of_the_server_is_kept(site):
    """The reason phrase, which is all that proxmoxer reads, has the first line only."""
    site.server.create(109, hostname="kafka")
    result = site.run("proxmox_ct", vmid=109, description="x", timezone="Nowhere/At_all")
    assert result["failed"] and "timezone" in result["errors"]


def test_every_module_takes_the_connection_from_the_action_group():
    import pathlib
    import yaml
    root = pathlib.Path(pve_module.__file__).parents[3]
    group = yaml.safe_load((root / "meta" / "runtime.yml").read_text())["action_groups"]["proxmox"]
    assert sorted(group) == sorted(path.stem for path in (root / "plugins" / "modules").glob("proxmox_*.py"))


@pytest.mark.parametrize("why", ["IP address mismatch, certificate is not valid for '127.0.0.2'", "Hostname mismatch, certificate is not valid for 'pve'"])
def test_a_name_that_the_certificate_lacks_is_no_matter_of_its_authority(why):
    hint = pve_client.find_hint("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: %s. (_ssl.c:1016)" % why)
    assert hint.startswith("api_host is not among the names in the server's certificate")
    assert "ca_path" in pve_client.find_hint("certificate verify failed: unable to get local issuer certificate")
