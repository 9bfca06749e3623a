-- Which rights the role lacks, of those that a collector needs, and `deliver`.
-- Parameters: none.
-- Columns: what_for (events, rejects, facts, retention, cookieless, deliver), table_name, missing as `INSERT, UPDATE`.
WITH needed (what_for, table_name, rights) AS (
    VALUES
    ('events', 'conversion_events', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('events', 'conversion_funnel', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('events', 'counted_orders', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('events', 'erased_ids', ARRAY['SELECT']),
    ('events', 'erased_slots', ARRAY['SELECT']),
    ('events', 'destinations', ARRAY['SELECT']),
    ('events', 'deliveries', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('rejects', 'rejected_events', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('facts', 'conversion_funnel', ARRAY['DELETE']),
    ('facts', 'counted_orders', ARRAY['DELETE']),
    ('facts', 'session_facts', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('facts', 'stale_sessions', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'changed_events', ARRAY['SELECT', 'DELETE']),
    ('facts', 'facts_progress', ARRAY['SELECT', 'UPDATE']),
    ('facts', 'changed_days', ARRAY['SELECT', 'DELETE']),
    ('facts', 'summed_days', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'session_sums', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'stage_sums', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'page_sums', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'event_type_sums', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'quarter_sums', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('facts', 'retention_progress', ARRAY['SELECT']),
    ('retention', 'conversion_events', ARRAY['DELETE']),
    ('retention', 'deliveries', ARRAY['DELETE']),
    ('retention', 'summed_days', ARRAY['UPDATE']),
    ('retention', 'retention_progress', ARRAY['UPDATE']),
    ('cookieless', 'visitor_salts', ARRAY['SELECT', 'INSERT', 'DELETE']),
    ('deliver', 'destinations', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('deliver', 'destination_states', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('deliver', 'deliveries', ARRAY['SELECT', 'INSERT', 'UPDATE']),
    ('deliver', 'conversion_events', ARRAY['SELECT'])
)

SELECT
    needed.what_for,
    needed.table_name,
    string_agg(wanted.name, ', ') AS missing
FROM needed
CROSS JOIN LATERAL unnest(needed.rights) AS wanted (name)
WHERE to_regclass(needed.table_name) IS NOT NULL
    AND NOT has_table_privilege(to_regclass(needed.table_name), wanted.name)
GROUP BY needed.what_for, needed.table_name
ORDER BY needed.what_for, needed.table_name;
