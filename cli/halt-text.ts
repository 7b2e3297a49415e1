import type { Halt, HaltNotice, HaltProgress } from '../schemas/halt.ts'
import { printable } from './terminal.ts'

const stopped = { all: 'everything', tools: 'tools', models: 'models' } as const

/** What a halt stops, in words. */
export function haltedText({
  what,
  namespace,
  agent,
}: Pick<HaltNotice, 'what' | 'namespace' | 'agent'>): string {
  const whose = agent === undefined ? '' : ` of ${agent}`
  return `${stopped[what]}${whose}${namespace === undefined ? '' : ` in ${namespace}`}`
}

/** How many proxies refuse, or refuse no more, and which are missing. */
export function progressText(
  { proxies, done, waitingFor, silent }: HaltProgress,
  lifted = false,
): string {
  const counted = `${done}/${proxies} proxies ${lifted ? 'let calls through again' : 'refuse'}`
  const late = waitingFor.length === 0 ? '' : `; not yet: ${names(waitingFor)}`
  const gone = silent.length === 0 ? '' : `; not heard of: ${names(silent)}`
  return `${counted}${late}${gone}`
}

function names(proxies: readonly string[]): string {
  return proxies.map(printable).join(', ')
}

/** A halt as a row: id, state, what, since when, by whom, and why. */
export function haltRow(halt: Halt): readonly string[] {
  const { id, state, at, by, reason, liftAsked, lifted } = halt
  const asked =
    liftAsked === undefined ? '' : ` (${liftAsked.by} asks to lift it: ${liftAsked.reason})`
  const alone = lifted?.reviewed === false ? ', unreviewed' : ''
  const end = lifted === undefined ? asked : ` (lifted by ${lifted.by}${alone}: ${lifted.reason})`
  return [id, state.replace('_', ' '), haltedText(halt), at, by, `${reason}${end}`].map(printable)
}
