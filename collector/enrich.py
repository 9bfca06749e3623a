"""From what came in to what is stored: payload + request context -> event. Pure.

`Enricher.enrich` reads from top to bottom: identity, stage, attribution, device, time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from collector.address import NO_CAMPAIGN, NO_TAGS, AddressReader, Campaign, campaign_of, meant_name
from collector.classify.channel import ChannelClassifier
from collector.classify.device import DeviceClassifier
from collector.classify.source_lists import load_source_lists
from collector.classify.stages import StageRules, load_stage_rules
from collector.clocks import settle_time
from collector.contract.fields import MAX_CLICK_ID, parse_uuid
from collector.contract.models import TAG_LENGTHS, ConversionEventRequest, UTMParams
from collector.contract.wire import clean_text
from collector.cookieless import Salts, daily_visitor_id
from collector.event import Event, Mark, RequestContext
from collector.money import CENT, MINOR_UNITS
from collector.redaction.addresses import MARK, AddressRedactor
from collector.settings import Settings

# What the column holds; a longer one stands whole in click_ids.
GOOGLE_CLICK_ID_LENGTH = 255
SHORTEST_TAG = min(TAG_LENGTHS.values())

# 183.60000000000002 is how floats write 183.60: what is lost there was never meant.
FLOAT_NOISE = Decimal("1e-6")

# Any UUID will do, as long as it stays the same.
ORDER_NAMESPACE = UUID("5f1c0ac8-4b1d-5a52-9d5e-0d6f3a0d9c41")
# What an event belongs to whose sender does not know its session: a session of its own.
NO_SESSION = "no-session"
# Campaigns repeat; 1024 of them, of 965 characters at most, are 8 MB at most.
campaign_of_tags = lru_cache(maxsize=1024)(campaign_of)


@dataclass(frozen=True, slots=True)
class Enricher:
    """The classifiers, and how the deployment wants ids and money to be read."""

    channels: ChannelClassifier
    addresses: AddressReader
    click_id_names: Collection[str]
    devices: DeviceClassifier
    stages: StageRules
    user_id_namespace: UUID
    default_currency: str
    redactor: AddressRedactor | None
    new_id: Callable[[], UUID]
    salts: Salts | None = None  # of visitor ids that are good for a day, where they are wanted

    def enrich(self, payload: ConversionEventRequest, context: RequestContext) -> Event:
        """The event that a tracker sent. Fields that nothing is made of are stored as sent."""
        campaign, click_ids, cut = self.read_tags(payload)
        source, medium, name, term, content = campaign
        user_id, external_user_id = self.identify(payload.user_id)
        reached = self.stages.classify_stage(payload.event_type, payload.page_url)
        order = order_key_of(payload) if reached.converts else None
        event_id = payload.event_id or (order_event_id(payload, order) if order else self.new_id())
        currency = payload.currency or self.default_currency
        value, marks = round_value(payload, currency)
        attribution = self.channels.classify_visit(
            campaign, click_ids, payload.referrer, payload.page_url
        )
        device = self.devices.parse_device(context.user_agent)
        occurred_at = payload.occurred_at
        if occurred_at is not None:
            occurred_at, found = settle_time(occurred_at, payload.sent_at, context.received_at)
            marks = marks + found if found else marks
        # Only what is stored: a redacted address may tell less of where a visit came from.
        page_url, referrer = self.redact(payload.page_url), self.redact(payload.referrer)
        # By place, in the order of Event's fields, which says why; a test holds each to its name.
        return Event(
            event_id,
            payload.session_id or f"{NO_SESSION}-{event_id}",
            payload.event_type,
            payload.event_name,
            device.is_bot,
            attribution.source_type,
            attribution.channel,
            attribution.rule,
            currency,
            reached.converts,
            context.stamp_verified,
            context.received_at,
            user_id,
            external_user_id,
            payload.visitor_id or self.visitor_id(payload, context),
            payload.sequence,
            reached.stage,
            source,
            medium,
            name,
            term,
            content,
            click_ids or None,
            referrer,
            page_url,
            payload.page_title,
            payload.form_data,
            value,
            payload.order_id,
            payload.ga_client_id,
            payload.ga_session_id,
            payload.stripe_session_id,
            payload.stripe_customer_id,
            payload.device_type or device.device_type,
            payload.browser or device.browser,
            payload.os or device.os,
            context.user_agent,
            context.stored_ip,
            payload.fb_pixel_id,
            payload.fb_event_id,
            google_click_id_of(payload, click_ids) if click_ids else None,
            payload.linkedin_partner_id,
            payload.metadata,
            cut,
            marks_with(marks, page_url, referrer),
            context.request_id,
            occurred_at,
            payload.sent_at,
            context.gpc,
            payload.consent,
            payload.user_data,
        )

    def redact(self, address: str | None) -> str | None:
        """An address as it is stored."""
        if not address or not self.redactor:
            return address
        # To look for these first takes a fifth of the time: all that is redacted stands at one.
        if not ("=" in address or "%" in address or "@" in address):
            return address
        return self.redactor.redact(address) if self.redactor.may_hold(address) else address

    def visitor_id(self, payload: ConversionEventRequest, context: RequestContext) -> str | None:
        """An id for the day, of an event that has none, where the deployment wants it."""
        if self.salts is None:
            return None
        salt = self.salts.of(context.received_at)
        if salt is None:
            return None
        return daily_visitor_id(salt, payload.page_url, context.client_ip, context.user_agent)

    def identify(self, user_id: str | None) -> tuple[UUID | None, str | None]:
        """The user's UUID, and the id as sent where it is none (docs/design.md#what-is-stored)."""
        if user_id is None:
            return None, None
        uuid = parse_uuid(user_id)
        if uuid is not None:
            return uuid, None
        return uuid5(self.user_id_namespace, user_id), user_id

    def read_tags(
        self, payload: ConversionEventRequest
    ) -> tuple[Campaign, dict[str, str], tuple[str, ...]]:
        """The campaign, the click ids, and all fields that were cut.

        Each of the first two is the payload's, else that of the page's address, as a whole: tags
        of two campaigns are never mixed. Google's own click id counts as gclid.
        """
        campaign = campaign_of_sent(payload.utm_params) if payload.utm_params else NO_CAMPAIGN
        click_ids = self.click_ids_of_sent(payload.click_ids) if payload.click_ids else {}
        cut = payload.cut
        if campaign is NO_CAMPAIGN or not click_ids:
            tags = self.addresses.read_tags(payload.page_url)
            if tags is not NO_TAGS:  # mostly there are none
                if campaign is NO_CAMPAIGN:
                    campaign, long = fitting(tags.campaign)
                    cut = (*cut, *long)
                click_ids = click_ids or {n: fitting_click_id(v) for n, v in tags.click_ids.items()}
        if payload.google_ads_click_id:
            click_ids.setdefault("gclid", payload.google_ads_click_id)
        return campaign, click_ids, cut

    def click_ids_of_sent(self, sent: Mapping[str, str]) -> dict[str, str]:
        """The click ids that were sent, those that are listed under their names in the list."""
        named = {self.click_id_name(name): click_id for name, click_id in sent.items()}
        return {name: click_id for name, click_id in named.items() if not click_id.isspace()}

    def click_id_name(self, name: str) -> str:
        """The name in the list, else the name as sent."""
        meant = meant_name(name)
        return meant if meant in self.click_id_names else name


