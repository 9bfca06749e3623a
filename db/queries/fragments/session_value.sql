-- What a session is worth: conversion_value and currency, one row, from converted, order_values,
-- stage_value and stage_currency, which stand around it.
-- Where it has orders, only those decide: in the currency of most of them, since amounts of
-- two currencies cannot be added. Below 0 it could only come by rows that were deleted.
SELECT
    CASE
        WHEN order_values IS NOT NULL THEN orders.worth
        WHEN converted THEN stage_value
    END AS conversion_value,
    CASE
        WHEN order_values IS NOT NULL THEN orders.currency
        WHEN converted THEN stage_currency
    END AS currency
FROM (SELECT) AS one_row
LEFT JOIN LATERAL (
    SELECT key AS currency, GREATEST((value ->> 1)::numeric, 0) AS worth
    FROM jsonb_each(order_values)
    WHERE (value ->> 0)::integer > 0
    ORDER BY (value ->> 0)::integer DESC, key
    LIMIT 1
) AS orders ON TRUE
