"""What LinkedIn is told of an event, and what its answers mean."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Refused,
    Taken,
    Unclear,
)
from collector.conversions.platforms.linkedin import LinkedIn, LinkedInDestination
from tests.platforms.conversions import NOW, purchase, stranger

EMAIL = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"


def linkedin(**fields: Any) -> LinkedIn:
    base = {"platform": "linkedin", "access_token": "env:A", "events": {"purchase": "111"}}
    return LinkedIn(LinkedInDestination.model_validate(base | fields), SecretStr("a-token"))


def bought(**changes: Any) -> Conversion:
    return purchase(**{"name": "111"} | changes)


def told(conversion: Conversion) -> dict[str, Any]:
    [element] = json.loads(linkedin().request([conversion], {}, NOW).body)["elements"]
    assert isinstance(element, dict)
    return element


def test_an_event_is_told_with_its_amount_as_text_and_its_person_by_ids() -> None:
    person = {"email": "john_smith@gmail.com", "first_name": " Mary ", "last_name": "O'Neill"}
    assert told(bought(user_data=person | {"country": "us"})) == {
        "conversion": "urn:lla:llaPartnerConversion:111",
        "conversionHappenedAt": int(NOW.timestamp()) * 1000,
        "conversionValue": {"currencyCode": "EUR", "amount": "49.90"},
        "eventId": "0196f3a0-0000-7000-8000-000000000001",
        "user": {
            "userIds": [
                {"idType": "SHA256_EMAIL", "idValue": EMAIL},
                {"idType": "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID", "idValue": "li-1"},
            ],
            "userInfo": {"firstName": "Mary", "lastName": "O'Neill", "countryCode": "US"},
        },
    }


@pytest.mark.parametrize(
    ("person", "user"),
    [
        ({}, {"userIds": []}),
        ({"first_name": "Mary"}, {"userIds": []}),
        ({"first_name": "Mary", "last_name": EMAIL}, {"userIds": []}),
        (
            {"first_name": "Mary", "last_name": "Ann"},
            {"userIds": [], "userInfo": {"firstName": "Mary", "lastName": "Ann"}},
        ),
    ],
)
def test_the_list_of_ids_is_always_there_and_a_name_only_with_both_parts(
    person: dict[str, str], user: dict[str, Any]
) -> None:
    assert told(stranger(user_data=person))["user"] == user


def test_an_amount_is_written_without_exponent() -> None:
    assert told(bought(value=Decimal("1E+3")))["conversionValue"]["amount"] == "1000"
    assert "conversionValue" not in told(bought(value=None))


def test_the_request_has_the_headers_of_a_batch() -> None:
    request = linkedin(api_version="202601").request([bought()], {"Authorization": "x"}, NOW)
    assert request.url == "https://api.linkedin.com/rest/conversionEvents"
    assert request.headers == {
        "Authorization": "x",
        "Content-Type": "application/json",
        "LinkedIn-Version": "202601",
        "X-Restli-Protocol-Version": "2.0.0",
        "X-RestLi-Method": "BATCH_CREATE",
    }


@pytest.mark.parametrize(
    ("conversion", "fault"),
    [
        (bought(), None),
        (bought(currency="E"), "the currency is not of three letters"),
        (bought(currency="E", value=None), None),
        (stranger(), "neither an e-mail address"),
        (stranger(user_data={"first_name": "Mary"}), "neither an e-mail address"),
        (stranger(user_data={"first_name": "Mary", "last_name": "Ann"}), None),
        (stranger(click_ids={"li_fat_id": "x"}), None),
    ],
)
def test_what_linkedin_could_not_use_is_known_before(
    conversion: Conversion, fault: str | None
) -> None:
    found = linkedin().fault_of(conversion)
    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)


TWO_FAULTS = (
    "Index: 1, ERROR :: /conversionValue/amount :: field is required but not found and has no "
    "default value\nERROR :: /user/userInfo/firstName :: field is required\n"
    'Index: 4, ERROR :: /user/userIds/0/idType :: "X" is not an enum symbol\n'
)
INDICES = "Incorrect conversions information provided. {}, indices [{}] (0-indexed)"


@pytest.mark.parametrize(
    ("status", "message", "places"),
    [
        (422, TWO_FAULTS, {1, 4}),
        (400, INDICES.format("Conversion happened too long ago", "0"), {0}),
        (400, INDICES.format("Conversion happened too long ago", "2, 3"), {2, 3}),
    ],
)
def test_the_elements_that_linkedin_names_are_refused(
    status: int, message: str, places: set[int]
) -> None:
    body = json.dumps({"status": status, "message": message}).encode()
    answer = linkedin().read(status, {}, body)
    assert isinstance(answer, Refused)
    assert set(answer.reasons) == places
    assert not answer.others_taken


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [
        (401, "revoked", "make a new access token"),
        (403, "Not enough permissions", "the token needs the scope rw_conversions"),
        (403, "No ad accounts found", "look at the rules' ids in events"),
        (426, "Requested version 20230101 is not active", "raise api_version"),
        (
            400,
            INDICES.format("Conversion's method should be CONVERSIONS_API", "0"),
            "rules whose method is CONVERSIONS_API",
        ),
    ],
)
def test_what_the_operator_must_mend_comes_with_advice(
    status: int, message: str, advice: str
) -> None:
    answer = linkedin().read(status, {}, json.dumps({"message": message}).encode())
    assert isinstance(answer, Broken)
    assert advice in answer.advice
    assert answer.reason == f"HTTP {status}: {message}"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"elements":[{"status":201},{"status":201}]}', Taken),
        (201, b"", Taken),
        (200, b'{"elements":[{"status":201},{"status":400,"error":{}}]}', Refused),
        (200, b'{"elements":[{"status":201},{"status":500}]}', Later),
        (422, b'{"message":"ERROR :: /conversion :: wrong"}', Unclear),
        (400, b"", Unclear),
        (400, b'{"message":7}', Unclear),
        (429, b"", Later),
        (500, b"<html>", Later),
        (504, b"", Later),
    ],
)
def test_an_answer_is_read_by_its_status(status: int, body: bytes, kind: type[Answer]) -> None:
    assert type(linkedin().read(status, {}, body)) is kind


def test_of_a_batch_that_was_taken_in_part_the_others_are_not_sent_again() -> None:
    answer = linkedin().read(200, {}, b'{"elements":[{"status":201},{"status":400}]}')
    assert isinstance(answer, Refused)
    assert answer.others_taken
    assert list(answer.reasons) == [1]


@pytest.mark.parametrize(
    ("version", "year", "month", "warned"),
    [
        ("202603", 2026, 12, False),
        ("202603", 2027, 1, True),
        ("202602", 2026, 12, True),
        ("202603", 2026, 1, False),
    ],
)
def test_a_version_is_old_ten_months_after_it_came(
    version: str, year: int, month: int, warned: bool
) -> None:
    warning = linkedin(api_version=version).version_warning(datetime(year, month, 1, tzinfo=UTC))
    assert (warning is not None) is warned
    assert version in (warning or version)
