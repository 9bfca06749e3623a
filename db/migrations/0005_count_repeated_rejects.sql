-- A flood of rejected events with one reason keeps one example; the rest is counted on it.

ALTER TABLE rejected_events
    -- How many more of the same sender and reason came soon after this one, and were not kept.
    ADD COLUMN repeats BIGINT NOT NULL DEFAULT 0 CHECK (repeats >= 0);
