"""The lists of sites that the channel rules read."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from collector.classify.channel import Channel, ChannelClassifier, Touch
from collector.classify.domains import normalize_host, registrable_domain
from collector.classify.source_lists import (
    CLICK_IDS_FILE,
    KIND_OF_FILE,
    SourceListError,
    load_source_lists,
)


def our_lists() -> dict[str, dict[str, list[str]]]:
    folder = resources.files("collector.classify.data")
    return {name: tomllib.loads(folder.joinpath(name).read_text("utf-8")) for name in KIND_OF_FILE}


def test_no_domain_and_no_name_stands_in_two_lists() -> None:
    lists = our_lists().values()
    domains = Counter(domain for sites in lists for domain in sites)
    names = Counter(name for sites in lists for found in sites.values() for name in found)
    assert [entry for entry, count in (domains + names).items() if count > 1] == []


def test_every_entry_is_lower_case_and_a_domain() -> None:
    entries = [domain for sites in our_lists().values() for domain in sites]
    hosts = [entry.removesuffix(".*") + ".com" * entry.endswith(".*") for entry in entries]
    assert [h for h in hosts if normalize_host(h) != h or registrable_domain(h) is None] == []
    names = [name for sites in our_lists().values() for found in sites.values() for name in found]
    assert [name for name in names if name != name.lower()] == []


@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("search_engines.toml", 40),
        ("social_networks.toml", 40),
        ("payment_providers.toml", 20),
        ("ai_assistants.toml", 15),
    ],
)
def test_the_lists_are_not_cut_short(name: str, at_least: int) -> None:
    assert len(our_lists()[name]) >= at_least


def test_the_browser_tracker_keeps_the_click_ids_of_the_list() -> None:
    script = resources.files("collector").joinpath("static", "t.js").read_text("utf-8")
    assert f'"{" ".join(load_source_lists().click_ids)}"' in script


def test_a_deployment_adds_to_the_lists_and_wins_over_them(tmp_path: Path) -> None:
    (tmp_path / "search_engines.toml").write_text('"find.example" = ["finder"]')
    (tmp_path / "referral_sites.toml").write_text('"kagi.com" = []')
    (tmp_path / CLICK_IDS_FILE).write_text('acmeid = { paid = true, kind = "social" }')
    (tmp_path / "notes.txt").write_text("not a list")
    classifier = ChannelClassifier(load_source_lists(tmp_path), [])

    def channel(source: str | None, referrer: str | None, **click_ids: str) -> Channel:
        touch = Touch(source, None, None, None, None, referrer, None, click_ids)
        return classifier.classify_touch(touch).channel

    assert channel("finder", None) is Channel.ORGANIC_SEARCH
    assert channel(None, "https://www.find.example/") is Channel.ORGANIC_SEARCH
    assert channel(None, "https://kagi.com/") is Channel.REFERRAL
    assert channel(None, None, acmeid="1") is Channel.PAID_SOCIAL
    assert channel("google", None) is Channel.ORGANIC_SEARCH


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("serch_engines.toml", "", "no list has this name"),
        ("search_engines.toml", "= 1", "not valid TOML"),
        ("search_engines.toml", "find.example = []", "with the domain in quotes"),
        ("search_engines.toml", '"find.example" = [1]', "find.example"),
        ("search_engines.toml", '"find.example" = [""]', "find.example"),
        ("search_engines.toml", '"Find.example" = []', "not a domain"),
        ("search_engines.toml", '"https://find.example" = []', "not a domain"),
        ("search_engines.toml", '"find" = []', "not a domain"),
        ("search_engines.toml", '"co.uk" = []', "not a domain"),
        ("search_engines.toml", '"a.find.*" = []', "not a domain"),
        ("click_ids.toml", "acmeid = true", "acmeid"),
        ("click_ids.toml", "acmeid = { paid = 1 }", "acmeid"),
        ("click_ids.toml", 'acmeid = { paid = true, kind = "tv" }', "kind is one of"),
        ("click_ids.toml", "AcmeId = { paid = true }", "lower case"),
        ("click_ids.toml", "acmeid = { paid = true, king = 1 }", "acmeid"),
    ],
)
def test_a_broken_list_is_refused_with_its_file_and_its_entry(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceListError, match=message) as refused:
        load_source_lists(tmp_path)
    assert name in str(refused.value)


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceListError, match="absent"):
        load_source_lists(tmp_path / "absent")
