-- How much memory Postgres keeps its tables in, as text with a unit.
-- Columns: shared_buffers.
SELECT current_setting('shared_buffers') AS shared_buffers;
