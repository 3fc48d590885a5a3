# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to MinIO's two APIs, S3 and administration, and plain words for what they refuse."""

from __future__ import annotations

import json
import traceback
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

try:
    import certifi
    import urllib3
    from minio import Minio, MinioAdmin
    from minio.credentials import StaticProvider
    from minio.error import MinioAdminException, MinioException, S3Error

    SDK_ERROR = None
    ERRORS = (MinioException, MinioAdminException, urllib3.exceptions.HTTPError, ValueError)
except ImportError:
    SDK_ERROR = traceback.format_exc()
    ERRORS = ()


def argument_spec():
    """The options that all modules of the group share; see the doc fragment."""
    return {
        "endpoint": {"type": "str", "required": True, "fallback": (env_fallback, ["MINIO_ENDPOINT"])},
        "access_key": {"type": "str", "required": True, "fallback": (env_fallback, ["MINIO_ACCESS_KEY"]), "no_log": False},
        "secret_key": {"type": "str", "required": True, "fallback": (env_fallback, ["MINIO_SECRET_KEY"]), "no_log": True},
        "region": {"type": "str", "default": "us-east-1", "fallback": (env_fallback, ["MINIO_REGION"])},
        "ca_path": {"type": "path", "fallback": (env_fallback, ["MINIO_CA_PATH"])},
        "validate_certs": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 30},
    }


def create_module(**kwargs):
    """Return an AnsibleModule that has the shared options and the SDK at hand."""
    spec = argument_spec()
    spec.update(kwargs.pop("argument_spec", {}))
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **kwargs)
    if SDK_ERROR:
        module.fail_json(msg=missing_required_lib("minio"), exception=SDK_ERROR)
    return module


class Refused(Exception):
    """What is asked for cannot or must not be done; the message says what to do instead."""


def run(module, work):
    """Connect, do C(work(connection)) and leave with its result, or with one exact sentence."""
    try:
        connection = Connection(module.params)
        result = work(connection)
    except Refused as error:
        module.fail_json(msg=str(error))
    except ERRORS as error:
        module.fail_json(msg=explain(error, module.params), code=error_code(error))
    module.exit_json(**result)


class Connection:
    """Both clients of the SDK over one pool of connections."""

    def __init__(self, params):
        self.params = params
        self.address, self.secure = parse_endpoint(params["endpoint"])
        ca_path = params.get("ca_path")
        if ca_path:
            try:
                with open(ca_path, "rb"):
                    pass
            except OSError as error:
                raise Refused(f"ca_path {ca_path} cannot be read: {error.strerror}") from error
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=min(params["timeout"], 10), read=params["timeout"]),
            cert_reqs="CERT_REQUIRED" if params["validate_certs"] else "CERT_NONE",
            ca_certs=ca_path or certifi.where(),
            # A server that is still starting answers 503. What was sent may be sent again: every call is idempotent. What is signed for this
            # server goes to no other.
            retries=urllib3.Retry(connect=1, read=0, redirect=0, status=5, other=0, backoff_factor=0.2, status_forcelist=[503]),
        )
        if not params["validate_certs"]:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.s3 = self.s3_as(params["access_key"], params["secret_key"])
        self.admin = MinioAdmin(
            endpoint=self.address,
            credentials=StaticProvider(params["access_key"], params["secret_key"]),
            region=params["region"],
            secure=self.secure,
            http_client=self._pool,
        )

    def s3_as(self, access_key, secret_key):
        """An S3 client that signs as someone else."""
        return Minio(
            self.address,
            access_key=access_key,
            secret_key=secret_key,
            region=self.params["region"],
            secure=self.secure,
            http_client=self._pool,
        )

    def raw(self, bucket, aspect, absent):
        """What the server holds of an aspect of a bucket, as it says it; None where it answers the error C(absent).

        The SDK's own calls leave out what they do not know.
        """
        try:
            return self.s3._execute("GET", bucket, query_params={aspect: ""}).data.decode()
        except S3Error as error:
            if error.code == absent:
                return None
            raise

    def secret_works(self, access_key, secret_key):
        """Prove a secret by a signed request. Being denied proves it too: the signature was right."""
        try:
            self.s3_as(access_key, secret_key).list_buckets()
        except S3Error as error:
            if error.code == "AccessDenied":
                return True
            if error.code in ("SignatureDoesNotMatch", "InvalidAccessKeyId"):
                return False
            raise
        return True


def parse_endpoint(endpoint):
    """Split a URL into (host:port, whether TLS is used)."""
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Refused(f"endpoint {endpoint!r} is not a URL such as https://minio.example.org:9000")
    if url.path not in ("", "/") or url.query or url.fragment or url.username:
        raise Refused(f"endpoint {endpoint!r} may hold a scheme, a host and a port, nothing else")
    return url.netloc, url.scheme == "https"


def error_code(error):
    """The name that the server gives to an error, such as AccessDenied; empty when it gave none."""
    if isinstance(error, S3Error):
        return error.code or ""
    if isinstance(error, MinioAdminException):
        return _admin_answer(error).get("Code", "")
    return ""


def _admin_answer(error):
    try:
        answer = json.loads(error.args[0].split("Body: ", 1)[1])
    except (IndexError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}


def explain(error, params):
    """Say in one sentence what went wrong and which option to look at."""
    endpoint, account = params["endpoint"], params["access_key"]
    if isinstance(error, urllib3.exceptions.HTTPError):
        return _explain_transport(error, endpoint, params)

    code = error_code(error)
    if code == "InvalidAccessKeyId":
        return f"{endpoint} knows no enabled account {account!r}: check access_key"
    if code == "SignatureDoesNotMatch":
        return f"{endpoint} refuses the secret of {account!r}: check secret_key"
    if code == "AccessDenied":
        return f"{account!r} lacks the right to do this on {endpoint}: {_message(error)}"
    if code in ("AuthorizationHeaderMalformed", "InvalidRegion", "XMinioInvalidRegion"):
        return f"{endpoint} is not in the region {params['region']!r}: check region. It says: {_message(error)}"
    if code == "RequestTimeTooSkewed":
        return f"the clocks of {endpoint} and of this host differ too much: {_message(error)}"
    if code:
        return f"{endpoint} answers {code}: {_message(error)}"
    return f"{endpoint}: {error}"


def _message(error):
    if isinstance(error, S3Error):
        return error.message or ""
    return _admin_answer(error).get("Message", "")


def _explain_transport(error, endpoint, params):
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, urllib3.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(reason):
            authorities = params.get("ca_path") or "those of the Python package certifi; set ca_path"
            return f"the certificate of {endpoint} is not trusted: {reason} (authorities: {authorities})"
        return f"no TLS with {endpoint}: {reason}"
    return f"{endpoint} cannot be reached: {reason}"
