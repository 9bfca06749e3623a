"""All checks, in the order in which they are made: the first ones say why later ones fail."""

from __future__ import annotations

from collector.doctor import (
    clocks,
    collector_checks,
    cors,
    data,
    database,
    destinations,
    events,
    exposed,
    kong_file,
    limits,
    plugin,
    preflights,
    queue_checks,
    reach,
    settings_checks,
    spools,
)

GROUPS = (
    kong_file.GROUP,
    settings_checks.GROUP,
    reach.GROUP,
    preflights.GROUP,
    database.GROUP,
    queue_checks.GROUP,
    events.GROUP,
    collector_checks.GROUP,
    cors.GROUP,
    limits.GROUP,
    exposed.GROUP,
    clocks.GROUP,
    plugin.GROUP,
    spools.GROUP,
    data.GROUP,
    destinations.GROUP,
)
