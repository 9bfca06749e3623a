"""Devices, browsers and bots by their User-Agents: real ones, and hostile ones."""

from __future__ import annotations

import json
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import user_agents
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.device import (
    OVERRIDES,
    UNKNOWN_DEVICE,
    DeviceClassifier,
    DeviceType,
    Override,
    classify_device,
    kind_of_device,
)
from collector.classify.families import (
    DEVICE_FAMILIES,
    read_browser_and_os,
    read_device,
    read_user_agent,
)
from collector.classify.families import possible_device_families as possible

# Kind, browser, operating system ("-": none), and what the browser sends.
BROWSERS = """
desktop | Chrome | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop | Edge | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0
desktop | Opera | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0
desktop | Vivaldi | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7.3329.31
desktop | Yandex Browser | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 YaBrowser/24.4.0.0 Safari/537.36
desktop | Brave | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Brave/126
desktop | Firefox | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0
desktop | IE | Windows | Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko
desktop | IE | Windows | Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)
desktop | Safari | Mac OS X | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15
desktop | Chrome | Mac OS X | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop | DuckDuckGo | Mac OS X | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15 Ddg/17.5
desktop | Chrome | Linux | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
desktop | Firefox | Ubuntu | Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0
desktop | Firefox | FreeBSD | Mozilla/5.0 (X11; FreeBSD amd64; rv:120.0) Gecko/20100101 Firefox/120.0
desktop | Chrome | Chrome OS | Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
mobile | Mobile Safari | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1
mobile | Chrome Mobile iOS | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1
mobile | Firefox iOS | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15
mobile | Edge Mobile | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/125.0.2535.96 Mobile/15E148 Safari/605.1.15
mobile | Google | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/319.0.634037123 Mobile/15E148 Safari/604.1
mobile | Facebook | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/468.1.0.47.105;FBDV/iPhone14,5;FBID/phone]
mobile | Instagram | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 Instagram 336.0.8.28.93 (iPhone15,2; iOS 17_5_1; en_US; en)
mobile | TikTok | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_34.9.0 NetType/WIFI BytedanceWebview/d8a21c6
mobile | Mobile Safari UI/WKWebView | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.5962
mobile | Snapchat | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/12.91.0.39 (like Safari/8618.2.12.10.9, panda)
mobile | Pinterest | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]
mobile | WeChat Browser | iOS | Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/zh_CN
tablet | Mobile Safari | iOS | Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1
mobile | Chrome Mobile | Android | Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36
tablet | Chrome | Android | Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
tablet | Chrome | Android | Mozilla/5.0 (Linux; Android 13; Pixel Tablet) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36
mobile | Samsung Internet | Android | Mozilla/5.0 (Linux; Android 13; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36
tablet | Samsung Internet | Android | Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36
mobile | Firefox Mobile | Android | Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0
tablet | Firefox Mobile | Android | Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0
mobile | Edge Mobile | Android | Mozilla/5.0 (Linux; Android 13; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.165 Mobile Safari/537.36 EdgA/125.0.2535.92
mobile | Opera Mobile | Android | Mozilla/5.0 (Linux; Android 13; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.165 Mobile Safari/537.36 OPR/76.2.4027.73374
mobile | Opera Mini | Android | Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16
mobile | Chrome Mobile WebView | Android | Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36
mobile | Facebook | Android | Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/467.0.0.45.85;]
mobile | Instagram | Android | Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 Instagram 336.0.0.35.90 Android (33/13; 450dpi; samsung; SM-A536B)
mobile | TikTok | Android | Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 trill_340904 JsSdk/1.0 NetType/WIFI BytedanceWebview/d8a21c6
mobile | Chrome Mobile | Android | Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 30 Build/SP1A.210812.016) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36
mobile | Chrome Mobile WebView | Android | Mozilla/5.0 (Linux; Android 13; CUBOT_P50 Build/RP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/90.0.4430.91 Mobile Safari/537.36
mobile | UC Browser | Android | Mozilla/5.0 (Linux; U; Android 12; en-US; Redmi Note 9 Build/SP1A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0 UCBrowser/13.4.0.1306 Mobile Safari/537.36
mobile | MiuiBrowser | Android | Mozilla/5.0 (Linux; Android 13; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.7.1-gn
mobile | Huawei Browser | Android | Mozilla/5.0 (Linux; Android 13; ANA-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 Mobile Safari/537.36
mobile | DuckDuckGo Mobile | Android | Mozilla/5.0 (Linux; Android 13; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile DuckDuckGo/5 Safari/537.36
tablet | Amazon Silk | Android | Mozilla/5.0 (Linux; Android 13; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/125.2.2 like Chrome/125.0.6422.165 Safari/537.36
mobile | Edge Mobile | Windows Phone | Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063
mobile | Firefox Mobile | KaiOS | Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5
tv | Samsung Internet | Tizen | Mozilla/5.0 (SMART-TV; Linux; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/85.0.4183.93 TV Safari/537.36
tv | Chrome | Web0S | Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager
tv | Chrome Mobile WebView | Android | Mozilla/5.0 (Linux; Android 13; AFTMM Build/PS7633; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/110.0.5481.154 Mobile Safari/537.36
tv | Roku | Roku | Roku/DVP-12.5 (12.5.0.4178-88)
console | Safari | - | Mozilla/5.0 (PlayStation; PlayStation 5/5.10) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15
console | Edge | Windows | Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edge/44.18363.8131
console | - | - | Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4 (KHTML, like Gecko) NF/6.0.1.15.4 NintendoBrowser/5.1.0.20393
tv | Chrome Mobile WebView | Android | Mozilla/5.0 (Linux; Android 11; MiTV-MOOQ1 Build/RTM1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/110.0.0.0 Mobile Safari/537.36
tv | Opera | Linux | Opera/9.80 (Linux armv7l; U; CE-HTML/1.0 NETTV/4.1.1; en) Presto/2.10.287 Version/12.00
mobile | Chrome Mobile | Android | Mozilla/5.0 (Linux; Android 6.0; RIVIERA U963) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/84.0.4147.111 Mobile Safari/537.36
console | Apple Mail | - | Mozilla/5.0 (PlayStation 5 3.03/SmartTV) AppleWebKit/605.1.15 (KHTML, like Gecko)
tablet | Firefox iOS | iOS | Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/132.0 Safari/605.1.15
tablet | Chrome Mobile iOS | iOS | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131 Version/11.1.1 Safari/605.1.15
tablet | Edge Mobile | iOS | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/125 Version/13.0.3 Safari/605.1.15
tablet | Safari | iOS | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3.1 Mobile/15E148 Safari/604.1
tablet | DuckDuckGo Mobile | iOS | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 DuckDuckGo/7
mobile | Instagram | iOS | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 336.0.8.28.93 (iPhone15,2; iOS 17_5_1; en_US; en)
tablet | Amazon Silk | Android | Mozilla/5.0 (Linux; Android 9; KFONWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108.0.5359.220 Mobile Safari/537.36
tablet | Amazon Silk | Linux | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108.0.5359.220 Safari/537.36
tablet | Amazon Silk | Android | Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10_6_3; en-us; Silk/1.1.0-80) AppleWebKit/533.16 (KHTML, like Gecko) Version/5.0 Safari/533.16 Silk-Accelerated=true
tablet | Chrome Mobile WebView | Android | Mozilla/5.0 (Linux; Android 9; KFMAWI Build/PS7327; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/59.0.3071.125 Mobile Safari/537.36
tablet | Kindle | Kindle | Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 Safari/533.2+ Kindle/3.0+
tablet | Kindle | Kindle | Mozilla/5.0 (Linux; U; en-US) AppleWebKit/528.5+ (KHTML, like Gecko, Safari/528.5+) Version/4.0 Kindle/3.3 (screen 600x800; rotate)
mobile | Amazon Silk | Android | Mozilla/5.0 (Linux; U; Android 4.2.2; en-us; SD4930UR Build/JDQ39) AppleWebKit/535.19 (KHTML, like Gecko) Silk/3.42 like Chrome/34.0.1847.137 Mobile Safari/535.19 Silk-Accelerated=true
mobile | IE | Windows | Mozilla/5.0 (Windows NT 6.2; ARM; Trident/7.0; Touch; rv:11.0; WPDesktop; NOKIA; Lumia 1520) like Gecko
mobile | Edge | Windows | Mozilla/5.0 (Windows NT 10.0; ARM; Lumia 640 LTE) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2486.0 Safari/537.36 Edge/13.10586
mobile | IE | Windows | Mozilla/4.0 (compatible; MSIE 4.01; Windows CE; PPC i-mate JAQ; 240x320)
desktop | IE | Windows | Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; PCQuest)
mobile | Android | Android | Dalvik/2.1.0 (Linux; U; Android 9; moto g(7) play Build/PPYS29.105-134-7)
mobile | Instagram | Android | Instagram 5.1.3 Android (19/4.4.2; 480dpi; 1080x1920; samsung; SM-N900; ha3g; universal5420; en_GB)
mobile | - | Android | HS-T830_TD/1.0 Android/2.3 Release/09.27.2012 Browser/AppleWebKit533.1 Profile/MIDP-2.0 Configuration/CLDC-1.1
tablet | Android | Android | Dalvik/2.1.0 (Linux; U; Android 11; Lenovo TAB M10 Build/RP1A.200720.011)
desktop | Chrome | - | Mozilla/5.0 (PC; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1
other | - | - | something
"""  # noqa: E501 -- what browsers send is long, and stands here as they send it

