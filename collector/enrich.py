"""From what came in to what is stored: payload + request context -> event. Pure.

`Enricher.enrich` reads from top to bottom: identity, stage, attribution, device.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from collector.classify.channel import Attribution, ChannelClassifier, Touch
from collector.classify.device import DeviceClassifier
from collector.classify.source_lists import load_source_lists
from collector.classify.stages import StageRules, load_stage_rules
from collector.contract.fields import MAX_CLICK_ID, parse_uuid
from collector.contract.models import ConversionEventRequest, UTMParams
from collector.contract.wire import clean_text
from collector.event import Event, FunnelStage, RequestContext
from collector.settings import Settings

LONGEST_ESCAPED = MAX_CLICK_ID * len("%F0%9F%98%80")
MOST_BROKEN = 100
NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# What the column holds; a longer one stands whole in click_ids.
GOOGLE_CLICK_ID_LENGTH = 255

# A session converts with its subscription (docs/funnel.md#rules).
CONVERSION = FunnelStage.SUBSCRIPTION_CREATED

Campaign: TypeAlias = tuple[str | None, str | None, str | None, str | None, str | None]
NO_CAMPAIGN: Campaign = (None, None, None, None, None)
# What stands in a row by other names, or not at all.
NOT_STORED = ("event_id", "utm_params", "cut", "unknown")


@dataclass(frozen=True, slots=True)
class Enricher:
    """The classifiers, and how the deployment wants ids and money to be read."""

    channels: ChannelClassifier
    click_id_params: Collection[str]
    devices: DeviceClassifier
    stages: StageRules
    user_id_namespace: UUID
    default_currency: str
    url_max_parameters: int
    new_id: Callable[[], UUID]

    def enrich(self, payload: ConversionEventRequest, context: RequestContext) -> Event:
        """The event that a tracker sent. Fields that nothing is made of are stored as sent."""
        fields = vars(payload).copy()
        for name in NOT_STORED:
            fields.pop(name, None)
        if payload.utm_params is not None:
            fields |= vars(payload.utm_params)
        if payload.user_id is not None:
            fields["user_id"], fields["external_user_id"] = self.identify(payload.user_id)
        stage = self.stages.classify_stage(payload.event_type, payload.page_url)
        click_ids = self.collect_click_ids(payload)
        attribution = self.attribute(payload, click_ids)
        device = self.devices.parse_device(context.user_agent)
        fields |= {
            "id": payload.event_id or self.new_id(),
            "funnel_stage": stage,
            "is_bot": device.is_bot,
            "source_type": attribution.source_type,
            "channel": attribution.channel,
            "channel_rule": attribution.rule,
            "click_ids": click_ids or None,
            "currency": payload.currency or self.default_currency,
            "converted": stage is CONVERSION,
            "device_type": payload.device_type or device.device_type,
            "browser": payload.browser or device.browser,
            "os": payload.os or device.os,
            "user_agent": context.user_agent,
            "ip_address": context.client_ip,
            "stamp_verified": context.stamp_verified,
            "google_ads_click_id": google_click_id_of(payload),
            "truncated_fields": payload.cut,
            "request_id": context.request_id,
            "received_at": context.received_at,
        }
        return Event(**fields)

    def identify(self, user_id: str) -> tuple[UUID | None, str | None]:
        """The user's UUID, and the id as sent where it is none (docs/design.md#what-is-stored)."""
        uuid = parse_uuid(user_id)
        if uuid is not None:
            return uuid, None
        return uuid5(self.user_id_namespace, user_id), user_id

    def attribute(
        self, payload: ConversionEventRequest, click_ids: Mapping[str, str]
    ) -> Attribution:
        """Where the visit came from."""
        if payload.utm_params is None and not click_ids:
            return self.channels.classify_visit(payload.referrer, payload.page_url)
        return self.channels.classify_touch(touch_of(payload, click_ids))

    def collect_click_ids(self, payload: ConversionEventRequest) -> dict[str, str]:
        """The click ids as sent, else those in the page's URL; Google's own counts as gclid."""
        sent = payload.click_ids
        click_ids = self.click_ids_in_query(payload.page_url) if sent is None else dict(sent)
        if payload.google_ads_click_id:
            click_ids.setdefault("gclid", payload.google_ads_click_id)
        return click_ids

    def click_ids_in_query(self, page_url: str | None) -> dict[str, str]:
        """The click ids among the first parameters of a URL's query, of two with one name the last.

        Cleaned, since percent-encoding can hide a U+0000. A name counts as it stands: no
        encoder escapes a letter.
        """
        if not page_url or "?" not in page_url:
            return {}
        try:
            query = urlsplit(page_url).query
        except ValueError:  # not a URL
            return {}
        most = self.url_max_parameters
        pairs = [pair.partition("=") for pair in query.split("&", most)[:most]]
        texts = {name: text for name, _, text in pairs if text and name in self.click_id_params}
        return {name: decode_click_id(text) for name, text in texts.items()}


def make_enricher(settings: Settings) -> Enricher:
    """The enricher of a deployment, with its lists and rules loaded.

    Raises SourceListError and StageRulesError where a file of the settings cannot be used.
    """
    lists = load_source_lists(settings.source_lists_dir)
    return Enricher(
        channels=ChannelClassifier(lists, settings.own_domains),
        click_id_params=frozenset(lists.click_ids),
        devices=DeviceClassifier(),
        stages=load_stage_rules(settings.funnel_stages_file),
        user_id_namespace=settings.user_id_namespace,
        default_currency=settings.default_currency,
        url_max_parameters=settings.url_max_parameters,
        new_id=uuid7,
    )


def touch_of(payload: ConversionEventRequest, click_ids: Mapping[str, str]) -> Touch:
    """What the channel rules look at."""
    source, medium, campaign, term, content = (
        campaign_of(payload.utm_params) if payload.utm_params else NO_CAMPAIGN
    )
    return Touch(
        *(source, medium, campaign, term, content), payload.referrer, payload.page_url, click_ids
    )


def campaign_of(utm: UTMParams) -> Campaign:
    """The values of the five campaign parameters."""
    return utm.utm_source, utm.utm_medium, utm.utm_campaign, utm.utm_term, utm.utm_content


def google_click_id_of(payload: ConversionEventRequest) -> str | None:
    """Google's click id for its own column: as sent, else the gclid among the click ids sent."""
    sent = payload.google_ads_click_id or (payload.click_ids or {}).get("gclid")
    return sent and sent[:GOOGLE_CLICK_ID_LENGTH]


def decode_click_id(text: str) -> str:
    """A parameter's value, as long as a click id may be, without reading more of it."""
    return clean_text(unescape(text[:LONGEST_ESCAPED]))[:MAX_CLICK_ID]


def unescape(text: str) -> str:
    """What urllib's unquote_plus makes of a text, in a twentieth of the time.

    Percent-encoding is quoted-printable with another sign, which binascii reads in native code.
    A text with many percent signs that escape nothing is none that was escaped, and stays.
    """
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    escaped, broken = NO_ESCAPE.subn(b"%25", text.encode(), MOST_BROKEN + 1)
    if broken > MOST_BROKEN:
        return text
    return a2b_qp(escaped.replace(b"=", b"%3D").replace(b"%", b"=")).decode(errors="replace")
