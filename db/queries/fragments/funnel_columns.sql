-- The columns of conversion_funnel that events decide: what fold_funnel.sql makes.
session_id, user_id, external_user_id, user_id_at, utm_source, utm_medium, utm_campaign,
source_type, channel, first_event_at, first_event_id, first_is_touch, last_event_at,
conversion_value, currency, stage_value, stage_currency, value_stage, value_at,
value_converts, order_values, visited_homepage_at, visited_pricing_at,
visited_docs_at, started_signup_at, completed_signup_at, started_checkout_at,
completed_checkout_at, subscription_created_at, visited_homepage, visited_pricing,
visited_docs, started_signup, completed_signup, started_checkout, completed_checkout,
subscription_created, converted, converted_at
