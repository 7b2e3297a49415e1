/** What can be called. */
export const callKinds = ['tool', 'model', 'resource', 'prompt'] as const

export type CallKind = (typeof callKinds)[number]
