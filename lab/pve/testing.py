# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Proxmox VE in a thread, for tests: HTTPS on a free port, containers in memory, no delays.

    from lab.pve.testing import PveServer

    with PveServer() as pve:
        pve.host, pve.port, pve.ca_path         # where it listens; the certificate to verify with
        pve.token("auto@pve!full")              # -> secret; makes user and token, with the rights of a provisioner
        pve.token("auto@pve!sep", rights=None)  # ... or with no rights at all
        pve.root_password                       # of root@pam, for tickets
        pve.requests                            # [(method, path)] of every call; pve.writes only POST/PUT/DELETE
        pve.faults.add("error", status=595, reason="Connection refused", path="/config$", times=2)
        pve.faults.add("lost", method="POST")   # 596 after the effect; see lab.pve.faults for all kinds
        pve.faults.add("slow", type="vzcreate", seconds=0.5)
        pve.create(117, hostname="kafka")       # a container without going through HTTP
        pve.node                                # the whole state: pve.node.guests.load(117).current["memory"]

There is a storage `local` (templates, volumes as raw images), a storage `lab` (volumes with snapshots), the bridge
`vmbr0`, and the template TEMPLATE.
"""

import atexit
import secrets
import shutil
import subprocess
import tempfile

from . import server
from .access import split_token
from .backends.memory import MemoryBackend
from .node import LOCAL, Node

TEMPLATE_FILE = "debian-12-gti_12_amd64.tar.zst"
TEMPLATE = "local:vztmpl/" + TEMPLATE_FILE
STORAGES = {"local": LOCAL, "lab": {"type": "zfspool", "pool": "lab", "content": "images,rootdir"}}

# What a provisioning token needs (role by path).
PROVISIONER = {
    "/vms": "VM.Allocate VM.Audit VM.PowerMgmt VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network "
            "VM.Config.Options VM.Snapshot VM.Snapshot.Rollback VM.Backup VM.Clone",
    "/storage": "Datastore.AllocateSpace Datastore.Audit Datastore.AllocateTemplate",
    "/pool": "Pool.Audit Pool.Allocate",
    "/sdn/zones/localnetwork": "SDN.Use SDN.Audit",
    "/nodes/pve": "Sys.AccessNetwork Sys.Audit",
}

_CERTIFICATE = {}


def certificate():
    """(cert, key) of a self-signed certificate for localhost, made once per process."""
    if not _CERTIFICATE:
        folder = tempfile.mkdtemp(prefix="pve-test-")
        cert, key = folder + "/cert.pem", folder + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert,
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _CERTIFICATE.update(cert=cert, key=key)
    return _CERTIFICATE["cert"], _CERTIFICATE["key"]


class PveServer:
    """See the module's text. Keyword arguments go to Node."""

    host = "127.0.0.1"

    def __init__(self, backend=None, template=TEMPLATE_FILE, **options):
        options.setdefault("auth_delay", 0.0)
        options.setdefault("lock_timeout", 0.2)
        options.setdefault("grace", 0.2)
        options.setdefault("storages", {name: dict(entry) for name, entry in STORAGES.items()})
        self.backend = backend or MemoryBackend()
        if template:
            self.backend.add_template("local", template)
        self.node = Node(self.backend, **options)
        self.root_password = secrets.token_hex(8)
        self.node.access.set_password("root@pam", self.root_password)
        self.faults = self.node.faults
        self.server = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()

    def start(self):
        cert, key = certificate()
        self.ca_path = cert
        self.server = server.Server((self.host, 0), self.node, server.tls_context(cert, key))
        self.port = self.server.server_address[1]
        self.server.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.node.close()

    @property
    def url(self):
        return "https://%s:%d/api2/json" % (self.host, self.port)

    def token(self, authid, rights=(), privsep=False):
        """The secret of a (new) token. `rights` are granted to its user: {path: privileges}, or None for none at all.

        Left out, they are a provisioner's.
        """
        user, name = split_token(authid)
        access = self.node.access
        if user not in access.users:
            access.add_user(user)
        self.grant(user, PROVISIONER if rights == () else rights or {})
        return access.add_token(user, name, privsep)

    def grant(self, ugid, rights):
        """Grant privileges by path; replaces what was granted there before."""
        access = self.node.access
        kind = "token" if "!" in ugid else "user"
        for path, privileges in rights.items():
            role = "Test-" + "".join(letter if letter.isalnum() else "-" for letter in ugid + path)
            access.roles[role] = frozenset(privileges.split())
            access.grant(path, ugid, role, kind)

    def create(self, vmid, start=False, storage="lab", size=1, **config):
        """A container made directly, with the defaults of a create; values as the file holds them (text)."""
        node = self.node
        node.guests.reserve(vmid)
        conf = node.guests.load(vmid)
        del conf.current["lock"]
        volid = node.storage.allocate(storage, vmid, size << 30)
        conf.current.update({"hostname": "CT%s" % vmid, "memory": "512", "swap": "512", "arch": "amd64",
                             "ostype": "debian", "unprivileged": "1", "rootfs": "%s,size=%dG" % (volid, size)})
        conf.current.update({name: str(value) for name, value in config.items()})
        node.guests.save(vmid, conf)
        if start:
            self.backend.start(None, vmid, conf.current)

    def config(self, vmid):
        """The current section of a container's file."""
        return self.node.guests.load(vmid).current

    @property
    def requests(self):
        return list(self.node.requests)

    @property
    def writes(self):
        return [(method, path) for method, path in self.node.requests if method != "GET"]

    def forget_requests(self):
        self.node.requests.clear()


__all__ = ["PROVISIONER", "PveServer", "TEMPLATE", "TEMPLATE_FILE"]
