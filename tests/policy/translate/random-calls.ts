import type { Call } from '../../../schemas/call.ts'
import type { Expression } from '../../../schemas/expression.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'

/** Numbers below a bound, the same again for the same seed (xorshift). */
export function dice(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Random calls about what a table speaks of: its tools, the fields and the literals of its conditions, and others. */
export function randomCalls(table: RuleTable, roll: (below: number) => number) {
  const entries = table.policies.flatMap(({ tools }) => tools)
  const tools = [...new Set([...entries.map(({ match }) => match), 'another_tool'])]
  const named = entries.flatMap(({ server }) => server ?? [])
  const servers = [...new Set([...named, 'elsewhere'])].filter(name => name !== 'builtin')
  const seen: Seen = { paths: [['x']], values: ['', 'text', 0, 1, 2.5, true, false, null, [], {}] }
  for (const { when } of entries.flatMap(({ rules }) => rules)) if (when) look(when, seen)
  const values = seen.values.flatMap(near)
  const pick = <T>(from: readonly T[]): T => from[roll(from.length)] as T
  return (): Call => {
    const args: Record<string, unknown> = {}
    for (const path of seen.paths) if (roll(4) > 0) put(args, path, pick(values))
    const own = roll(8) === 0
    return {
      server: own ? 'builtin' : pick(servers),
      tool: own ? pick(['request_approval', 'get_approval_status']) : pick(tools),
      args,
      ...(roll(2) === 0 && { request: { justification: 'because' } }),
    }
  }
}

interface Seen {
  readonly paths: string[][]
  readonly values: unknown[]
}

/** Collects the fields of args and the constants of a condition. */
function look(expression: Expression, seen: Seen): void {
  const path = pathOf(expression)
  if (path !== null && path.length > 0) seen.paths.push(path)
  if (expression.op === 'simple') {
    seen.paths.push([...expression.path])
    seen.values.push(expression.value)
  }
  if (expression.op === 'string' || expression.op === 'double') seen.values.push(expression.value)
  if (expression.op === 'int') seen.values.push(Number(expression.value))
  for (const part of Object.values(expression).flat(2)) {
    if (typeof part === 'object' && part !== null && 'op' in part) look(part as Expression, seen)
  }
}

function pathOf(expression: Expression): string[] | null {
  if (expression.op === 'ident') return expression.name === 'args' ? [] : null
  if (expression.op !== 'select') return null
  const above = pathOf(expression.of)
  return above && [...above, expression.field]
}

/** A constant, and what is nearly so. */
function near(value: unknown): readonly unknown[] {
  if (typeof value === 'number') return [value, value + 1, value - 1, `${value + 1}`, ` ${value} `]
  if (typeof value === 'string') return [value, `say ${value} twice`, [value], value.slice(1)]
  return [value]
}

function put(args: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = args
  for (const step of path.slice(0, -1)) {
    const below = at[step]
    if (below !== undefined && (typeof below !== 'object' || below === null)) return
    at[step] ??= {}
    at = at[step] as Record<string, unknown>
  }
  at[path.at(-1) as string] = value
}
