-- Let another process send to it at once. Parameters: $1, its name; $2, the process that held it.
UPDATE destination_states SET held_by = NULL, held_until = NULL
WHERE name = $1 AND held_by = $2::uuid;
