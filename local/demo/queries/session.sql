-- How far one session has come.
-- Parameters: $1 its session_id.
-- Columns: the session's campaign and value, and when it reached each stage (null: not yet); in
-- one row, or none where no event of the session moved the funnel.
SELECT
    session_id, created_at, channel, utm_campaign, converted, conversion_value, currency,
    visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
    completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at
FROM conversion_funnel
WHERE session_id = $1;
