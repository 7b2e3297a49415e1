import { approvalIdPattern } from '../../schemas/approval-state.ts'

/** What somebody asks for in a comment. */
export type Command =
  /** Answers a change of policies; `digest` is the beginning of that of the plan. */
  | {
      readonly kind: 'change'
      readonly decision: 'approve' | 'deny'
      /** Twelve hex digits. */
      readonly digest: string
    }
  /** Answers a question about a call; `digest` is the beginning of that of the call. */
  | {
      readonly kind: 'call'
      readonly decision: 'approve' | 'deny'
      readonly request: string
      /** Twelve hex digits. */
      readonly digest: string
    }
  /** Asks why something was decided as it was. */
  | { readonly kind: 'explain'; readonly of: ExplainedCall }
  /** Asks what recorded calls would come to. */
  | { readonly kind: 'replay'; readonly days: number }

/** A call that is asked about: by its record, or by its approval. */
type ExplainedCall = { readonly proxy: string; readonly seq: number } | { readonly request: string }

/** Digits of a digest that a command carries. */
const digestDigits = 12

const requestId = approvalIdPattern.slice(1, -1)
const end = '(?:\\r?\\n)?$'
const digest = `([0-9a-f]{${digestDigits}})`

const answer = new RegExp(`^/(approve|deny) (?:(${requestId}) )?${digest}${end}`)
const explainRequest = new RegExp(`^/explain (${requestId})${end}`)
const explainRecord = new RegExp(
  `^/explain ([A-Za-z0-9][A-Za-z0-9._-]{0,127}):([1-9]\\d{0,14})${end}`,
)
const replay = new RegExp(`^/replay ([1-9]\\d{0,2})d${end}`)

const mostDays = 90

/**
 * Reads a comment as a command, which is the whole of it, on one line, letter for letter; null for everything
 * else. A line end after it is let pass, since forges and mail gateways add one.
 */
export function parseCommand(body: string): Command | null {
  const [, decision, request, digits = ''] = answer.exec(body) ?? []
  if (decision === 'approve' || decision === 'deny') {
    return request === undefined
      ? { kind: 'change', decision, digest: digits }
      : { kind: 'call', decision, request, digest: digits }
  }
  const [, asked] = explainRequest.exec(body) ?? []
  if (asked !== undefined) return { kind: 'explain', of: { request: asked } }
  const [, proxy, seq] = explainRecord.exec(body) ?? []
  if (proxy !== undefined) return { kind: 'explain', of: { proxy, seq: Number(seq) } }
  const days = Number(replay.exec(body)?.[1] ?? 0)
  return days >= 1 && days <= mostDays ? { kind: 'replay', days } : null
}

/** A command as it is written: what `parseCommand` reads as the same. */
export function commandText(command: Command): string {
  switch (command.kind) {
    case 'change':
      return `/${command.decision} ${command.digest}`
    case 'call':
      return `/${command.decision} ${command.request} ${command.digest}`
    case 'explain': {
      const { of } = command
      return `/explain ${'request' in of ? of.request : `${of.proxy}:${of.seq}`}`
    }
    case 'replay':
      return `/replay ${command.days}d`
  }
}

/** The digits of a digest `sha256:…` that a command carries. */
export function digestInCommand(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + digestDigits)
}
