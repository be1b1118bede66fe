/**
 * What operators entered by hand, for those who list it beside other rows: a transaction `t` and its entry `e` on the client's balance. The
 * condition is that of the indexes which the lists are read by.
 */
export const manualEntries = {
  from: `ledger_transactions t
    JOIN ledger_entries e ON e.agency_id = t.agency_id AND e.transaction_id = t.id AND e.sequence IS NOT NULL`,
  where: `t.code IN ('topup.receive', 'topup.receive.reverse', 'adjustment.credit', 'adjustment.debit')`,
} as const;
