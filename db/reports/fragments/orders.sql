-- What converted in the range of a report, $1 to before $2, as its filters want the session of it:
-- "orders", with the columns of order_facts. Amounts are in the reporting currency where a rate is
-- known, else in their own (amount_currency), in whole minor units. An order without a value has
-- no amount.
orders AS NOT MATERIALIZED (
    SELECT
        facts.*,
        exchanged.currency AS amount_currency,
        exchanged.decimals,
        round(facts.conversion_value * exchanged.rate, exchanged.decimals) AS amount,
        round(facts.refunded * exchanged.rate, exchanged.decimals) AS refunded_amount
    FROM order_facts AS facts
    CROSS JOIN LATERAL exchange(
        facts.currency, facts.ordered_at, $currency, $minor_units
    ) AS exchanged
    WHERE facts.ordered_at >= $1 AND facts.ordered_at < $2
        -- filters
),
