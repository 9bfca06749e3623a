-- What a session is worth, conversion_value and currency: that of its orders, where it has any,
-- else of its stages, once it has converted.
CASE
    WHEN order_values IS NOT NULL THEN order_worth(order_values)
    WHEN converted THEN stage_value
END AS conversion_value,
CASE
    WHEN order_values IS NOT NULL THEN order_currency(order_values)
    WHEN converted THEN stage_currency
END AS currency
