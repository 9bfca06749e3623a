-- The days of the range whose sums hold, and the sessions of what is left of it, slice by slice, so
-- that they are found by their time.
-- include slices
unsummed AS NOT MATERIALIZED (
    SELECT one_slice.*
    FROM slices
    CROSS JOIN LATERAL (
        SELECT *
        FROM session_facts AS facts
        WHERE started_at >= slice_start AND started_at < slice_end
            -- filters
        OFFSET 0  -- so that they are looked up by the index, whatever the planner believes
    ) AS one_slice
),
