-- Leave one entry a day in the queue of days to be summed. Which one says nothing.
-- Parameters: none. Columns: none.
DELETE FROM changed_days AS entry
WHERE EXISTS (SELECT FROM changed_days AS later WHERE later.day = entry.day AND later.id > entry.id);
