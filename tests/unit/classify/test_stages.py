"""Which event reaches which stage of the funnel."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.stages import (
    StageRulesError,
    load_stage_rules,
    normalize_path,
    page_path,
    page_with_route,
)
from collector.event import FunnelStage

RULES = load_stage_rules()


@pytest.mark.parametrize(
    ("event_type", "page_url", "stage"),
    [
        ("page_view", "https://www.example.com/", "visited_homepage"),
        ("page_view", "https://www.example.com", "visited_homepage"),
        ("page_view", "https://www.example.com/?utm_source=x#top", "visited_homepage"),
        ("page_view", "/", "visited_homepage"),
        ("page_view", "https://www.example.com/pricing", "visited_pricing"),
        ("page_view", "https://www.example.com/pricing/?plan=pro", "visited_pricing"),
        ("page_view", "/pricing", "visited_pricing"),
        ("page_view", "https://www.example.com/pricing/enterprise", None),
        ("page_view", "https://www.example.com/documentation", "visited_docs"),
        ("page_view", "https://www.example.com/documentation/install", "visited_docs"),
        ("page_view", "https://www.example.com/docs/", "visited_docs"),
        ("page_view", "https://www.example.com/docs/a/b", "visited_docs"),
        ("page_view", "https://www.example.com/docsearch", None),
        ("page_view", "https://www.example.com/blog", None),
        ("page_view", None, None),
        ("page_view", "javascript:alert(1)", None),
        ("page_view", "http://[::1", None),
        ("page_view", "pricing", None),
        ("form_submit", "https://www.example.com/signup", "started_signup"),
        ("form_submit", "https://www.example.com/contact", None),
        ("form_submit", None, None),
        ("signup", None, "completed_signup"),
        ("checkout_start", "https://www.example.com/", "started_checkout"),
        ("checkout_complete", None, "completed_checkout"),
        ("purchase", None, "completed_checkout"),
        ("subscription_created", None, "subscription_created"),
        ("click", "https://www.example.com/", None),
        ("PAGE_VIEW", "https://www.example.com/", None),
    ],
)
def test_an_event_reaches_the_stage_that_the_design_names(
    event_type: str, page_url: str | None, stage: str | None
) -> None:
    assert RULES.classify_stage(event_type, page_url).stage == stage


@pytest.mark.parametrize(
    ("page_url", "path"),
    [
        # Hash routers: K12 of public reports on plausible/analytics, segmentio/analytics.js.
        ("https://www.example.com/#/pricing", "/pricing"),
        ("https://www.example.com/#!/pricing", "/pricing"),
        ("https://www.example.com/#/", "/"),
        ("https://www.example.com/app/#/docs/a/", "/docs/a"),
        ("https://www.example.com/?utm_source=x#/pricing?plan=pro", "/pricing"),
        ("https://www.example.com/#/pricing?next=/a#part", "/pricing"),
        ("https://www.example.com/#/pricing#part", "/pricing"),
        ("/#/pricing", "/pricing"),
        ("https://www.example.com/pricing#plans", "/pricing"),
        ("https://www.example.com/#contact", "/"),
        ("https://www.example.com/#!contact", "/"),
        ("https://www.example.com/#", "/"),
        ("https://www.example.com/#?next=/pricing", "/"),
        # The pages of apps.
        ("capacitor://localhost/pricing", "/pricing"),
        ("capacitor://localhost", "/"),
        ("ionic://localhost/pricing?a=b", "/pricing"),
        ("tauri://localhost/pricing", "/pricing"),
        ("app://bundle/pricing", "/pricing"),
        ("APP://bundle/pricing", "/pricing"),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop/pricing.html", "/pricing"),
        ("moz-extension://b9b2e9a4-1b2c-4c3d-8e9f-0a1b2c3d4e5f/pricing", "/pricing"),
        ("file:///android_asset/www/index.html#/pricing", "/pricing"),
        ("file:///android_asset/www/index.html", "/android_asset/www"),
        ("myapp://pricing", None),
        ("myapp://shop/pricing", "/pricing"),
        # Spellings of one path.
        ("https://www.example.com/pricing/", "/pricing"),
        ("https://www.example.com//pricing", "/pricing"),
        ("https://www.example.com/pricing//", "/pricing"),
        ("https://www.example.com/%70ricing", "/pricing"),
        ("https://www.example.com/%50ricing%20", "/pricing"),
        ("https://www.example.com/Pricing", "/pricing"),
        ("https://www.example.com/./pricing", "/pricing"),
        ("https://www.example.com/a/../pricing", "/pricing"),
        ("https://www.example.com/%2e%2E/pricing", "/pricing"),
        ("https://www.example.com/../..", "/"),
        ("https://www.example.com/docs\\a", "/docs/a"),
        ("https://www.example.com/pricing;jsessionid=0A1B2C?a=b", "/pricing"),
        ("https://www.example.com/;jsessionid=0A1B2C", "/"),
        ("https://www.example.com/index.html", "/"),
        ("https://www.example.com/INDEX.HTM", "/"),
        ("https://www.example.com/index.php?a=b", "/"),
        ("https://www.example.com/index.php/pricing", "/pricing"),
        ("https://www.example.com/default.aspx", "/"),
        ("https://www.example.com/pricing/index.html", "/pricing"),
        ("https://www.example.com/pricing.html", "/pricing"),
        ("https://www.example.com/.html", "/.html"),
        ("https://www.example.com/pricing.pdf", "/pricing.pdf"),
        ("https://www.example.com/index", "/index"),
        ("https://www.example.com/docs%2Fa", "/docs%2fa"),
        ("https://www.example.com/%C3%BCber-uns", "/über-uns"),
        ("https://www.example.com/100%", "/100%"),
        # No pages.
        ("javascript://www.example.com/pricing", None),
        ("mailto:jane@example.com", None),
        ("about:blank", None),
        ("about:blank#/pricing", None),
        ("data:text/html,/pricing", None),
        ("https:///pricing", None),
        ("www.example.com/pricing", None),
    ],
)
def test_a_path_has_one_form(page_url: str, path: str | None) -> None:
    assert page_path(page_url) == path


@given(st.text(st.sampled_from("/.;%2eE#!?\\ aA"), max_size=40))
def test_a_normalized_path_has_no_empty_segment_and_no_capitals(text: str) -> None:
    path = normalize_path("/" + text)
    assert path == "/" or all(path[1:].split("/"))
    assert path == path.lower()


@given(st.text(st.sampled_from("/.;%2eE#!?\\ aA"), max_size=40))
def test_what_decides_nothing_is_left_out_before_pages_are_remembered(text: str) -> None:
    page_url = "https://www.example.com/" + text
    assert page_path(page_with_route(page_url)) == page_path(page_url)


@pytest.mark.parametrize(
    "language", ["en", "de-AT", "pt_BR", "zh-Hant", "zh-Hant-TW", "es-419", "us", "EN"]
)
def test_a_language_before_the_path_does_not_count(language: str) -> None:
    site = f"https://www.example.com/{language}"
    stages = {
        "": "visited_homepage",
        "/": "visited_homepage",
        "/index.html": "visited_homepage",
        "/pricing": "visited_pricing",
        "/docs": "visited_docs",
        "/documentation/a/b": "visited_docs",
        "/blog": None,
    }
    for path, stage in stages.items():
        assert RULES.classify_stage("page_view", site + path).stage == stage
    assert RULES.classify_stage("form_submit", site + "/signup").stage == "started_signup"


@pytest.mark.parametrize("path", ["blog", "blog/pricing", "docs/pricing", "app", "e/pricing"])
def test_another_segment_before_the_path_is_another_page(path: str) -> None:
    stage = RULES.classify_stage("page_view", f"https://www.example.com/{path}").stage
    assert stage == ("visited_docs" if path.startswith("docs") else None)


@pytest.mark.parametrize("stage", list(FunnelStage))
def test_an_event_of_a_stages_own_name_reaches_it(stage: FunnelStage) -> None:
    assert RULES.classify_stage(stage.value, None).stage is stage


@given(st.text())
def test_any_text_has_a_path_or_none(page_url: str) -> None:
    path = page_path(page_url)
    assert path is None or path.startswith("/")


def test_a_path_of_any_length_has_a_stage() -> None:
    assert RULES.classify_stage("page_view", "/docs/" + "a/%2e/" * 40_000).stage == "visited_docs"


def test_a_deployment_can_replace_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(
        '[[rule]]\nstage = "visited_pricing"\nevent_types = ["page_view", "screen"]\n'
        'paths = ["/preise", "/tarife/**"]\n'
    )
    rules = load_stage_rules(file)
    pro = rules.classify_stage("screen", "https://example.de/tarife/pro")
    assert pro.stage is FunnelStage.VISITED_PRICING
    assert rules.classify_stage("page_view", "https://example.de/pricing").stage is None


@pytest.mark.parametrize(
    ("event_type", "converts"),
    [
        ("purchase", True),
        ("subscription_created", True),
        ("completed_checkout", True),
        ("checkout_complete", False),
        ("checkout_start", False),
        ("started_checkout", False),
        ("signup", False),
        ("refund", False),
    ],
)
def test_a_purchase_and_a_subscription_convert(event_type: str, converts: bool) -> None:
    assert RULES.classify_stage(event_type, None).converts == converts


def test_a_refund_reaches_no_stage() -> None:
    assert RULES.classify_stage("refund", "https://www.example.com/").stage is None


@pytest.mark.parametrize(
    ("rules", "converting"),
    [
        ("", {"subscription_created"}),
        (
            '[[rule]]\nstage = "subscription_created"\nevent_types = ["paid"]',
            {"paid", "subscription_created"},
        ),
        (
            '[[rule]]\nstage = "subscription_created"\nevent_types = ["paid"]\nconverts = false',
            set(),
        ),
        (
            '[[rule]]\nstage = "completed_signup"\nevent_types = ["lead"]\nconverts = true',
            {"lead", "completed_signup", "subscription_created"},
        ),
    ],
)
def test_a_deployment_says_what_converts(tmp_path: Path, rules: str, converting: set[str]) -> None:
    file = tmp_path / "stages.toml"
    other = '[[rule]]\nstage = "visited_docs"\nevent_types = ["screen"]\n'
    file.write_text(other + rules)
    loaded = load_stage_rules(file)
    asked = ("subscription_created", "paid", "lead", "completed_signup", "screen")
    assert {kind for kind in asked if loaded.classify_stage(kind, None).converts} == converting


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/*/pricing", "/en/pricing", True),
        ("/*/pricing", "/blog/pricing/", True),
        ("/*/pricing", "/pricing", False),
        ("/*/pricing", "/a/b/pricing", False),
        ("/*/*/pricing", "/us/en/pricing", True),
        ("/p/*", "/p/42", True),
        ("/p/*", "/p", False),
        ("/p/*/reviews/**", "/p/42/reviews", True),
        ("/p/*/reviews/**", "/p/42/reviews/7/b", True),
        ("/p/*/reviews/**", "/p/42/review", False),
        ("/**", "/", True),
        ("/**", "/a/b", True),
        ("/*", "/a", True),
        ("/*", "/", False),
        ("/{language}/preise", "/de-CH/preise", True),
        ("/{language}/preise", "/deu/preise", False),
        ("/{language}/preise", "/d./preise", False),
        ("/Preise/", "/preise", True),
        ("/preise.html", "/preise", True),
        ("/%C3%BCber", "/über", True),
        ("/über", "/%c3%bcber", True),
        ("/c++", "/c++", True),
        ("/c++", "/ccc", False),
    ],
)
def test_a_path_of_a_rule_covers(tmp_path: Path, pattern: str, path: str, fits: bool) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(
        '[[rule]]\nstage = "visited_pricing"\nevent_types = ["x"]\n'
        f'paths = ["/other", "{pattern}"]\n'
    )
    stage = load_stage_rules(file).classify_stage("x", f"https://www.example.com{path}").stage
    assert (stage is not None) == fits


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "",
        "rule = 1",
        '[[rule]]\nstage = "visited_moon"\nevent_types = ["x"]',
        '[[rule]]\nstage = "visited_docs"',
        '[[rule]]\nstage = "visited_docs"\nevent_types = []',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\npath = "/docs"',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\npaths = "/docs"',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\npaths = ["docs"]',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\npaths = ["/docs-*"]',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\npaths = ["/**/docs"]',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\npaths = ["/{land}/docs"]',
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\nconverts = 1',
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(text)
    with pytest.raises(StageRulesError, match=r"stages\.toml"):
        load_stage_rules(file)
