-- Which stages of the funnel a session reached: bit 0 is the first.
(visited_homepage_at IS NOT NULL)::int
+ 2 * (visited_pricing_at IS NOT NULL)::int
+ 4 * (visited_docs_at IS NOT NULL)::int
+ 8 * (started_signup_at IS NOT NULL)::int
+ 16 * (completed_signup_at IS NOT NULL)::int
+ 32 * (started_checkout_at IS NOT NULL)::int
+ 64 * (completed_checkout_at IS NOT NULL)::int
+ 128 * (subscription_created_at IS NOT NULL)::int
