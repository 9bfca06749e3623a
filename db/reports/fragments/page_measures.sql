-- What views of pages add up to: of sessions, with the pages that each viewed in their order
-- (viewed), once for each of these (page, number).
count(*) AS page_views,
count(*) FILTER (WHERE array_position(viewed, page) = number) AS viewing_sessions,
count(*) FILTER (WHERE number = 1) AS entries,
count(*) FILTER (WHERE number = cardinality(viewed)) AS exits