def make_enricher(settings: Settings, salts: Salts | None = None) -> Enricher:
    """The enricher of a deployment, with its lists and rules loaded.

    Without `salts`, which a collector has that is told to, no event gets a visitor id here.
    Raises SourceListError and StageRulesError where a file of the settings cannot be used.
    """
    lists = load_source_lists(settings.source_lists_dir)
    return Enricher(
        channels=ChannelClassifier(lists, settings.own_domains),
        addresses=AddressReader(lists.click_ids, settings.url_max_parameters),
        click_id_names=frozenset(lists.click_ids),
        devices=DeviceClassifier(),
        stages=load_stage_rules(settings.funnel_stages_file),
        user_id_namespace=settings.user_id_namespace,
        default_currency=settings.default_currency,
        redactor=make_redactor(settings, lists.click_ids),
        new_id=uuid7,
        salts=salts,
    )


def make_redactor(settings: Settings, click_ids: Collection[str]) -> AddressRedactor | None:
    """The redactor of a deployment, if it wants one; it lets click ids stand."""
    if not settings.redact_addresses:
        return None
    return AddressRedactor(settings.url_max_parameters, settings.redact_parameters, click_ids)


def marks_with(
    marks: tuple[str, ...], page_url: str | None, referrer: str | None
) -> tuple[str, ...]:
    """An event's marks, and that of a redacted address; a tracker may have redacted before us."""
    if MARK in (page_url or "") or MARK in (referrer or ""):
        return (*marks, Mark.ADDRESS_REDACTED)
    return marks


def round_value(
    payload: ConversionEventRequest, currency: str
) -> tuple[Decimal | None, tuple[str, ...]]:
    """The amount in the minor unit of its currency, rounded half up, and the event's marks."""
    sent = payload.conversion_value
    if sent is None:
        return None, payload.marks
    rounded = sent.quantize(MINOR_UNITS.get(currency, CENT), ROUND_HALF_UP)
    if abs(sent - rounded) > FLOAT_NOISE:
        return rounded, (*payload.marks, Mark.VALUE_ROUNDED)
    return rounded, payload.marks


def order_key_of(payload: ConversionEventRequest) -> str | None:
    """What names the event's order (docs/funnel.md#orders)."""
    return payload.order_id or payload.stripe_session_id


def order_event_id(payload: ConversionEventRequest, order: str) -> UUID:
    """The id of an order's event that was sent without one: the same however often it is sent.

    A page that is loaded again reports the same event again, which is stored once.
    """
    parts = (payload.session_id, payload.event_type, order)
    return uuid5(ORDER_NAMESPACE, "\n".join(parts))


def google_click_id_of(payload: ConversionEventRequest, click_ids: Mapping[str, str]) -> str | None:
    """Google's click id for its own column: as sent, else the gclid among the click ids sent."""
    among = click_ids.get("gclid") if payload.click_ids else None
    sent = payload.google_ads_click_id or among
    return sent and sent[:GOOGLE_CLICK_ID_LENGTH]


def campaign_of_sent(sent: UTMParams) -> Campaign:
    """The campaign whose tags were sent."""
    return campaign_of_tags(
        sent.utm_source, sent.utm_medium, sent.utm_campaign, sent.utm_term, sent.utm_content
    )


def fitting(campaign: Campaign) -> tuple[Campaign, list[str]]:
    """A campaign cut to its columns, and the names of those that were cut."""
    if max(map(len, filter(None, campaign)), default=0) <= SHORTEST_TAG:
        return campaign, []
    lengths = TAG_LENGTHS.values()
    kept = Campaign(*[v and v[:most] for v, most in zip(campaign, lengths, strict=True)])
    return kept, [n for n, v, k in zip(TAG_LENGTHS, campaign, kept, strict=True) if v != k]


def fitting_click_id(value: str) -> str:
    """A click id of an address as it is stored; percent-encoding can hide a U+0000."""
    return clean_text(value)[:MAX_CLICK_ID]
