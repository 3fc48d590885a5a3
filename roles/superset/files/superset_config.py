# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Superset's settings: what holds on every site. The site's own are in settings.json beside it, and have the last word."""

import json
import pathlib
from datetime import timedelta

import flask_babel
from cachelib.redis import RedisCache
from redis import Redis
from superset.security import SupersetSecurityManager

HERE = pathlib.Path(__file__).parent
SITE = json.loads((HERE / "settings.json").read_text())
REDIS_SOCKET = SITE["redis_socket"]


def redis_url(database, scheme="unix"):
    return f"{scheme}://{REDIS_SOCKET}?db={database}"


# Signs sessions, and encrypts the passwords of connections that the database keeps. Until those are encrypted by a new one
# (superset_setup.py does that), the key in use is another.
SECRET_KEY = (HERE / "secret_key").read_text().strip()
KEY_IN_USE = pathlib.Path(SITE["state"]) / "secret_key_in_use"
if KEY_IN_USE.exists() and KEY_IN_USE.read_text() != SECRET_KEY:
    PREVIOUS_SECRET_KEY = KEY_IN_USE.read_text()

# The password is in the account's .pgpass.
SQLALCHEMY_DATABASE_URI = SITE["database_uri"]
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": SITE["threads"], "max_overflow": 4, "pool_pre_ping": True, "pool_recycle": 1800}

# What signing in costs an attacker, at the page and at the API (see limit_api_login), and what a session is worth: it lives
# in Redis, so that who signs out is out, and its name is signed, so that nobody brings their own.
RATELIMIT_STORAGE_URI = redis_url(0, "redis+unix")
AUTH_RATE_LIMIT = "10 per minute"
SESSION_SERVER_SIDE = True
SESSION_TYPE = "redis"
SESSION_REDIS = Redis(unix_socket_path=REDIS_SOCKET, db=1)
SESSION_USE_SIGNER = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
WTF_CSRF_TIME_LIMIT = int(timedelta(hours=12).total_seconds())
JWT_ACCESS_TOKEN_EXPIRES = timedelta(minutes=15)

# Pages load from here alone, and only over TLS, which gunicorn speaks itself.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": True,
    "strict_transport_security_max_age": int(timedelta(days=30).total_seconds()),
    "strict_transport_security_include_subdomains": False,
}


class SecurityManager(SupersetSecurityManager):
    """The API for users and roles is the administrators'; Superset would hand it to everyone who may see a chart."""

    ADMIN_ONLY_VIEW_MENUS = SupersetSecurityManager.ADMIN_ONLY_VIEW_MENUS | {"Permission", "PermissionViewMenu", "Role", "User", "ViewMenu"}


# Nobody registers, and nobody sees anything without signing in.
CUSTOM_SECURITY_MANAGER = SecurityManager
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
FAB_ADD_SECURITY_API = True
FAB_API_SWAGGER_UI = False
ENABLE_PROXY_FIX = False

# Answers are kept in Redis; how long is said again by each dataset that is fresher.
CACHE_CONFIG = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_url(0), "CACHE_KEY_PREFIX": "meta_", "CACHE_DEFAULT_TIMEOUT": 86400}
DATA_CACHE_CONFIG = dict(CACHE_CONFIG, CACHE_KEY_PREFIX="data_", CACHE_DEFAULT_TIMEOUT=300)
FILTER_STATE_CACHE_CONFIG = dict(CACHE_CONFIG, CACHE_KEY_PREFIX="filter_", CACHE_DEFAULT_TIMEOUT=90 * 86400)
EXPLORE_FORM_DATA_CACHE_CONFIG = dict(CACHE_CONFIG, CACHE_KEY_PREFIX="explore_", CACHE_DEFAULT_TIMEOUT=7 * 86400)
# What queries in the background found, for who comes back.
RESULTS_BACKEND = RedisCache(host=Redis(unix_socket_path=REDIS_SOCKET), key_prefix="results_", default_timeout=86400)

FEATURE_FLAGS = {
    # Where queries run as who is signed in, nobody is shown what another one was.
    "CACHE_IMPERSONATION": True,
    # Both need a browser beside Superset, and mail.
    "ALERT_REPORTS": False,
    "THUMBNAILS": False,
    "DASHBOARD_NATIVE_FILTERS": True,
    "DASHBOARD_CROSS_FILTERS": True,
    "DRILL_BY": True,
    "DRILL_TO_DETAIL": True,
    "EMBEDDED_SUPERSET": False,
    # Templates in queries run on the server.
    "ENABLE_TEMPLATE_PROCESSING": False,
}
PREVENT_UNSAFE_DB_CONNECTIONS = True
# Of the databases of the platform; a file of the server's own disk is none.
ROW_LIMIT = 10000
SQL_MAX_ROW = 100000
SQLLAB_TIMEOUT = 60
SUPERSET_WEBSERVER_TIMEOUT = 90
UPLOAD_EXTENSIONS: list = []
ALLOWED_EXTENSIONS: set = set()


