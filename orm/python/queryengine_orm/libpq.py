"""The names that libpq has for settings: keywords, and variables of the environment. Knows no values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ENVIRONMENT", "NEUTRAL", "SESSION", "UNREAD"]

ENVIRONMENT: Final[Mapping[str, str]] = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGPASSWORD": "password",
    "PGDATABASE": "dbname",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGSSLCRL": "sslcrl",
    "PGSSLMINPROTOCOLVERSION": "ssl_min_protocol_version",
    "PGCHANNELBINDING": "channel_binding",
    "PGREQUIREAUTH": "require_auth",
    "PGCONNECT_TIMEOUT": "connect_timeout",
    "PGAPPNAME": "application_name",
    "PGOPTIONS": "options",
    "PGPASSFILE": "passfile",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
}
"""libpq's variables that are read, and their keywords; PGSERVICE is refused, as it would lead elsewhere"""

SESSION: Final[Mapping[str, str]] = {"PGTZ": "timezone", "PGDATESTYLE": "datestyle", "PGGEQO": "geqo"}
"""variables that are settings of the session"""

UNREAD: Final[Mapping[str, str]] = {
    "PGREQUIREPEER": "requirepeer",
    "PGSSLCRLDIR": "sslcrldir",
    "PGSSLMAXPROTOCOLVERSION": "ssl_max_protocol_version",
    "PGGSSENCMODE": "gssencmode",
    "PGSSLNEGOTIATION": "sslnegotiation",
    "PGSSLCERTMODE": "sslcertmode",
    "PGSSLSNI": "sslsni",
    "PGSSLCOMPRESSION": "sslcompression",
    "PGLOADBALANCEHOSTS": "load_balance_hosts",
}
"""variables that are refused, as their keywords are, unless they say what is done anyhow"""

NEUTRAL: Final[Mapping[str, set[str] | None]] = {
    "client_encoding": {"utf8", "utf-8", "auto"},
    "gssencmode": {"disable", "prefer"},
    "sslnegotiation": {"postgres"},
    "load_balance_hosts": {"disable"},
    "fallback_application_name": None,
    "sslsni": {"1"},
    "sslcompression": {"0"},
    "sslcertmode": {"allow"},
}
"""keywords of libpq that say what is done anyhow, with the values that do"""
