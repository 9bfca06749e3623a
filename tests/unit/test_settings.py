"""What a setting may be, where a type alone does not say it."""

import os

import pytest
from pydantic import ValidationError

from collector.api.app import make_app
from collector.api.script import script_paths
from collector.settings import Settings, SettingsError, load_settings

DATABASE = "postgresql://nowhere"
NUMBERS = [
    name for name, field in Settings.model_fields.items() if field.annotation in (int, float)
]


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "€", "EUR\n"])
def test_the_currency_of_reports_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValidationError, match=r"reports_currency"):
        Settings(database_url=DATABASE, reports_currency=currency)


def test_parameters_to_redact_are_named_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CT_DATABASE_URL", DATABASE)
    monkeypatch.setenv("CT_REDACT_PARAMETERS", "customer, ref[id],,x-id ")
    assert load_settings().redact_parameters == ("customer", "ref[id]", "x-id")
    monkeypatch.setenv("CT_REDACT_PARAMETERS", "customer, ref id")
    with pytest.raises(SettingsError, match=r"CT_REDACT_PARAMETERS: 'ref id' is not the name"):
        load_settings()


@pytest.mark.parametrize("path", ["/t.js", "/x", "/js/app-1.2.min.js", "/.well/~t_", "/v1"])
def test_the_script_may_have_any_plain_path(path: str) -> None:
    assert Settings(database_url=DATABASE, script_path=path).script_path == path


@pytest.mark.parametrize(
    "path",
    [
        "t.js",
        "https://x.example/t.js",
        "/",
        "/t.js/",
        "//x.example/t.js",
        "/a//t.js",
        "/a/../t.js",
        "/..",
        "/t.js?v=2",
        "/t.js#x",
        "/t.js\n",
        "/my script.js",
        "/%74.js",
        "/ü.js",
        "/{any}",
        "/v1/t.js",
    ],
)
def test_a_path_that_kong_or_a_browser_writes_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match=r"script_path"):
        Settings(database_url=DATABASE, script_path=path)


async def test_the_script_cannot_hide_an_endpoint() -> None:
    settings = Settings(database_url=DATABASE)
    paths = {resource.canonical for resource in make_app(settings).router.resources()}
    scripts = set(script_paths(settings.script_path))
    assert scripts <= paths
    for path in paths - scripts:
        with pytest.raises(ValidationError, match=r"path of the collector's own"):
            Settings(database_url=DATABASE, script_path=path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nowhere",
        "postgres://u:p@h/x",
        "postgresql://u:p@h:5432/x?sslmode=verify-full",
        "postgresql://u:p@[::1]:65535/x",
        "postgresql://u:p@a:5432,b:5433/x?target_session_attrs=primary",
        "postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/x",
        "postgresql:///x?host=/var/run/postgresql",
        "postgresql://u:p%23%25%2F%3F%40@h/x",
    ],
)
def test_a_database_url_may_have_every_form_that_postgres_knows(url: str) -> None:
    assert Settings(database_url=url).database_url == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:hush@h/x", r"must be a URL such as"),
        ("postgresql:u:hush@h/x", r"must be a URL such as"),
        ("postgresql://u:hush#hush@h/x", r"write it as %23"),
        ("postgresql://u:hush%hush@h/x", r"write it as %25"),
        ("postgresql://u:hush%2@h/x", r"write it as %25"),
        ("postgresql://u:hush/hush@h/x", r"has no valid host and port"),
        ("postgresql://u:hush?hush@h/x", r"has no valid host and port"),
        ("postgresql://u:hush@h:0/x", r"has no valid host and port"),
        ("postgresql://u:hush@h:65536/x", r"has no valid host and port"),
        ("postgresql://u:hush@h:5432a/x", r"has no valid host and port"),
        ("postgresql://u:hush@h/x?sslmode=hush", r"sslmode that is none of disable, "),
        ("postgresql://u:hush@h/x?sslrootcert=/hush", r"names a file as sslrootcert"),
    ],
)
def test_a_database_url_that_postgres_would_read_otherwise_is_refused_without_its_text(
    url: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CT_DATABASE_URL", url)
    with pytest.raises(SettingsError, match=message) as raised:
        load_settings()
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e300", "-1", "x", "9" * 30])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_nobody_can_mean_is_a_line_that_names_the_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CT_DATABASE_URL", DATABASE)
    monkeypatch.setenv(f"CT_{name.upper()}", value)
    with pytest.raises(SettingsError, match=rf"^CT_{name.upper()}: .+$"):
        load_settings()


@pytest.mark.parametrize("host", ["a..b", ".a", "a b", "http://a", "a/b", "x" * 64, "\udcff"])
def test_a_host_that_is_none_is_a_line_that_names_the_setting(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CT_DATABASE_URL", DATABASE)
    monkeypatch.setenv("CT_HOST", host)
    with pytest.raises(SettingsError, match=r"^CT_HOST: .+$"):
        load_settings()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "a.b-c.d."])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert Settings(database_url=DATABASE, host=host).host == host


@pytest.mark.parametrize("name", ["CT_GATEWAY_SECRET", "CT_GATEWAY_SECRET_PREVIOUS"])
def test_a_secret_that_can_be_guessed_is_refused_without_its_text(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CT_DATABASE_URL", DATABASE)
    monkeypatch.setenv(name, "hush" * 3)
    with pytest.raises(
        SettingsError, match=rf"^{name}: must have at least 16 characters"
    ) as raised:
        load_settings()
    assert "hush" not in str(raised.value)


def test_a_secret_may_be_bytes_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = bytes(range(0x80, 0x100))
    monkeypatch.setenv("CT_DATABASE_URL", DATABASE)
    monkeypatch.setenv("CT_GATEWAY_SECRET", os.fsdecode(secret))
    assert load_settings().gateway_secrets == (secret,)
