"""Django's settings. What differs between two installations comes from the environment, through `env.py`."""

import os
import sys
from pathlib import Path

from csp.constants import NONE, SELF

from simportal import env

BASE_DIR = Path(__file__).resolve().parent.parent

try:
    ENV = env.read_environment(os.environ, BASE_DIR)
except env.BadSetting as refusal:
    print(refusal, file=sys.stderr)
    sys.exit(2)

DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = ENV.secret_key_fallbacks
ALLOWED_HOSTS = ENV.allowed_hosts
SIMPORTAL_TODAY = ENV.today
PORT = ENV.port
PORTAL_URL = ENV.portal_url
PROXIES = ENV.proxies
FORWARDED_ALLOW_IPS = ENV.forwarded_allow_ips
STAFF_TOTP = ENV.staff_totp
REDIS_URL = ENV.redis_url
METRICS_TOKEN = ENV.metrics_token
globals().update(ENV.kept)  # REAL_NAME_YEARS and the others of `env.KEPT`

INSTALLED_APPS = [
    "simportal",
    "simportal.api",
    "billing.bills",
    "billing",
    "billing.guest",
    "cards.carriers",
    "cards",
    "simportal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_filters",
    "django_htmx",
]

MIDDLEWARE = [
    "simportal.request_lines.request_lines",
    "simportal.request_times.request_times",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "simportal.private.private",
    "csp.middleware.CSPMiddleware",
    "simportal.visits.visits",
    "simportal.outage.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "simportal.uploads.uploads",
    "simportal.readable.readable",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cards.people.middleware.people",
    "simportal.refusals.worded",
]

ROOT_URLCONF = "simportal.urls"
WSGI_APPLICATION = "simportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "simportal.context_processors.version",
            ],
        },
    },
]

# Where the database, the static files and a local secret live while the portal runs. Never in the repository.
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

DATABASES = {"default": ENV.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Carriers: the keys under which accounts keep their secrets; with DEBUG one is made once on this machine

CARRIER_KEY = ENV.carrier_key or (env.carrier_key_of_this_machine(VAR_DIR) if DEBUG else [])
CARRIER_EGRESS_NOTE = ENV.carrier_egress_note
WEBHOOK_LOOPBACK = ENV.webhook_loopback

# People

AUTHENTICATION_BACKENDS = ["cards.backends.NameOrPhone"]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Language and time

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "simportal" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# Static files: straight from the source with DEBUG, hashed and compressed by `collectstatic` in service

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
# What people upload, and what is written for them to fetch: never served by an address of its own.
MEDIA_ROOT = VAR_DIR / "files"
# What is still arriving lies beside it: on the same disk, so that a large file is moved there and not copied.
FILE_UPLOAD_TEMP_DIR = MEDIA_ROOT / "arriving"
MEDIA_ROOT.mkdir(mode=0o750, exist_ok=True)
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o750, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o640
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "simportal.static_files.OfThisVersion"
    },
}

# What a browser may do with our pages: nothing inline or evaluated, nothing from elsewhere, in nobody's frame

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "simportal.refusals.stale_form"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = ENV.kept["SESSION_DAYS"] * 24 * 3600
if not DEBUG:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# Money: whether the portal's own payment page takes payments, beside the accounts at providers. Nobody pays real money
# there, so in service it does not.

LOCAL_PAYMENTS = DEBUG

# Mail: without a server it goes into files with DEBUG, and nowhere in service; nor without an address for its links

SENDS_MAIL = bool(PORTAL_URL and (DEBUG or ENV.mail_server))
DEFAULT_FROM_EMAIL = ENV.mail_from
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = 20
if ENV.mail_server:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = ENV.mail_server.host
    EMAIL_PORT = ENV.mail_server.port
    EMAIL_HOST_USER = ENV.mail_server.user
    EMAIL_HOST_PASSWORD = ENV.mail_server.password
    EMAIL_USE_SSL = ENV.mail_server.security == "tls"
    EMAIL_USE_TLS = ENV.mail_server.security == "starttls"
else:
    EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if DEBUG else 'dummy'}.EmailBackend"

# Background work: simportal/celery.py reads what begins with CELERY_

CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
if CELERY_BROKER_URL.startswith("rediss://"):
    CELERY_BROKER_URL += "?ssl_cert_reqs=required"  # left to itself, kombu believes any certificate
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "simportal.beat:Bells"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False

# The log of the running program goes to stderr; simportal/logs.py says what is in a line.

LOG_FORMAT = ENV.log_format
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "simportal.logs.Text", "fmt": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "simportal.logs.OneObject"},
    },
    "filters": {"mistakes": {"()": "simportal.logs.MistakesAlone"}},
    "handlers": {"stderr": {"()": "simportal.logs.Stderr", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.request": {"filters": ["mistakes"]},
        "django.security": {"level": "CRITICAL"},  # what is refused stands in the request's own line
        "urllib3": {"level": "ERROR"},
        "simportal": {"level": "INFO"},
        # Whoever reads text watches a terminal.
        "simportal.request_lines": {"level": "INFO" if LOG_FORMAT == "json" else "WARNING"},
        "cards": {"level": "INFO"},
        "billing": {"level": "INFO"},
    },
}

# What went wrong is also told to a Sentry of one's own, if there is one: simportal/sentry.py

SENTRY_DSN = ENV.sentry_dsn
