-- What is to be known of an order for its touches, and a number to tell it by.
row_number() OVER () AS number,
conversion_id, ordered_at, session_id, visitor_id, user_id, started_at,
CASE WHEN amount IS NOT NULL THEN amount_currency END AS amount_currency, decimals, amount,
amount * power(10::numeric, decimals) AS minor_units,
channel, channel_rule, source_type, source, medium, campaign, referrer_host, landing_page,
exit_page, device_type, browser, os
