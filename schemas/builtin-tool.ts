/** Names of the tools that Writ itself offers, as the server `builtin`; no other server's tool can be called by them. */
export const builtinTools = ['get_approval_status', 'request_approval'] as const
export type BuiltinTool = (typeof builtinTools)[number]

/** The server that policies name to speak of Writ's own tools. */
export const builtin = 'builtin'
