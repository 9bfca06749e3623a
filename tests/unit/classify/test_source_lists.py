"""The lists of sites that the channel rules read."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from collector.address import Campaign, normalize_host, registrable_domain
from collector.classify.channel import Channel, ChannelClassifier
from collector.classify.source_lists import (
    AD_SITES_FILE,
    CLICK_IDS_FILE,
    FILES,
    GA4_FILE,
    KIND_OF_FILE,
    SourceListError,
    load_source_lists,
)


def read_list(name: str) -> dict[str, Any]:
    text = resources.files("collector.classify.data").joinpath(name).read_text("utf-8")
    return tomllib.loads(text)


def our_lists() -> dict[str, dict[str, list[str]]]:
    """The lists of sites: names by domain."""
    ads = {domain: site.get("names", []) for domain, site in read_list(AD_SITES_FILE).items()}
    return {name: read_list(name) for name in KIND_OF_FILE} | {AD_SITES_FILE: ads}


def test_no_domain_and_no_name_stands_in_two_lists() -> None:
    lists = our_lists().values()
    domains = Counter(domain for sites in lists for domain in sites)
    names = Counter(name for sites in lists for found in sites.values() for name in found)
    assert [entry for entry, count in (domains + names).items() if count > 1] == []


def test_every_entry_is_lower_case_and_a_domain() -> None:
    entries = [domain for sites in our_lists().values() for domain in sites]
    hosts = [re.sub(r"\.\*\*?$", ".com", entry) for entry in entries]
    assert [h for h in hosts if normalize_host(h) != h or registrable_domain(h) is None] == []
    names = [name for sites in our_lists().values() for found in sites.values() for name in found]
    assert [name for name in names if name != name.lower()] == []


@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("search_engines.toml", 40),
        ("social_networks.toml", 40),
        ("payment_providers.toml", 1_000),
        ("sign_in_sites.toml", 100),
        ("ad_sites.toml", 100),
        ("ai_assistants.toml", 15),
    ],
)
def test_the_lists_are_not_cut_short(name: str, at_least: int) -> None:
    assert len(our_lists()[name]) >= at_least


def test_the_documentation_counts_the_entries_of_each_list(root: Path) -> None:
    page = (root / "docs" / "channels.md").read_text(encoding="utf-8")
    counted = dict(re.findall(r"^\| (\w+\.toml) \|.*\| (\d+) \|$", page, re.MULTILINE))
    lists = {name: read_list(name) for name in FILES}
    lists[GA4_FILE] = dict.fromkeys(s for sources in lists[GA4_FILE].values() for s in sources)
    assert counted == {name: str(len(entries)) for name, entries in lists.items()}


def test_the_browser_tracker_keeps_the_click_ids_that_the_list_marks_for_it() -> None:
    script = resources.files("collector").joinpath("static", "t.js").read_text("utf-8")
    entries = read_list(CLICK_IDS_FILE).items()
    kept = [name for name, entry in entries if entry.get("tracker", False)]
    kept.sort(key=len, reverse=True)  # as the build has them
    assert f"|{'|'.join(kept)})=" in script


def test_what_proves_an_ad_stands_before_what_does_not_in_the_list_of_click_ids() -> None:
    paid = [source.paid for source in load_source_lists().click_ids.values()]
    assert paid == sorted(paid, reverse=True)


def test_no_source_of_ga4_says_otherwise_than_our_lists() -> None:
    lists = load_source_lists()
    ours = {
        name: (found.kind, lists.ga4[name].kind)
        for name, found in lists.names.items()
        if name in lists.ga4
    }
    assert {name: kinds for name, kinds in ours.items() if kinds[0] != kinds[1]} == {}
    of_hosts = {
        domain: (found.kind, lists.ga4[joined].kind)
        for domain, found in lists.sites.items()
        if (joined := domain.replace(".", "-")) in lists.ga4
    }
    assert {domain: kinds for domain, kinds in of_hosts.items() if kinds[0] != kinds[1]} == {}


def test_a_deployment_adds_to_the_lists_and_wins_over_them(tmp_path: Path) -> None:
    (tmp_path / "search_engines.toml").write_text('"find.example" = ["finder"]')
    (tmp_path / "referral_sites.toml").write_text('"kagi.com" = []')
    (tmp_path / CLICK_IDS_FILE).write_text('acmeid = { paid = true, kind = "social" }')
    (tmp_path / AD_SITES_FILE).write_text('"ads.example" = { names = ["acmeads"] }')
    (tmp_path / "sign_in_sites.toml").write_text('"entrance.**" = []')
    (tmp_path / "notes.txt").write_text("not a list")
    classifier = ChannelClassifier(load_source_lists(tmp_path), [])

    def channel(source: str | None, referrer: str | None, **click_ids: str) -> Channel:
        return classifier.classify_visit(Campaign(source), click_ids, referrer, None).channel

    assert channel("finder", None) is Channel.ORGANIC_SEARCH
    assert channel(None, "https://www.find.example/") is Channel.ORGANIC_SEARCH
    assert channel(None, "https://kagi.com/") is Channel.REFERRAL
    assert channel(None, None, acmeid="1") is Channel.PAID_SOCIAL
    assert channel("acmeads", None) is Channel.PAID_OTHER
    assert channel(None, "https://x.ads.example/") is Channel.PAID_OTHER
    assert channel(None, "https://entrance.partner.example/") is Channel.DIRECT
    assert channel(None, "https://entrance.example/") is Channel.REFERRAL
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
        ("search_engines.toml", '"*.find.*" = []', "not a domain"),
        ("search_engines.toml", '"a.find.**" = []', "not a domain"),
        ("ad_sites.toml", '"ads.example" = []', "ads.example"),
        ("ad_sites.toml", '"ads.example" = { kind = "tv" }', "kind is one of"),
        ("ad_sites.toml", '"ads.example" = { names = "ads" }', "ads.example"),
        ("ad_sites.toml", '"ads.example" = { name = ["ads"] }', "ads.example"),
        ("ad_sites.toml", '"ads" = {}', "not a domain"),
        ("ga4_sources.toml", 'email = ["mail.example"]', "kind is one of"),
        ("ga4_sources.toml", 'search = "find.example"', "search"),
        ("click_ids.toml", "acmeid = true", "acmeid"),
        ("click_ids.toml", "acmeid = { paid = 1 }", "acmeid"),
        ("click_ids.toml", 'acmeid = { paid = true, kind = "tv" }', "kind is one of"),
        ("click_ids.toml", "AcmeId = { paid = true }", "lower case"),
        ("click_ids.toml", "acmeid = { paid = true, king = 1 }", "acmeid"),
        ("click_ids.toml", "acmeid = { paid = true, tracker = 1 }", "acmeid"),
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