BOTS = """
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36
curl/8.5.0
Wget/1.21.4
python-requests/2.32.3
Python/3.11 aiohttp/3.9.5
Go-http-client/2.0
axios/1.7.2
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.2 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)
Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse
Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
Twitterbot/1.0
Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)
Mozilla/5.0 (compatible; MyCompanyBot/1.0)
Mozilla/5.0 (compatible; SomethingCrawler; +http://example.com)
"""  # noqa: E501 -- as above


# Real User-Agents, and of each two one that names a device between their halves.
CORPORA = Path(__file__).parents[2] / "corpus"
CORPUS = [
    user_agent
    for name in ("people.txt", "bots.txt")
    for user_agent in (CORPORA / name).read_text("utf-8").splitlines()
][::3]
NAMED = (*sorted(DEVICE_FAMILIES), "Streak", "Playbook", "KFOT Build", "CFNetwork/1 Darwin/2")
MIXED = CORPUS + [
    f"{one[: len(one) // 2]}; {named} {other[len(other) // 2 :]}"
    for one, other, named in zip(CORPUS, reversed(CORPUS), cycle(NAMED), strict=False)
]

# What browsers are to the collector, and what the browser tracker sends of them.
TRACKED = json.loads(
    Path(__file__).parents[3].joinpath("tracker", "test", "browsers.json").read_text("utf-8")
)


