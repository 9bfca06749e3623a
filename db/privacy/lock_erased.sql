-- Let every batch that is being written end, and the next ones begin after this transaction: they see
-- what it writes. Each batch looks at this table (insert_events.sql).
-- Parameters: none. Columns: none.
LOCK TABLE erased_slots IN ACCESS EXCLUSIVE MODE;
