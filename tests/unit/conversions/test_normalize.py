"""Personal data as each platform hashes it, by the platforms' own examples."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.conversions.platforms.normalize import (
    HASH,
    as_sent,
    country,
    email,
    google_email,
    google_name,
    hashed,
    meta_name,
    meta_place,
    meta_postal_code,
    meta_region,
    phone_digits,
    phone_e164,
)

Normalize = Callable[[str], str | None]
ALL: tuple[Normalize, ...] = (
    as_sent,
    country,
    email,
    google_email,
    google_name,
    meta_name,
    meta_place,
    lambda value: meta_region(value, "us"),
    lambda value: meta_postal_code(value, "us"),
    phone_digits,
    phone_e164,
)


@pytest.mark.parametrize(
    ("normalize", "value", "expected"),
    [
        # Meta's examples.
        (
            email,
            " John_Smith@gmail.com ",
            "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
        ),
        (
            phone_digits,
            "+1 (650) 555-1212",
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
        ),
        # Google's.
        (
            phone_e164,
            "+1 650.555.1212",
            "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8",
        ),
        (
            google_email,
            "John.Smith@gmail.com",
            "3586de92bb3636d0885a12eff961429a32e4ebd764b96f50d85d016f9338d586",
        ),
    ],
)
def test_the_hash_is_that_of_the_platforms_own_example(
    normalize: Normalize, value: str, expected: str
) -> None:
    assert hashed(value, normalize) == expected


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [("Mary", "6915771b", "f4ec"), ("Valéry", "08e1996b", "149c"), ("정", "8fa8cd9c", "db14")],
)
def test_a_name_of_metas_examples_has_its_hash(name: str, start: str, end: str) -> None:
    found = hashed(name, meta_name) or ""
    assert (found[:8], found[-4:]) == (start, end)


@pytest.mark.parametrize(
    ("normalize", "value", "normal"),
    [
        (email, " A.B+C@Gmail.COM\n", "a.b+c@gmail.com"),
        (email, "a b@example.com", None),
        (email, "a@b@example.com", None),
        (email, "a\u200bb@example.com", None),
        (email, "a@localhost", None),
        (email, "", None),
        (google_email, "A.B+C@Gmail.COM", "ab@gmail.com"),
        (google_email, "a.b@googlemail.com", "ab@googlemail.com"),
        (google_email, "A.B+C@example.com", "a.b+c@example.com"),
        (google_email, "a b@gmail.com", None),
        (google_email, "...@gmail.com", None),
        (google_email, "+tag@gmail.com", None),
        (phone_digits, "+49 (0)170 / 123-45.67", "491701234567"),
        (phone_digits, "0049 170 1234567", "491701234567"),
        (phone_digits, "0170 1234567", None),
        (phone_digits, "16505551212", None),
        (phone_digits, "+0 170 1234567", None),
        (phone_digits, "+1 650 555 1212 x3", None),
        (phone_digits, "+12345", None),
        (phone_digits, "+1234567890123456", None),
        (phone_digits, "+١٦٥٠٥٥٥١٢١٢", None),
        (phone_e164, "0049 170 1234567", "+491701234567"),
        (phone_e164, "170", None),
        (meta_name, " O'Neill-Smith ", "oneillsmith"),
        (meta_name, "Mary  Ann", "mary ann"),
        (meta_name, "Vale\u0301ry", "valéry"),
        (meta_name, "...", None),
        (google_name, " O'Neill ", "o'neill"),
        (google_name, " ", None),
        (meta_place, "São Paulo 2.", "sãopaulo"),
        (meta_place, "13.", None),
        (country, " de ", "de"),
        (country, "Deutschland", None),
        (as_sent, " U-1 ", "U-1"),
        (as_sent, " ", None),
    ],
)
def test_a_value_is_brought_into_its_form_or_left_out(
    normalize: Normalize, value: str, normal: str | None
) -> None:
    assert normalize(value) == normal


@pytest.mark.parametrize(
    ("region", "where", "normal"),
    [
        ("CA", "us", "ca"),
        ("California", "us", None),
        ("Île-de-France", "fr", "îledefrance"),
        ("Bayern", None, "bayern"),
        ("12", "us", None),
    ],
)
def test_a_region_is_two_letters_in_the_united_states(
    region: str, where: str | None, normal: str | None
) -> None:
    assert meta_region(region, where) == normal


@pytest.mark.parametrize(
    ("code", "where", "normal"),
    [
        ("94103-1234", "us", "94103"),
        ("94103", "us", "94103"),
        ("9410", "us", None),
        ("SW1A 1AA", "gb", "sw1a1aa"),
        ("1000-205", "pt", None),
        ("94103-1234", None, None),
        ("", "de", None),
    ],
)
def test_a_postal_code_is_cut_in_the_united_states_alone(
    code: str, where: str | None, normal: str | None
) -> None:
    assert meta_postal_code(code, where) == normal


@pytest.mark.parametrize("normalize", ALL)
def test_what_is_a_hash_already_is_passed_on_in_lower_case(normalize: Normalize) -> None:
    known = sha256(b"a@example.com").hexdigest()
    assert hashed(f" {known.upper()} ", normalize) == known


@pytest.mark.parametrize("normalize", ALL)
def test_what_is_not_known_has_no_hash(normalize: Normalize) -> None:
    assert hashed(None, normalize) is None
    assert hashed("", normalize) is None


@given(st.sampled_from(ALL), st.text())
def test_any_text_gives_a_hash_or_nothing(normalize: Normalize, value: str) -> None:
    found = hashed(value, normalize)
    assert found is None or HASH.fullmatch(found)


@given(st.sampled_from([email, google_email, phone_e164, meta_name, meta_place]), st.text())
def test_what_is_normal_stays_so(normalize: Normalize, value: str) -> None:
    normal = normalize(value)
    assert normal is None or normalize(normal) == normal


@given(st.text(), st.text())
def test_an_address_that_is_taken_has_its_one_at_sign(user: str, domain: str) -> None:
    found = google_email(f"{user}@{domain}")
    assert found is None or found.count("@") == 1
