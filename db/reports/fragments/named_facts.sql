-- The sessions of a day, $1, once for each dimension, and once for all.
session_facts AS facts
CROSS JOIN LATERAL (
    VALUES
        ('', ''), ('channel', channel), ('channel_rule', channel_rule),
        ('source_type', source_type), ('source', source), ('medium', medium),
        ('campaign', campaign), ('referrer', referrer_host), ('landing_page', landing_page),
        ('exit_page', exit_page), ('device_type', device_type), ('browser', browser), ('os', os)
) AS named (dimension, name)
-- include in_day
