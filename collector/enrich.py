"""From what came in to what is stored: payload + request context -> event. Pure.

`Enricher.enrich` reads from top to bottom: identity, stage, attribution, device, time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from collector.classify.channel import ChannelClassifier, Touch
from collector.classify.device import DeviceClassifier
from collector.classify.source_lists import load_source_lists
from collector.classify.stages import StageRules, load_stage_rules
from collector.clocks import settle_time
from collector.contract.fields import MAX_CLICK_ID, parse_uuid
from collector.contract.models import ConversionEventRequest, UTMParams
from collector.contract.reader import UTM
from collector.contract.wire import clean_text
from collector.event import Event, FunnelStage, RequestContext
from collector.settings import Settings

LONGEST_ESCAPED = MAX_CLICK_ID * len("%F0%9F%98%80")
# What the column holds; a longer one stands whole in click_ids.
GOOGLE_CLICK_ID_LENGTH = 255

# What an event belongs to whose sender does not know its session: a session of its own.
NO_SESSION = "no-session"

NO_UTM = UTM()


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
        """The event that a tracker sent."""
        utm = payload.utm_params or NO_UTM
        user_id, external_user_id = self.identify(payload.user_id)
        stage = self.stages.classify_stage(payload.event_type, payload.page_url)
        click_ids = self.collect_click_ids(payload)
        attribution = self.channels.classify_touch(touch_of(payload, utm, click_ids))
        device = self.devices.parse_device(context.user_agent)
        event_id = payload.event_id or self.new_id()
        occurred_at, marks = payload.occurred_at, payload.marks
        if occurred_at is not None:
            occurred_at, found = settle_time(occurred_at, payload.sent_at, context.received_at)
            marks = marks + found if found else marks
        return Event(
            id=event_id,
            user_id=user_id,
            external_user_id=external_user_id,
            session_id=payload.session_id or f"{NO_SESSION}-{event_id}",
            visitor_id=payload.visitor_id,
            event_type=payload.event_type,
            event_name=payload.event_name,
            sequence=payload.sequence,
            funnel_stage=stage,
            is_bot=device.is_bot,
            utm_source=utm.utm_source,
            utm_medium=utm.utm_medium,
            utm_campaign=utm.utm_campaign,
            utm_term=utm.utm_term,
            utm_content=utm.utm_content,
            source_type=attribution.source_type,
            channel=attribution.channel,
            channel_rule=attribution.rule,
            click_ids=click_ids or None,
            referrer=payload.referrer,
            page_url=payload.page_url,
            page_title=payload.page_title,
            form_data=payload.form_data,
            conversion_value=payload.conversion_value,
            currency=payload.currency or self.default_currency,
            order_id=payload.order_id,
            converted=is_conversion(stage),
            ga_client_id=payload.ga_client_id,
            ga_session_id=payload.ga_session_id,
            stripe_session_id=payload.stripe_session_id,
            stripe_customer_id=payload.stripe_customer_id,
            device_type=payload.device_type or device.device_type,
            browser=payload.browser or device.browser,
            os=payload.os or device.os,
            user_agent=context.user_agent,
            ip_address=context.client_ip,
            stamp_verified=context.stamp_verified,
            fb_pixel_id=payload.fb_pixel_id,
            fb_event_id=payload.fb_event_id,
            google_ads_click_id=google_click_id_of(payload),
            linkedin_partner_id=payload.linkedin_partner_id,
            metadata=payload.metadata,
            truncated_fields=payload.cut,
            marks=marks,
            request_id=context.request_id,
            occurred_at=occurred_at,
            sent_at=payload.sent_at,
            received_at=context.received_at,
        )

    def identify(self, user_id: str | None) -> tuple[UUID | None, str | None]:
        """The user's UUID, and the id as sent where it is none (docs/design.md#what-is-stored)."""
        if user_id is None:
            return None, None
        uuid = parse_uuid(user_id)
        if uuid is not None:
            return uuid, None
        return uuid5(self.user_id_namespace, user_id), user_id

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


def is_conversion(stage: FunnelStage | None) -> bool:
    """A session converts with its subscription (docs/funnel.md#rules)."""
    return stage is FunnelStage.SUBSCRIPTION_CREATED


def touch_of(
    payload: ConversionEventRequest, utm: UTMParams, click_ids: Mapping[str, str]
) -> Touch:
    """What the channel rules look at."""
    return Touch(
        utm_source=utm.utm_source,
        utm_medium=utm.utm_medium,
        utm_campaign=utm.utm_campaign,
        utm_term=utm.utm_term,
        utm_content=utm.utm_content,
        referrer=payload.referrer,
        page_url=payload.page_url,
        click_ids=click_ids,
    )


def google_click_id_of(payload: ConversionEventRequest) -> str | None:
    """Google's click id for its own column: as sent, else the gclid among the click ids sent."""
    sent = payload.google_ads_click_id or (payload.click_ids or {}).get("gclid")
    return sent and sent[:GOOGLE_CLICK_ID_LENGTH]


def decode_click_id(text: str) -> str:
    """A parameter's value, as long as a click id may be, without reading more of it."""
    return clean_text(unquote_plus(text[:LONGEST_ESCAPED]))[:MAX_CLICK_ID]
