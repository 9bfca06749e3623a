"""The file of destinations: what it may say, and what is said of its faults."""

from pathlib import Path

import pytest

from collector.conversions.destination import DestinationError
from collector.conversions.destinations import load_destinations

GOOD = """
[meta-shop]
platform = "meta"
pixel_id = 1234567890
access_token = "env:META_TOKEN"
events = {purchase = "Purchase", own_event = "Own"}

[ga4]
platform = "ga4"
measurement_id = "G-ABCD1234"
api_secret = "file:/run/secrets/ga4"
region = "eu"
consent = "not_denied"

[ads]
platform = "google"
customer_id = "1234567890"
login_customer_id = "987-654-3210"
credentials = "file:/run/secrets/google.json"
events = {purchase = 555}

[property]
platform = "google_analytics"
property_id = "987654"
measurement_id = "G-ABCD1234"
credentials = "env:GOOGLE"

[linkedin]
platform = "linkedin"
access_token = "env:LINKEDIN_TOKEN"
events = {purchase = 111}

[tiktok]
platform = "tiktok"
pixel_code = "CTESTPIXEL1234567890"
access_token = "env:TIKTOK_TOKEN"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "destinations.toml"
    path.write_text(text)
    return path


def test_each_table_is_a_destination_of_its_platform(tmp_path: Path) -> None:
    found = load_destinations(write(tmp_path, GOOD))
    assert {
        name: (one.platform, one.sent_events.get("purchase")) for name, one in found.items()
    } == {
        "meta-shop": ("meta", "Purchase"),
        "ga4": ("ga4", "purchase"),
        "ads": ("google", "555"),
        "property": ("google_analytics", "purchase"),
        "linkedin": ("linkedin", "111"),
        "tiktok": ("tiktok", "Purchase"),
    }
    assert {name for name, one in found.items() if one.signal == "analytics_storage"} == {
        "ga4",
        "property",
    }


def test_an_order_that_ends_in_a_subscription_is_one_purchase_unless_the_operator_says_so(
    tmp_path: Path,
) -> None:
    for destination in load_destinations(write(tmp_path, GOOD)).values():
        assert "subscription_created" not in destination.sent_events
        assert "page_view" not in destination.sent_events


META = '[m]\nplatform = "meta"\npixel_id = "1"\naccess_token = "env:A"\n'
GA4 = '[g]\nplatform = "ga4"\nmeasurement_id = "G-ABCD"\napi_secret = "env:A"\n'
ADS = '[a]\nplatform = "google"\ncustomer_id = "1234567890"\ncredentials = "env:A"\n'
ELEVEN = ", ".join(f"e{n} = {n}" for n in range(11))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[M]\n", ["[M] a name has 1 to 40 of a to z, 0 to 9 and hyphens"]),
        ("m = 1\n", ["[m] is not a table"]),
        (
            "[m]\n",
            ["[m] platform: must be one of meta, ga4, google, google_analytics, linkedin, tiktok"],
        ),
        ("[m]\nplatform = ['meta']\n", ["[m] platform: must be one of meta"]),
        (
            '[m]\nplatform = "meta"\n',
            ["[m] pixel_id: Field required", "[m] access_token: Field required"],
        ),
        (
            '[m]\nplatform = "meta"\npixel_id = "x"\naccess_token = "EAAB-secret"\n',
            [
                "[m] pixel_id: String should match",
                '[m] access_token: say where the secret is: "env:NAME" or "file:/path"',
            ],
        ),
        (META + "colour = 1\n", ["[m] colour: Extra inputs"]),
        (META + 'api_version = "25"\n', ["[m] api_version: String should match"]),
        (META + 'test_base = "https://evil.example"\n', ["[m] test_base: only an address of this"]),
        (META + 'events = {a = ""}\n', ["[m] events.a: String should have at least 1"]),
        (GA4 + 'events = {a = "session_start"}\n', ["[g] events.a: is a name that Google"]),
        (GA4 + 'events = {a = "ga_x"}\n', ["[g] events.a: is a name that Google"]),
        (GA4 + 'events = {a = "1x"}\n', ["[g] events.a: must be a letter"]),
        (GA4 + 'region = "us"\n', ["[g] region: Input should be 'eu' or 'global'"]),
        (ADS, ["[a] events: Field required"]),
        (
            ADS.replace('"1234567890"', "123") + "events = {purchase = 5}",
            ["[a] customer_id: String should match"],
        ),
        (ADS + "events = {}\n", ["[a] events: Dictionary should have at least 1"]),
        (ADS + 'events = {purchase = "AW-1/x"}\n', ["[a] events.purchase: String should match"]),
        (ADS + f"events = {{{ELEVEN}}}\n", ["[a] events: at most 10 conversion actions"]),
        (
            '[l]\nplatform = "linkedin"\naccess_token = "env:A"\napi_version = "202613"\n',
            ["[l] events: Field required", "[l] api_version: String should match"],
        ),
        ("[m]\n[g]\n", ["[m] platform: must be", "[g] platform: must be"]),
        ("[m", ["is not TOML: "]),
    ],
)
def test_each_fault_is_a_line_that_names_file_destination_and_field(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DestinationError) as error:
        load_destinations(path)
    found = str(error.value).split("\n")
    assert len(found) == len(lines)
    for line, begin in zip(found, lines, strict=True):
        assert line.startswith(f"{path}: {begin}")
    assert "EAAB-secret" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"nothing\.toml: cannot be read: No such file"):
        load_destinations(tmp_path / "nothing.toml")


@pytest.mark.parametrize("name", ["meta-shop", "ga4", "linkedin", "tiktok"])
def test_a_secret_that_is_not_there_is_named_when_the_destination_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("META_TOKEN", "LINKEDIN_TOKEN", "TIKTOK_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    destination = load_destinations(write(tmp_path, GOOD))[name]
    with pytest.raises(DestinationError, match=r"_TOKEN is not set|secrets/ga4 cannot be read"):
        destination.open()
