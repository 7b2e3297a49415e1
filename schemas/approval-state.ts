/** The states of a request; everything but `pending` and `approved` is final. */
export const approvalStates = [
  'pending',
  'approved',
  'denied',
  'expired',
  'cancelled',
  'consumed',
  'void',
] as const
export type ApprovalState = (typeof approvalStates)[number]

/** The id of a request: `apr-` and 80 random bits in Crockford's base 32, lower case. */
export const approvalIdPattern = '^apr-[0-9a-hjkmnp-tv-z]{16}$'
