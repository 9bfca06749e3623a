-- Everything that was stored of events, and computed from them, as it is after a migration. What
-- the dashboard keeps, and what is refused, stays.
-- Parameters: none. Columns: none.
TRUNCATE
    conversion_events, conversion_funnel, counted_orders, session_facts, stale_sessions,
    changed_events, session_sums, stage_sums, page_sums, event_type_sums, quarter_sums, summed_days,
    changed_days;
