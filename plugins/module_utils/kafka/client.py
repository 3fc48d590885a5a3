# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to a Kafka cluster, signed in by SCRAM over TLS, and plain words for what it refuses."""

from __future__ import annotations

import logging
import time
import traceback

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

try:
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AclOperation, AdminClient

    LIBRARY_ERROR = None
except ImportError:
    LIBRARY_ERROR = traceback.format_exc()

MECHANISM = "SCRAM-SHA-512"
# What the modules return as C(code) when the cluster does not take the password.
WRONG_PASSWORD = "SASL_AUTHENTICATION_FAILED"


def argument_spec():
    """The options that all modules of the group share; see the doc fragment."""
    return {
        "bootstrap_servers": {"type": "list", "elements": "str", "required": True},
        "login_user": {"type": "str", "required": True, "fallback": (env_fallback, ["KAFKA_LOGIN_USER"])},
        "login_password": {"type": "str", "required": True, "no_log": True, "fallback": (env_fallback, ["KAFKA_LOGIN_PASSWORD"])},
        "ca_path": {"type": "path", "fallback": (env_fallback, ["KAFKA_CA_PATH"])},
        "timeout": {"type": "int", "default": 30},
    }


def create_module(**kwargs):
    """Return an AnsibleModule that has the shared options and the library at hand."""
    spec = argument_spec()
    spec.update(kwargs.pop("argument_spec", {}))
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **kwargs)
    if LIBRARY_ERROR:
        module.fail_json(msg=missing_required_lib("confluent-kafka"), exception=LIBRARY_ERROR)
    return module


class Refused(Exception):
    """What is asked for cannot or must not be done; the message says what to do instead."""

    def __init__(self, message, code=""):
        super().__init__(message)
        self.code = code


def run(module, work):
    """Sign in, do C(work(connection)) and leave with its result, or with one exact sentence."""
    try:
        result = work(Connection(module.params))
    except Refused as error:
        module.fail_json(msg=str(error), code=error.code)
    except KafkaException as error:
        module.fail_json(msg=explain(error, module.params), code=error.args[0].name())
    module.exit_json(**result)


class Connection:
    """The library's client for administration, once it is signed in."""

    def __init__(self, params):
        self.params = params
        self.timeout = params["timeout"]
        if params["ca_path"]:
            try:
                with open(params["ca_path"], "rb"):
                    pass
            except OSError as error:
                raise Refused(f"ca_path {params['ca_path']} cannot be read: {error.strerror}") from error
        self.admin, self.cluster = self._sign_in(params["login_user"], params["login_password"], self.timeout)

    def insist_on_sight(self):
        """Refuse to go on without the right to see the cluster's users and rules.

        The library answers a question about rules that was refused with none at all, and one about users with a crash.
        """
        if AclOperation.DESCRIBE not in (self.cluster.authorized_operations or []):
            user = self.params["login_user"]
            raise Refused(f"{user!r} lacks the right to do this on {self._where()}: describe of the cluster", "CLUSTER_AUTHORIZATION_FAILED")

    def settings_as(self, user, password):
        """The library's settings for a client that signs in as someone."""
        settings = {
            "bootstrap.servers": ",".join(self.params["bootstrap_servers"]),
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": MECHANISM,
            "sasl.username": user,
            "sasl.password": password,
            "socket.connection.setup.timeout.ms": 10000,
            "reconnect.backoff.max.ms": 1000,
            "log_level": 0,
            "logger": logging.getLogger(__name__),
        }
        if self.params["ca_path"]:
            settings["ssl.ca.location"] = self.params["ca_path"]
        return settings

    def password_works(self, user, password):
        """Prove a password by signing in with it."""
        try:
            self._sign_in(user, password, self.timeout)
        except Refused as error:
            if error.code == WRONG_PASSWORD:
                return False
            raise
        return True

    def _sign_in(self, user, password, timeout):
        """Return a client and what it says of the cluster. The library tries again and again, so its errors are watched."""
        errors = []
        admin = AdminClient({**self.settings_as(user, password), "error_cb": errors.append})
        answer = admin.describe_cluster(include_authorized_operations=True, request_timeout=timeout)
        deadline = time.monotonic() + timeout
        while not answer.done() and time.monotonic() < deadline:
            admin.poll(0.05)
            for error in errors:
                if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
                    raise self._no_entry(error, user)
        if not answer.done() or answer.exception():
            last = errors[-1].str() if errors else "no answer"
            raise Refused(f"{self._where()} cannot be reached within {timeout} s: {last}", "UNREACHABLE")
        return admin, answer.result()

    def _no_entry(self, error, user):
        if error.code() == KafkaError._AUTHENTICATION:
            return Refused(f"{self._where()} refuses the password of {user!r}, or knows no such user", WRONG_PASSWORD)
        authorities = self.params["ca_path"] or "those of the system; set ca_path"
        return Refused(f"no TLS with {self._where()}: {error.str()} (authorities: {authorities})", "TLS")

    def _where(self):
        return ",".join(self.params["bootstrap_servers"])

    def wait(self, futures):
        """Results of a dictionary of futures by its keys; the first failure is raised."""
        return {key: future.result(timeout=self.timeout) for key, future in futures.items()}


def explain(error, params):
    """Say in one sentence what went wrong and which option to look at."""
    reason = error.args[0]
    where, user = ",".join(params["bootstrap_servers"]), params["login_user"]
    if reason.code() in (
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    ):
        return f"{user!r} lacks the right to do this on {where}: {reason.name()}"
    if reason.code() in (KafkaError._TIMED_OUT, KafkaError.REQUEST_TIMED_OUT):
        return f"{where} did not answer in time: {reason.str()}; raise timeout if it is merely slow"
    return f"{where} answers {reason.name()}: {reason.str()}"
