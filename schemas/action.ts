/** What a rule may say, from loosest to strictest. */
export const actions = ['allow', 'require_approval', 'deny'] as const

export type Action = (typeof actions)[number]

/** How strict an action is; the larger number wins when policies disagree. */
export function strictness(action: Action): number {
  return actions.indexOf(action)
}
