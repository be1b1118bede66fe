-- A paid invoice is an order that credits no balance: what is paid is the period, or the pack.
ALTER TABLE orders DROP CONSTRAINT orders_positive;
ALTER TABLE orders ADD CONSTRAINT orders_positive
  CHECK (charged > 0 AND rate > 0 AND (credited > 0 OR (credited = 0 AND kind IN ('invoice', 'pack'))));