def rows_of(table: str) -> list[list[str]]:
    return [line.split(" | ") for line in table.strip().splitlines()]


CHROME, SAFARI = (
    next(user_agent for _, browser, os, user_agent in rows_of(BROWSERS) if (browser, os) == wanted)
    for wanted in (("Chrome", "Windows"), ("Safari", "Mac OS X"))
)


@pytest.fixture(scope="module")
def classifier() -> DeviceClassifier:
    return DeviceClassifier()


@pytest.mark.parametrize(("device_type", "browser", "os", "user_agent"), rows_of(BROWSERS))
def test_a_browser_is_known_and_no_bot(
    classifier: DeviceClassifier,
    device_type: str,
    browser: str,
    os: str,
    user_agent: str,
) -> None:
    device = classifier.parse_device(user_agent)
    assert (device.device_type, device.browser or "-", device.os or "-") == (
        device_type,
        browser,
        os,
    )
    assert not device.is_bot


@pytest.mark.parametrize("case", TRACKED, ids=lambda case: case["what"])
def test_a_browser_is_what_the_browser_tracker_takes_the_collector_to_say(
    classifier: DeviceClassifier, case: dict[str, Any]
) -> None:
    device = classifier.parse_device(case["user_agent"])
    facts = {"device_type": device.device_type, "browser": device.browser, "os": device.os}
    assert facts == case["collector"]


