# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Proxmox-compatible API: its CA and certificate, its token, and its daemon."""

from __future__ import annotations

import hashlib
import ssl
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from lab.host import daemon, settings
from lab.host.shell import Failure, run

FOLDER = settings.STATE / 'api'
CA, CA_KEY = FOLDER / 'ca.crt', FOLDER / 'ca.key'
CERTIFICATE, KEY = FOLDER / 'server.crt', FOLDER / 'server.key'
TOKEN = FOLDER / 'token'
PID_FILE = FOLDER / 'pid'
BUILT_FROM = FOLDER / 'built-from'
MARK = 'lab.pve'
TOKEN_ID = 'lakehouse@pve!ansible'
LOG = settings.LOG / 'api.log'
URL = f'https://{settings.HOST_ADDRESS}:{settings.API_PORT}/api2/json'
NAMES = f'IP:{settings.HOST_ADDRESS},IP:127.0.0.1,DNS:localhost,DNS:pve.{settings.DOMAIN}'
SOON = str(30 * 86400)


def command() -> list[str]:
    return ['/usr/bin/python3', '-m', MARK, '--state-dir', str(settings.STATE),
            '--listen', settings.HOST_ADDRESS, '--port', str(settings.API_PORT),
            '--cert', str(CERTIFICATE), '--key', str(KEY), '--token-file', str(TOKEN)]


def credentials() -> None:
    """Make the CA, the certificate and the token where they are missing, damaged or about to end."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o700)
    if not _holds(CA, CA_KEY):
        run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc',
            '-days', '3650', '-subj', '/CN=gti.lakehouse lab API CA', '-keyout', CA_KEY, '-out', CA)
        CERTIFICATE.unlink(missing_ok=True)
    if not _holds(CERTIFICATE, KEY):
        run('openssl', 'req', '-x509', '-CA', CA, '-CAkey', CA_KEY, '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:P-256', '-noenc', '-days', '825', '-subj', f'/CN={settings.HOST_ADDRESS}',
            '-addext', f'subjectAltName={NAMES}', '-addext', 'basicConstraints=critical,CA:false',
            '-addext', 'extendedKeyUsage=serverAuth', '-keyout', KEY, '-out', CERTIFICATE)
    if not TOKEN.exists() or not TOKEN.read_text(encoding='utf-8').strip():
        TOKEN.touch(mode=0o600)
        TOKEN.write_text(f'{uuid.uuid4()}\n', encoding='utf-8')


def _holds(certificate: Path, key: Path) -> bool:
    if not key.exists() or not certificate.exists():
        return False
    return run('openssl', 'x509', '-checkend', SOON, '-noout', '-in', certificate, check=False).returncode == 0


def fingerprint() -> str:
    """What the daemon runs: this checkout's code and the certificate. Anything else means a restart."""
    digest = hashlib.sha256(str(settings.REPO).encode() + CERTIFICATE.read_bytes() + TOKEN.read_bytes())
    for source in sorted((settings.REPO / 'lab/pve').rglob('*.py')):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def answers() -> bool:
    """Whether the API takes our token over TLS that we trust."""
    request = urllib.request.Request(f'{URL}/version', headers=authorization())
    try:
        context = ssl.create_default_context(cafile=str(CA))
        with opener(context).open(request, timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def authorization() -> dict[str, str]:
    return {'Authorization': f"PVEAPIToken={TOKEN_ID}={TOKEN.read_text(encoding='utf-8').strip()}"}


class Straight(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was given, or nowhere."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


def opener(context: ssl.SSLContext) -> urllib.request.OpenerDirector:
    """The lab is on this machine: a proxy of the site must not come between."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), Straight, urllib.request.HTTPSHandler(context=context))


def up() -> None:
    credentials()
    wanted = fingerprint()
    current = BUILT_FROM.read_text(encoding='utf-8') if BUILT_FROM.exists() else ''
    if current == wanted and daemon.alive(PID_FILE, MARK) and answers():
        return
    down()
    process = daemon.start(command(), PID_FILE, LOG, settings.REPO)
    deadline = time.monotonic() + 20
    while not answers():
        if time.monotonic() > deadline or process.poll() is not None:
            raise Failure(f"The lab's API did not come up; the end of {LOG}:\n{daemon.tail(LOG)}")
        time.sleep(0.1)
    BUILT_FROM.write_text(wanted, encoding='utf-8')


def down() -> None:
    daemon.stop(PID_FILE, MARK)
    BUILT_FROM.unlink(missing_ok=True)
