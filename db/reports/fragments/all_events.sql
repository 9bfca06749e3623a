-- All events of a session, bots' as well.
CASE WHEN is_bot THEN bot_events ELSE events + bot_events END
