"""Which event reaches which stage of the funnel."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.stages import StageRulesError, load_stage_rules, page_path
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


@pytest.mark.parametrize("stage", list(FunnelStage))
def test_an_event_of_a_stages_own_name_reaches_it(stage: FunnelStage) -> None:
    assert RULES.classify_stage(stage.value, None).stage is stage


@given(st.text())
def test_any_text_has_a_path_or_none(page_url: str) -> None:
    path = page_path(page_url)
    assert path is None or path.startswith("/")


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
        '[[rule]]\nstage = "visited_docs"\nevent_types = ["x"]\nconverts = 1',
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(text)
    with pytest.raises(StageRulesError, match=r"stages\.toml"):
        load_stage_rules(file)
