-- Which of the eight stages an event reached, from 1.
array_position(ARRAY[
    'visited_homepage', 'visited_pricing', 'visited_docs', 'started_signup',
    'completed_signup', 'started_checkout', 'completed_checkout', 'subscription_created'
], funnel_stage::text)::smallint AS stage_rank
