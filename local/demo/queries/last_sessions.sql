-- The sessions that began last, the newest first, and how far each has come.
-- Parameters: $1 how many.
-- Columns: those of session.sql.
SELECT
    session_id, created_at, channel, utm_campaign, converted, conversion_value, currency,
    visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
    completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at
FROM conversion_funnel
ORDER BY created_at DESC, id DESC
LIMIT $1;
