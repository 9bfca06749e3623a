"""People and bots by their User-Agents: on what real ones send, and by form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.bots import (
    CRAWLER_FORMS,
    BotRule,
    bot_rule,
    browser_like_patterns,
    crawler_names,
    is_bot,
    names_of_programs,
    search_for,
)
from collector.classify.device import DeviceClassifier

CORPUS = Path(__file__).parents[2] / "corpus"
PEOPLE, BOTS = (
    (CORPUS / f"{name}.txt").read_text("utf-8").splitlines() for name in ("people", "bots")
)
# As a browser's form is defined here, apart from the collector.
ENGINE = re.compile(r"AppleWebKit|KHTML|Gecko/|like Gecko|Goanna|Trident/|MSIE |Presto/|Opera")
BROWSER_LIKE_BOTS = [user_agent for user_agent in BOTS if ENGINE.search(user_agent)]

ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; {model}; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36"
)
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36"
)

# Without ua-parser, which the collector does not ask where a browser's form is.
PERSON_FORMS = """
Mozilla/5.0 (Linux; Android 15; CPH2653 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.7444.102 Mobile Safari/537.36 Instagram 407.0.0.52.79 Android (35/15; 480dpi; 1264x2780; OPPO; CPH2653; OP5D0DL1; qcom; de_DE; 823001122)
Dalvik/2.1.0 (Linux; U; Android 15; CPH2551 Build/AP3A.240617.008)
Mozilla/5.0 (Linux; Android 13; Spider Bot 3000) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36
Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBDV/Robot;FBLC/en_US]
Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Embedded Web Browser from: http://bsalsa.com/; .NET CLR 2.0.50727)
Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0; Touch)
Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4 (like Gecko)
Mozilla/5.0 (compatible; Origyn Web Browser; MorphOS; PPC; U) AppleWebKit/532.0+ (KHTML, like Gecko, Safari/532.0+)
Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36 (Ecosia android@143.0.0.0)
MyShop/3.1 (iPhone; iOS 18.1; https://shop.example/)
"""  # noqa: E501 -- as they are sent

BOT_FORMS = f"""
Mozilla/5.0 (compatible; Tomorrow/1.0; +https://tomorrow.example/about)
Mozilla/5.0 (compatible; Tomorrow/1.0)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Tomorrow/1.0) Chrome/131.0.0.0 Safari/537.36
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; Tomorrow-Thumbnails) Chrome/131.0.0.0 Safari/537.36
{DESKTOP} (compatible; Tomorrow)
{DESKTOP} Tomorrow (+https://tomorrow.example)
{DESKTOP} (https://tomorrow.example/)
{DESKTOP} (+tomorrow@example.com)
{DESKTOP} Tomorrow/1.0 (info at tomorrow.example)
{DESKTOP} Google-Tomorrow
{DESKTOP} TomorrowBot/1.0
{DESKTOP} tomorrow-crawler
{DESKTOP} TomorrowSpider
{DESKTOP} TomorrowSynthetics/1.0
{ANDROID.format(model="CUBOT P80")} Prerender (+https://github.com/prerender/prerender)
{ANDROID.format(model="Moto G Power (2022)")} CloudflareObservatory/1.0
Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; +http://tomorrow.example/)
Tomorrow/1.0 (+https://tomorrow.example)
TomorrowChecker/1.0
Viber/13.3.0.5
WhatsApp/2.23.20.0 A
"""  # noqa: E501 -- as above


@pytest.fixture(scope="module")
def classifier() -> DeviceClassifier:
    return DeviceClassifier()


def test_nobody_of_the_people_is_a_bot(classifier: DeviceClassifier) -> None:
    assert len(PEOPLE) > 2900
    assert [user_agent for user_agent in PEOPLE if classifier.parse_device(user_agent).is_bot] == []


def test_the_patterns_that_people_have_in_their_user_agents_are_left_out() -> None:
    """After an upgrade of the list: a pattern that is new here goes into left_out, by name."""
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
    any_of_them = search_for(patterns)
    people = [ua for ua in PEOPLE if ENGINE.search(ua) and any_of_them.extract(ua)]
    found = {p: [user_agent for user_agent in people if re.search(p, user_agent)] for p in patterns}
    hits = {pattern: user_agents[0] for pattern, user_agents in found.items() if user_agents}
    not_left_out = {
        p: user_agent for p, user_agent in hits.items() if p not in crawler_names().left_out
    }
    assert not_left_out == {}
    assert set(crawler_names().left_out) - set(hits) == set()  # what nobody needs any more


@pytest.mark.parametrize("user_agent", PERSON_FORMS.strip().splitlines())
def test_a_browser_s_form_without_a_crawler_s_is_a_person_s(user_agent: str) -> None:
    assert not is_bot(user_agent, is_spider="AppleWebKit" in user_agent)


@pytest.mark.parametrize("user_agent", BOT_FORMS.strip().splitlines())
def test_a_crawler_s_form_makes_a_bot_whatever_its_name(user_agent: str) -> None:
    assert is_bot(user_agent, is_spider=False)


def test_no_pattern_of_the_list_makes_a_bot_of_a_phone_of_that_name() -> None:
    names = [
        name
        for entry in CRAWLER_USER_AGENTS_DATA
        if re.fullmatch(r"[\w .-]+", name := entry["pattern"].replace("\\", ""))
    ]
    assert len(names) > 1000
    phones = [ANDROID.format(model=f"{name} Build/{name.replace(' ', '.')}") for name in names]
    assert [phone for phone in phones if is_bot(phone, is_spider=True)] == []


@given(st.text(st.characters(exclude_characters=";()", min_codepoint=32, max_codepoint=126)))
def test_no_model_s_name_makes_a_bot_of_a_phone(model: str) -> None:
    assert not is_bot(ANDROID.format(model=model), is_spider=True)


def test_bots_that_look_like_browsers_are_found(classifier: DeviceClassifier) -> None:
    missed = [ua for ua in BROWSER_LIKE_BOTS if not classifier.parse_device(ua).is_bot]
    assert len(BROWSER_LIKE_BOTS) > 230
    assert len(missed) <= 3, missed


def test_of_other_bots_87_of_100_are_found(classifier: DeviceClassifier) -> None:
    others = [user_agent for user_agent in BOTS if not ENGINE.search(user_agent)]
    found = [user_agent for user_agent in others if classifier.parse_device(user_agent).is_bot]
    assert len(found) / len(others) >= 0.87


def test_the_examples_of_the_list_are_bots_but_for_what_is_left_out(
    classifier: DeviceClassifier,
) -> None:
    left_out = crawler_names().left_out
    examples = [
        (entry["pattern"], user_agent)
        for entry in CRAWLER_USER_AGENTS_DATA
        for user_agent in entry["instances"]
    ]
    people = [each for each in examples if not classifier.parse_device(each[1]).is_bot]
    assert len(examples) > 2000
    assert [each for each in people if each[0] not in left_out or not ENGINE.search(each[1])] == []


@pytest.mark.parametrize("name", crawler_names().added)
def test_without_a_name_that_is_added_a_bot_is_taken_for_a_person(name: str) -> None:
    others = [other for other in crawler_names().added if other != name]
    found = search_for([*CRAWLER_FORMS, *browser_like_patterns(), *others])
    named = [user_agent for user_agent in BROWSER_LIKE_BOTS if re.search(name, user_agent)]
    assert [ua for ua in named if not found.extract(names_of_programs(ua))] != []


@pytest.mark.parametrize(
    ("user_agent", "rule"),
    [
        ("Mozilla/5.0 (compatible; Tomorrow/1.0; +https://tomorrow.example/)", BotRule.FORM),
        (f"{DESKTOP} HeadlessChrome/131", BotRule.FORM),
        (f"{DESKTOP} PTST 5", BotRule.ADDED),
        (f"{DESKTOP} Chrome-Lighthouse", BotRule.FORM),
        ("curl/8.5.0", BotRule.LIST),
        ("TomorrowChecker/1.0", BotRule.PROGRAM),
        (DESKTOP, BotRule.NONE),  # no bot's today
        ("", BotRule.NONE),
        (None, BotRule.NONE),
    ],
)
def test_the_rule_by_which_a_bot_is_known_is_told(user_agent: str | None, rule: BotRule) -> None:
    assert bot_rule(user_agent) is rule


def test_there_is_a_rule_for_every_bot(classifier: DeviceClassifier) -> None:
    known = [user_agent for user_agent in BOTS if classifier.parse_device(user_agent).is_bot]
    assert [user_agent for user_agent in known if bot_rule(user_agent) is BotRule.NONE] == []
