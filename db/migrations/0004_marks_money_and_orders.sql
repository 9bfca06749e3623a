-- What was read differently from what was sent, by the names of collector/event.py (Mark).

ALTER TABLE conversion_events ADD COLUMN marks TEXT[];
