-- How full the file is, and since when its oldest event waits. Cheap: asked after each change.
-- Parameters: none. Columns: used_bytes, free_bytes (given up by removed events, used again
-- before the file grows), oldest_us (null where nothing waits).
SELECT
    (page_count - freelist_count) * page_size AS used_bytes,
    freelist_count * page_size AS free_bytes,
    (SELECT received_us FROM waiting ORDER BY position LIMIT 1) AS oldest_us
FROM pragma_page_count, pragma_freelist_count, pragma_page_size;
