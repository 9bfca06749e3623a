-- Whether the browser asked that what it does is neither sold nor shared: the header Sec-GPC, true for
-- 1, false for 0, null where there was none (docs/privacy.md#global-privacy-control).
ALTER TABLE conversion_events ADD COLUMN gpc BOOLEAN;
