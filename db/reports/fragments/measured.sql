-- Sessions by name, and the places of the names: those of most sessions first, and one place for
-- all after the first $3. Included after a part of WITH that is named "named".
-- include measured_of_SOURCE
placed AS (
    SELECT
        name,
        -- include place
    FROM measured
    WINDOW in_order AS (ORDER BY sessions DESC, name)
),