# A day begins at midnight of Trino's session, as in the filters that Superset writes. A plain cast of an instant would be in UTC.
LOCAL = "CAST(at_timezone(CAST({col} AS TIMESTAMP(6) WITH TIME ZONE), current_timezone()) AS TIMESTAMP(6))"
GRAINS = {"PT1S": "second", "PT1M": "minute", "PT1H": "hour", "P1D": "day", "P1W": "week", "P1M": "month", "P3M": "quarter", "P1Y": "year"}
TIME_GRAIN_ADDON_EXPRESSIONS = {
    "trino": {
        **{grain: f"date_trunc('{unit}', {LOCAL})" for grain, unit in GRAINS.items()},
        "1969-12-28T00:00:00Z/P1W": f"date_trunc('week', {LOCAL} + interval '1' day) - interval '1' day",
        "1969-12-29T00:00:00Z/P1W": f"date_trunc('week', {LOCAL})",
        "P1W/1970-01-03T00:00:00Z": f"date_trunc('week', {LOCAL} + interval '1' day) + interval '5' day",
        "P1W/1970-01-04T00:00:00Z": f"date_trunc('week', {LOCAL}) + interval '6' day",
    }
}


def as_whom(url, parameters, username, manager, source):
    """Where queries run as who is signed in: the platform's own accounts are nobody in Trino, and ask as Superset's user there. Trino
    knows by the source what is a dashboard's. A host that is away is given up soon; one that starts is asked again."""
    arguments = parameters.setdefault("connect_args", {})
    if username in SITE["own_accounts"]:
        arguments.pop("user", None)
    arguments["source"] = "superset-sql-lab" if getattr(source, "name", None) == "SQL_LAB" else "superset"
    arguments.setdefault("request_timeout", (5, 30))
    return url, parameters


DB_CONNECTION_MUTATOR = as_whom

APP_NAME = "Lakehouse"
LANGUAGES = {"pt_BR": {"flag": "br", "name": "Português (Brasil)"}, "en": {"flag": "us", "name": "English"}}
BABEL_DEFAULT_LOCALE = "pt_BR"
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["R$ ", ""]}
CURRENCIES = ["BRL", "USD", "EUR"]

LOG_LEVEL = "WARNING"
ENABLE_TIME_ROTATE = False


class CeleryConfig:
    """For the worker, where the site has one; without it nothing is ever put there."""

    broker_url = f"redis+socket://{REDIS_SOCKET}?virtual_host=2"
    result_backend = f"redis+socket://{REDIS_SOCKET}?virtual_host=2"
    imports = ("superset.sql_lab", "superset.tasks.cache", "superset.tasks.scheduler")
    broker_connection_retry_on_startup = True
    worker_prefetch_multiplier = 1
    task_acks_late = True
    beat_schedule: dict = {}


CELERY_CONFIG = CeleryConfig


def or_in_english(gettext):
    """Some translations name variables that there are none of, and what they speak of would fail: in Portuguese all of SQL Lab."""

    def translate(domain, text, **variables):
        try:
            return gettext(domain, text, **variables)
        except (KeyError, TypeError, ValueError):
            return text % variables

    return translate


flask_babel.Domain.gettext = or_in_english(flask_babel.Domain.gettext)

# What the release leaves in English, or says wrongly ("Registrar" on the button to sign in). A list has singular and plural.
TRANSLATIONS = json.loads((HERE / "translations.json").read_text())


def with_our_words(get_translations):
    """On the pages that the server writes."""

    def translations(domain):
        found, ours = get_translations(domain), TRANSLATIONS.get(str(flask_babel.get_locale()), {})
        found._catalog.update({text: said for text, said in ours.items() if isinstance(said, str)})
        return found

    return translations


flask_babel.Domain.get_translations = with_our_words(flask_babel.Domain.get_translations)


def our_words(bootstrap):
    """On those that the browser writes, by the pack of its language."""
    ours, pack = TRANSLATIONS.get(str(bootstrap["locale"])), bootstrap["language_pack"]
    if not ours or not pack:
        return {}
    words = {text: [said] if isinstance(said, str) else said for text, said in ours.items()}
    return {"language_pack": {**pack, "locale_data": {"superset": {**pack["locale_data"]["superset"], **words}}}}


COMMON_BOOTSTRAP_OVERRIDES_FUNC = our_words


def limit_api_login(app):
    """The API's own way to sign in is not limited by AUTH_RATE_LIMIT."""
    name = "SecurityApi.login"
    limit = app.appbuilder.sm.limiter.limit(SITE["api_login_limit"], methods=["POST"])
    app.view_functions[name] = limit(app.view_functions[name])


FLASK_APP_MUTATOR = limit_api_login

globals().update(SITE["settings"])
