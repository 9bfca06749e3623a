-- The pages that a session viewed, in their order: its first 100, and its last.
CASE WHEN page_views > 100 THEN pages || exit_page ELSE pages END
