-- A paid invoice is an order that credits no balance: what is paid is the period.
ALTER TABLE orders
  DROP CONSTRAINT orders_sold,
  ADD CONSTRAINT orders_sold
    CHECK ((kind = 'pack') = (pack IS NOT NULL) AND (kind IN ('pack', 'invoice')) = (credited = 0));
