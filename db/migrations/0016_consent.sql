-- What the visitor consented to, as the page said it with the event: signal of Google's Consent Mode
-- to granted or denied, without those of which nothing is known; null where it said nothing
-- (docs/privacy.md#consent).
--
-- Whoever waits for a lock holds up all who come after: not for long, and then once more.
SET LOCAL lock_timeout = '2s';
ALTER TABLE conversion_events ADD COLUMN consent JSONB;
