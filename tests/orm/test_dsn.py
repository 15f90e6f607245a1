"""Where a PostgreSQL is: URL, keywords and environment are read as libpq reads them, with safer defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from queryengine_orm.dsn import Settings, SslMode, settings_of
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.libpq import ENVIRONMENT, NEUTRAL, UNREAD


def read(dsn: str | None = None, environ: dict[str, str] | None = None, **options: Any) -> Settings:
    return settings_of(dsn, environ={} if environ is None else environ, **options)


def places(settings: Settings) -> list[tuple[str, int]]:
    return [(address.host, address.port) for address in settings.addresses]


def test_a_url_says_who_where_and_what() -> None:
    found = read("postgresql://ann%40x:p%3Aw@db:5433/my%20shop?application_name=a%26b&connect_timeout=3")
    assert places(found) == [("db", 5433)]
    assert (found.user, found.database, found.addresses[0].password) == ("ann@x", "my shop", "p:w")
    assert (found.application_name, found.connect_timeout) == ("a&b", 3.0)


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgres://u@[::1]:5433/d", [("::1", 5433)]),
        ("postgresql://u@a:1,b,c:3/d", [("a", 1), ("b", 5432), ("c", 3)]),
        ("postgresql://u@%2Frun%2Fpg/d", [("/run/pg", 5432)]),
        ("postgresql://u@/d?host=/run/pg&port=7", [("/run/pg", 7)]),
        ("host=a,b port=7 user=u", [("a", 7), ("b", 7)]),
        ("host = 'a' user = u  port= 9 ", [("a", 9)]),
    ],
)
def test_hosts_ports_and_sockets_are_found_in_each_form(dsn: str, expected: list[tuple[str, int]]) -> None:
    assert places(read(dsn)) == expected


def test_what_stands_nearer_wins() -> None:
    environ = {"PGHOST": "env", "PGUSER": "env", "PGDATABASE": "env", "PGPASSWORD": "env", "PGPORT": "1"}
    found = read("host=dsn user=dsn dbname=dsn", environ, host="word", user="word")
    assert places(found) == [("word", 1)]
    assert (found.user, found.database, found.addresses[0].password) == ("word", "dsn", "env")


VALUES = {
    "host": "db",
    "hostaddr": "192.0.2.1",
    "port": "7",
    "sslmode": "require",
    "ssl_min_protocol_version": "TLSv1.3",
    "channel_binding": "require",
    "require_auth": "md5",
    "connect_timeout": "3",
    "target_session_attrs": "standby",
}


@pytest.mark.parametrize(("variable", "keyword"), ENVIRONMENT.items())
def test_each_variable_is_its_keyword(variable: str, keyword: str, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("*:*:*:*:pencil")
    passwords.chmod(0o600)
    value = {"passfile": str(passwords)}.get(keyword) or VALUES.get(keyword, "word")
    whose = "" if keyword == "user" else "user=ada "
    assert read(whose, {variable: value}) == read(f"{whose}{keyword}={value}") != read(whose)


def test_variables_of_the_session_are_settings_of_it() -> None:
    environ = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "ISO, DMY", "PGGEQO": "off"}
    expected = (("timezone", "Asia/Tokyo"), ("datestyle", "ISO, DMY"), ("geqo", "off"))
    assert read("host=a", environ).session == expected


@pytest.mark.parametrize(("variable", "keyword"), UNREAD.items())
def test_a_variable_that_is_not_read_is_not_passed_over(variable: str, keyword: str) -> None:
    with pytest.raises(ConfigurationError, match=keyword):
        read("host=a", {variable: "something"})
    for value in NEUTRAL.get(keyword) or ():
        assert read("host=a", {variable: value}) == read("host=a")


def test_the_database_is_the_users_when_none_is_named() -> None:
    assert read("host=a user=ann").database == "ann"
    assert read("host=a").user == read("host=a").database


@pytest.mark.parametrize(
    ("host", "mode"),
    [
        ("db.example.org", "verify-full"),
        ("192.0.2.7", "verify-full"),
        ("localhost.example.org", "verify-full"),
        ("localhost", "prefer"),
        ("127.8.9.1", "prefer"),
        ("::1", "prefer"),
        ("/run/pg", "disable"),
        ("@abstract", "disable"),
    ],
)
def test_tls_is_verified_in_full_unless_the_server_is_this_machine(host: str, mode: SslMode) -> None:
    assert read(host=host).addresses[0].sslmode == mode


def test_a_name_of_this_machine_that_leads_elsewhere_is_verified_in_full() -> None:
    assert read(host="localhost", hostaddr="192.0.2.7").addresses[0].sslmode == "verify-full"
    assert read(host="/run/pg", hostaddr="192.0.2.7").addresses[0].sslmode == "verify-full"


def test_an_sslmode_that_is_given_is_taken_for_every_host() -> None:
    found = read("postgresql://u@localhost,db/x?sslmode=require")
    assert [address.sslmode for address in found.addresses] == ["require", "require"]
    assert read("postgresql://u@db/x?ssl=true").addresses[0].sslmode == "require"


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://u@h/d",
        "postgresql+asyncpg://u@h/d",
        "postgresql://u@[::1/d",
        "postgresql://u@[::1]x/d",
        "postgresql://u@h/d?sslmode",
        "postgresql://u@h/d?nonsense=1",
        "postgresql://u%zz@h/d",
        "postgresql://u%ff@h/d",
        "postgresql://u@h/d%00",
        "postgresql://u@h:0/d",
        "postgresql://u@h:65536/d",
        "postgresql://u@h:٣/d",
        "host=a,b,c port=1,2",
        "host=a sslmode=yes",
        "host=a connect_timeout=soon",
        "host=a require_auth=kerberos",
        "host=a require_auth=md5,!none",
        "host=a service=shop",
        "host=a gssencmode=require",
        "host",
        "host='a",
        "= a",
    ],
)
def test_what_cannot_be_read_or_done_is_refused(dsn: str) -> None:
    with pytest.raises(ConfigurationError):
        read(dsn)


def test_a_service_in_the_environment_is_refused_and_not_passed_over() -> None:
    with pytest.raises(ConfigurationError, match="PGSERVICE"):
        read("host=a", {"PGSERVICE": "shop"})


def test_no_password_is_ever_shown() -> None:
    found = read("postgresql://ann:secret@h/d", sslpassword="hidden")
    assert "secret" not in repr(found)
    assert "hidden" not in repr(found)
    with pytest.raises(ConfigurationError) as refused:
        read("postgresql://ann:secret@h:x/d")
    assert "secret" not in str(refused.value)


def test_weak_ways_to_prove_who_one_is_have_to_be_asked_for() -> None:
    assert read("host=a").require_auth == {"scram-sha-256", "none"}
    assert read("host=a require_auth=md5,password").require_auth == {"md5", "password"}
    assert read("host=a require_auth=!none").require_auth == {"scram-sha-256", "md5", "password"}


def test_a_time_to_connect_is_bounded_unless_zero_is_asked_for() -> None:
    assert read("host=a").connect_timeout == 10.0
    assert read("host=a connect_timeout=0").connect_timeout is None


def test_the_password_file_gives_the_password_of_the_first_line_that_fits(tmp_path: Path) -> None:
    file = tmp_path / ".pgpass"
    file.write_text(
        "# a comment\nother:*:*:*:no\nh\\:1:5432:d:ann:p\\:w\\\\\n*:*:*:bob:any\nlocalhost:*:*:*:own\n"
    )
    file.chmod(0o600)
    environ = {"HOME": str(tmp_path)}
    assert read("host=h:1 user=ann dbname=d", environ).addresses[0].password == "p:w\\"
    assert read("host=z user=bob", environ).addresses[0].password == "any"
    assert read("host=z user=eve", environ).addresses[0].password is None
    assert read("host=/var/run/postgresql user=eve", environ).addresses[0].password == "own"
    assert read("host=z user=bob password=mine", environ).addresses[0].password == "mine"
    assert read("host=z user=bob", {}, passfile=str(file)).addresses[0].password == "any"


def test_a_password_file_that_others_may_read_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "passwords"
    file.write_text("*:*:*:*:open\n")
    file.chmod(0o644)
    assert read("host=z user=bob", passfile=str(file)).addresses[0].password is None
    assert "open to others" in caplog.text


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


@given(user=TEXT, password=TEXT, dbname=TEXT)
def test_the_keyword_form_reads_back_what_libpq_writes(user: str, password: str, dbname: str) -> None:
    text = make_conninfo(host="h", user=user, password=password, dbname=dbname)
    theirs = conninfo_to_dict(text)
    ours = read(text)
    assert (ours.user, ours.addresses[0].password, ours.database) == (
        theirs["user"],
        theirs["password"],
        theirs["dbname"],
    )
