#!/usr/bin/python
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_certificate
short_description: Sign a service's certificate, where its request asks for what was decided
version_added: 0.1.0
author:
  - The gti.lakehouse authors (@gti)
description:
  - Signs with the site's authority. Runs where the authority's key is; the service's own key stays on its host, which sends a request alone.
  - The subject and the names are those of this module's options. A request that asks for another subject, for more or fewer names, for
    any other extension, or with a key of another kind is refused, and the message says what it asked for.
  - The extensions of the certificate are this module's own (a server and client, and no authority), whatever the request says.
  - Needs no file but the authority's, and writes none.
extends_documentation_fragment:
  - gti.lakehouse.attributes
attributes:
  check_mode:
    details: It signs in check mode too, as nothing is written.
  diff_mode:
    support: none
requirements:
  - cryptography
options:
  request:
    description: The request (CSR), in PEM. Its key has to be of the curve secp256r1.
    type: str
    required: true
  common_name:
    description: The subject's common name.
    type: str
    required: true
  names:
    description: Names and addresses of the certificate, each like V(DNS:trino.example.org) or V(IP:192.0.2.4).
    type: list
    elements: str
    required: true
  valid_days:
    description: Days for which the certificate holds.
    type: int
    required: true
  ca_path:
    description: File of the authority's certificate, in PEM.
    type: path
    required: true
  ca_key_path:
    description: File of the authority's key, in PEM, encrypted.
    type: path
    required: true
  ca_passphrase:
    description: Passphrase of the authority's key.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Sign it with the site's authority
  gti.lakehouse.service_certificate:
    request: "{{ request['csr'] }}"
    common_name: trino.lakehouse.internal
    names: ["DNS:trino.lakehouse.internal", "IP:192.0.2.4"]
    valid_days: 397
    ca_path: /root/site/.secrets/ca/ca.crt
    ca_key_path: /root/site/.secrets/ca/ca.key
    ca_passphrase: "{{ vault_ca_passphrase }}"
  delegate_to: localhost
  register: signed
"""

RETURN = r"""
certificate:
  description: The certificate, in PEM.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----..."
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.gti.lakehouse.plugins.module_utils import certificate_authority


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    module = AnsibleModule(
        argument_spec={
            "request": {"type": "str", "required": True}, "common_name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True}, "valid_days": {"type": "int", "required": True},
            "ca_path": {"type": "path", "required": True}, "ca_key_path": {"type": "path", "required": True, "no_log": False},
            "ca_passphrase": {"type": "str", "required": True, "no_log": True}},
        supports_check_mode=True)
    if certificate_authority.LIBRARY_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography"), exception=certificate_authority.LIBRARY_ERROR)
    decided = module.params["common_name"], module.params["names"]
    try:
        request = certificate_authority.check_request(module.params["request"], *decided)
        authority = certificate_authority.load_authority(
            read(module.params["ca_path"]), read(module.params["ca_key_path"]), module.params["ca_passphrase"])
        certificate = certificate_authority.sign(request.public_key(), *decided, *authority, module.params["valid_days"])
    except certificate_authority.Refused as error:
        module.fail_json(msg="%s." % error)
    except ValueError as error:
        module.fail_json(msg="The names of %s cannot be those of a certificate: %s" % (module.params["common_name"], error))
    except OSError as error:
        module.fail_json(msg="%s: %s" % (error.filename, error.strerror))
    module.exit_json(changed=True, certificate=certificate)


if __name__ == "__main__":
    main()
