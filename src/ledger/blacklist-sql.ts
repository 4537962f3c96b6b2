/** Whether a token id is on the blacklist in Django's tables: a row, or none. Both ledgers ask it (contract §6, step 7). */
export const IS_BLACKLISTED = `
  SELECT 1 FROM token_blacklist_outstandingtoken o
  JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id
  WHERE o.jti = $1`;