@pytest.mark.parametrize("user_agent", BOTS.strip().splitlines())
def test_a_bot_is_a_bot_whatever_device_it_names(
    classifier: DeviceClassifier, user_agent: str
) -> None:
    device = classifier.parse_device(user_agent)
    assert device.is_bot
    assert device.device_type is DeviceType.BOT


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda o: f"{o.kind}-{OVERRIDES.index(o)}")
def test_without_an_override_the_package_gets_a_user_agent_wrong(override: Override) -> None:
    known = [(kind, user_agent) for kind, _, _, user_agent in rows_of(BROWSERS)]
    known += [(case["collector"]["device_type"], case["user_agent"]) for case in TRACKED]
    others = [other for other in OVERRIDES if other is not override]
    assert [ua for kind, ua in known if classify_device(read_user_agent(ua), others) != kind] != []


@pytest.mark.parametrize("user_agent", [CHROME, SAFARI, "something"])
def test_the_package_s_view_is_what_it_parses_itself(user_agent: str) -> None:
    assert vars(read_user_agent(user_agent)) == vars(user_agents.parse(user_agent))


def test_the_device_is_read_only_where_the_kind_hangs_on_it() -> None:
    kinds = {ua: kind_of_device(read_browser_and_os(ua)) for ua in MIXED}
    assert kinds == {ua: classify_device(read_user_agent(ua)) for ua in MIXED}


def test_a_device_of_a_family_that_matters_is_thought_possible() -> None:
    families = {ua: read_device(ua).family for ua in MIXED}
    mattering = {ua: family for ua, family in families.items() if family in DEVICE_FAMILIES}
    assert set(mattering.values()) >= {"iPad", "iPhone", "iPod", "Kindle", "Spider"}
    assert [ua for ua, family in mattering.items() if family not in possible(ua)] == []


@pytest.mark.parametrize("user_agent", [None, "", "   "])
def test_without_a_user_agent_the_device_is_unknown_and_no_bot(
    classifier: DeviceClassifier, user_agent: str | None
) -> None:
    assert classifier.parse_device(user_agent) is UNKNOWN_DEVICE
    assert not UNKNOWN_DEVICE.is_bot


def test_an_ipad_that_asks_for_desktop_pages_cannot_be_told_from_a_mac(
    classifier: DeviceClassifier,
) -> None:
    assert classifier.parse_device(SAFARI).device_type is DeviceType.DESKTOP


def test_what_stands_behind_1024_characters_is_not_read(classifier: DeviceClassifier) -> None:
    assert not classifier.parse_device(CHROME.ljust(1024) + "Googlebot/2.1").is_bot
    assert classifier.parse_device(CHROME + " Googlebot/2.1").is_bot


@given(st.text(st.characters(exclude_categories=())))  # lone surrogates too
def test_no_text_makes_the_parser_raise(user_agent: str) -> None:
    assert DeviceClassifier().parse_device(user_agent).device_type in DeviceType


@pytest.mark.parametrize(
    "hostile",
    [
        "a" * 1024,
        ";" * 1024,
        "Android " + " " * 1016,
        "Mozilla/5.0 (Linux; Android " * 40,
        "1." * 512,
        "SM-X Build/" * 100,
        "bo" * 512,
        "iPhone OS " + "1_" * 507,
        "AFTA" * 256,
        "é" * 1024,
        "Android" * 146,
        "Macintosh" * 113,
        "Macintosh MSIE " * 68,
        "compatible; " * 85,
        "Mozilla/5.0 (Android; Macintosh) " * 31,
        "a@" * 512,
    ],
)
def test_a_hostile_user_agent_costs_less_than_twenty_milliseconds(hostile: str) -> None:
    classifier = DeviceClassifier()
    started = time.thread_time()  # this thread's own time: the machine may be busy
    classifier.parse_device(hostile)
    # Measured: 0.4 ms at most. A pattern that backtracks would take seconds.
    assert time.thread_time() - started < 0.02


def test_a_repeated_user_agent_is_answered_from_the_cache() -> None:
    classifier = DeviceClassifier(cache_size=1)
    first = classifier.parse_device(CHROME)
    assert classifier.parse_device(CHROME) is first
    classifier.parse_device(SAFARI)
    assert classifier.parse_device(CHROME) is not first


def test_the_documentation_explains_every_kind_of_device() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "devices.md").read_text(encoding="utf-8")
    assert [kind for kind in DeviceType if f"| `{kind}` |" not in page] == []
