"""The made-up site: its pages, the campaigns that lead to it, and what it sells."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate, product

SITE = "https://www.heron.example"

# The demo's pages first; what follows them is read from popular to hardly ever.
TOPICS = (
    "uptime", "alerts", "status-pages", "on-call", "incidents", "dns", "certificates", "latency",
    "webhooks", "postmortems", "retention", "integrations",
)  # fmt: skip
KINDS = ("guide", "checklist", "comparison", "pricing", "examples", "faq", "benchmarks", "news")
PAGES = (
    ("/", "Heron: know before your customers do"),
    ("/pricing", "Pricing · Heron"),
    ("/docs", "Documentation · Heron"),
    ("/docs/first-check", "Your first check · Heron"),
    *(
        (f"/blog/{topic}-{kind}", f"{topic.capitalize()}: {kind} · Heron")
        for kind, topic in product(KINDS, TOPICS)
    ),
    *((f"/docs/{topic}", f"{topic.capitalize()} · Documentation · Heron") for topic in TOPICS),
    *(
        (f"/changelog/{year}-{month:02}", f"What is new, {month}/{year} · Heron")
        for year, month in product((2026, 2025, 2024, 2023), range(12, 0, -1))
    ),
)


@dataclass(frozen=True, slots=True)
class Source:
    """What a visit comes with: campaign parameters, a click id's name, a referrer."""

    weight: float
    referrer: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    click_id: str | None = None


def zipf(count: int) -> list[float]:
    """Weights of things from popular to rare, as those of real pages and campaigns fall."""
    return [1 / (place + 1) for place in range(count)]


def campaigns(all_of_them: Source, count: int) -> list[Source]:
    """So many campaigns of one source, of which the first are most of its visits."""
    weights = zipf(count)
    return [
        replace(
            all_of_them,
            weight=all_of_them.weight * weight / sum(weights),
            tags={
                **all_of_them.tags,
                "utm_campaign": f"{all_of_them.tags['utm_source']}_{number:03}",
            },
        )
        for number, weight in enumerate(weights, start=1)
    ]


def tagged(source: str, medium: str) -> dict[str, str]:
    """The tags that all campaigns of a source share."""
    return {"utm_source": source, "utm_medium": medium}


SOURCES: tuple[Source, ...] = (
    Source(24),
    Source(23, "https://www.google.com/"),
    Source(4, "https://www.bing.com/"),
    Source(2, "https://duckduckgo.com/"),
    Source(3, "https://chatgpt.com/"),
    Source(2, "https://www.perplexity.ai/"),
    Source(4, "https://www.linkedin.com/feed/"),
    Source(3, "https://t.co/4fXw2sLk9Q"),
    Source(3, "https://www.reddit.com/r/devops/"),
    Source(2, "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
    Source(4, "https://news.ycombinator.com/item?id=42517318"),
    *(
        Source(2 * weight, f"https://blog-{number:02}.example/a-review")
        for number, weight in enumerate(zipf(40), start=1)
    ),
    *campaigns(Source(10, "https://www.google.com/", tagged("google", "cpc"), "gclid"), 60),
    *campaigns(
        Source(6, "https://l.facebook.com/", tagged("facebook", "paid_social"), "fbclid"), 30
    ),
    *campaigns(
        Source(2, "https://www.linkedin.com/", tagged("linkedin", "paid_social"), "li_fat_id"), 12
    ),
    *campaigns(Source(6, None, tagged("newsletter", "email")), 40),
    *campaigns(Source(2, "https://partner.example/", tagged("partner", "affiliate")), 20),
)
SOURCE_WEIGHTS = tuple(accumulate(source.weight for source in SOURCES))
# Where people are who come back.
DIRECT = SOURCES[0]

PRICES = {"USD": ("9.00", "29.00", "79.00"), "EUR": ("9.00", "27.00", "75.00"),
          "JPY": ("1400", "4400", "12000")}  # fmt: skip
CURRENCY_WEIGHTS = {"USD": 60, "EUR": 30, "JPY": 10}
