"""Settings, all from the environment; the safe value is the default one."""

from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from crm_handoff import admin_theme, environment

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.flag(
    "DEBUG", False, "Show tracebacks and serve files unhashed. Never on a server."
)
DEMO = environment.flag("DEMO", False, "Allow the demo organization and its published logins.")
INSECURE_SECRET_KEY = "insecure-key-for-development-only"  # noqa: S105 - refused below
SECRET_KEY = environment.text(
    "SECRET_KEY",
    INSECURE_SECRET_KEY,
    "Signs sessions, seals webhooks' secrets; 50 random characters.",
)
SECRET_KEY_FALLBACKS = environment.names(
    "SECRET_KEY_FALLBACKS", "", "Earlier values of SECRET_KEY that still open what they sealed."
)
if not DEBUG and SECRET_KEY == INSECURE_SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is the published default: set one of your own.")

ALLOWED_HOSTS = environment.names(
    "ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", "Host names that the product answers to."
)
SITE_URL = environment.address(
    "SITE_URL", "http://localhost:8000", "Where people reach the product; links in messages."
)
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "crm_handoff.apps.HandoffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "definitions",
    "leads",
    "routing",
    "crm_handoff",
    "crm_handoff.integrations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm_handoff.web.zones.PersonalZoneMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "crm_handoff.urls"
WSGI_APPLICATION = "crm_handoff.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm_handoff.web.navigation.navigation",
            ],
            "libraries": {"web": "crm_handoff.web.tags"},
        },
    },
]

# Database: short limits, so that one stuck session cannot hold the others up.

DATABASES = {
    "default": environment.database("DATABASE_URL", "The PostgreSQL database (15 or newer).")
    | {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": " ".join(
                (
                    "-c lock_timeout=5s",
                    "-c idle_in_transaction_session_timeout=60s",
                    "-c timezone=UTC",
                    # Compiling a plan takes longer than any statement of a page.
                    "-c jit=off",
                )
            ),
            "connect_timeout": 5,
            # Queries of `leads.bulk` alone: others bind their values in the client.
            "prepare_threshold": 2,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Celery executes; PostgreSQL remembers. Nothing is lost when the broker is.

BROKER_URL = environment.broker("BROKER_URL", "The Redis or Valkey broker of the Celery workers.")
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_TIME_LIMIT = 30
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000
# Else each task would open a connection of its own, which costs more than most tasks do.
CELERY_DB_REUSE_MAX = 10_000
CELERY_TASK_DEFAULT_QUEUE = "work"

# People.

AUTH_USER_MODEL = "crm_handoff.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "web:login"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "web:login"
AXES_FAILURE_LIMIT = environment.number(
    "LOGIN_FAILURE_LIMIT",
    10,
    "Failed sign-ins of one person from one address before a pause.",
    at_least=1,
)
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# Not “email”, axes' guess from the model: the form and the backends call it so.
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "crm_handoff.people.pauses.counted_as"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "web/locked_out.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_IPWARE_PROXY_COUNT = environment.number(
    "PROXY_COUNT", 0, "Trusted proxies in front; decides which address a request came from."
)

# Transport.

HTTPS_ONLY = environment.flag(
    "HTTPS_ONLY",
    not (DEBUG or DEMO),
    "Redirect to HTTPS and send cookies over HTTPS alone; false with DEBUG or DEMO.",
)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if AXES_IPWARE_PROXY_COUNT else None
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"

# Strict on the product's own pages; the admin's views widen it for Unfold's Alpine build.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Files, language, time.

STATIC_URL = "static/"
STATIC_ROOT = Path(
    environment.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"), "Folder of collected files.")
)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Messages.

EMAIL_BACKEND = environment.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend",
    "Python path of the e-mail backend.",
)
EMAIL_HOST = environment.text("EMAIL_HOST", "localhost", "SMTP server.")
EMAIL_PORT = environment.number("EMAIL_PORT", 25, "SMTP port.", at_least=1)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER", "", "SMTP user.")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD", "", "SMTP password.")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS", False, "STARTTLS on the SMTP connection.")
EMAIL_TIMEOUT = 10
EMAIL_FILE_PATH = environment.text(
    "EMAIL_FILE_PATH", str(BASE_DIR / ".local" / "mail"), "Folder of the file e-mail backend."
)
DEFAULT_FROM_EMAIL = environment.text(
    "DEFAULT_FROM_EMAIL", "CRM Handoff <handoff@localhost>", "Sender of the product's messages."
)

# Imports.

UPLOAD_LIMIT_MB = environment.number(
    "UPLOAD_LIMIT_MB", 200, "Largest file that people can send to import, in MB.", at_least=1
)
UPLOAD_LIMIT = UPLOAD_LIMIT_MB * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["crm_handoff.web.uploads.BoundedUpload"]

# REST.

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm_handoff.api.authentication.ApiKeyAuthentication",
        "crm_handoff.api.authentication.PersonAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm_handoff.api.permissions.HasViewPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm_handoff.api.parsers.BoundedJsonParser"],
    "EXCEPTION_HANDLER": "crm_handoff.api.errors.problem_details",
    "DEFAULT_SCHEMA_CLASS": "crm_handoff.api.schema.Schema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CRM Handoff",
    "DESCRIPTION": "Facts in, verdicts and handoffs out. See docs/api.md for how to begin.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": ["crm_handoff.api.schema.finish"],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# The administration pages.

UNFOLD = admin_theme.UNFOLD

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": environment.choice(
            "LOG_LEVEL",
            "INFO",
            "Least severe level that is logged.",
            of=("DEBUG", "INFO", "WARNING", "ERROR"),
        ),
    },
}
