-- When an event happened: by the device's clock, but never later than the receipt.
LEAST(COALESCE(occurred_at, received_at), received_at)
