-- title: Funnel
-- group: conversion
-- answers: How many sessions reached each of the eight stages, at which they stopped, and how long
--   they took from stage to stage.
-- parameters: from, to, limit, by
-- columns: stage, reached, reached_share, stage_share, dropped, drop_off, median_step
-- include named
-- include combined_of_SOURCE
placed AS (
    SELECT
        name,
        -- include place
    FROM combined
    GROUP BY name
    WINDOW in_order AS (ORDER BY sum(sessions) DESC, name)
),
-- Time since the nearest stage before that the session reached; one stage alone has none.
stepped AS NOT MATERIALIZED (
    SELECT
        place,
        visited_pricing_at - visited_homepage_at AS step_2,
        visited_docs_at - COALESCE(visited_pricing_at, visited_homepage_at) AS step_3,
        started_signup_at - COALESCE(
            visited_docs_at, visited_pricing_at, visited_homepage_at
        ) AS step_4,
        completed_signup_at - COALESCE(
            started_signup_at, visited_docs_at, visited_pricing_at, visited_homepage_at
        ) AS step_5,
        started_checkout_at - COALESCE(
            completed_signup_at, started_signup_at, visited_docs_at, visited_pricing_at,
            visited_homepage_at
        ) AS step_6,
        completed_checkout_at - COALESCE(
            started_checkout_at, completed_signup_at, started_signup_at, visited_docs_at,
            visited_pricing_at, visited_homepage_at
        ) AS step_7,
        subscription_created_at - COALESCE(
            completed_checkout_at, started_checkout_at, completed_signup_at,
            started_signup_at, visited_docs_at, visited_pricing_at, visited_homepage_at
        ) AS step_8
    FROM named
    JOIN placed USING (name)
    WHERE num_nonnulls(
        visited_homepage_at, visited_pricing_at, visited_docs_at, started_signup_at,
        completed_signup_at, started_checkout_at, completed_checkout_at, subscription_created_at
    ) > 1
),
timed AS (
    SELECT
        place,
        ARRAY[
            NULL,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_2) FILTER (WHERE step_2 >= '0'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_3) FILTER (WHERE step_3 >= '0'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_4) FILTER (WHERE step_4 >= '0'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_5) FILTER (WHERE step_5 >= '0'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_6) FILTER (WHERE step_6 >= '0'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_7) FILTER (WHERE step_7 >= '0'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY step_8) FILTER (WHERE step_8 >= '0')
        ] AS median_steps
    FROM stepped
    GROUP BY place
),
-- include places
SELECT
    label AS name,
    names,
    stage,
    COALESCE(sum(sessions), 0)::bigint AS sessions,
    COALESCE(sum(sessions) FILTER (WHERE stages_reached & bit <> 0), 0)::bigint AS reached,
    COALESCE(sum(sessions) FILTER (WHERE stages_reached & (bit >> 1) <> 0), 0)::bigint
        AS reached_before,
    COALESCE(
        sum(sessions) FILTER (WHERE stages_reached >> (number - 1)::int = 1 AND NOT converted), 0
    )::bigint AS dropped,
    extract(epoch FROM median_steps[number]) AS median_step
FROM places
CROSS JOIN (
    SELECT stage, number, 1 << (number - 1)::int AS bit
    FROM unnest(ARRAY[
        'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
        'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
    ]) WITH ORDINALITY AS stages (stage, number)
) AS stages
LEFT JOIN placed USING (place)
LEFT JOIN combined USING (name)
LEFT JOIN timed USING (place)
GROUP BY place, label, names, stage, number, median_steps
ORDER BY place, number;
