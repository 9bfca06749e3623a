-- title: Conversion rates
-- group: conversion
-- answers: How many sessions, and how many visitors, converted of how many.
-- parameters: from, to, limit, by
-- columns: sessions, conversions, conversion_rate, visitors, converting_visitors,
--   visitor_conversion_rate
-- include named
-- include measured
visiting AS NOT MATERIALIZED (
    SELECT place, visitor_key(visitor_id) AS visitor, converted
    FROM named
    JOIN placed USING (name)
    WHERE visitor_id IS NOT NULL
),
-- include visited_of_SOURCE
-- include places
SELECT
    label AS name,
    names,
    -- include added_measures
    , COALESCE(visitors, 0) AS visitors,
    COALESCE(converting_visitors, 0) AS converting_visitors
FROM places
LEFT JOIN placed USING (place)
LEFT JOIN measured USING (name)
LEFT JOIN visited USING (place)
GROUP BY place, label, names, visitors, converting_visitors
ORDER BY place;
