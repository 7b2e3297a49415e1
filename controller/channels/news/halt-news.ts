import { createHash } from 'node:crypto'
import type { Directory } from '../../../schemas/directory.ts'
import type { Halt } from '../../../schemas/halt.ts'
import type { OpenChannels } from '../open-channels.ts'
import { oneLine } from '../printable.ts'
import type { News } from './news.ts'

/** Tells the owners of every namespace that a halt is about, through each channel once a namespace. */
export async function tellHalt(
  channels: Pick<OpenChannels, 'tell'>,
  directories: readonly Directory[],
  halt: Halt,
): Promise<void> {
  const concerned = directories.filter(
    ({ namespace }) => halt.namespace === undefined || halt.namespace === namespace,
  )
  for (const directory of concerned) {
    await channels.tell(haltNews(halt, directory.namespace), directory, '')
  }
}

const types = {
  standing: 'halt.made',
  lift_asked: 'halt.lift_asked',
  lifted: 'halt.lifted',
} as const

const leads = {
  standing: 'Agents have been halted.',
  lift_asked: 'Somebody asks to lift a halt.',
  lifted: 'A halt is lifted.',
} as const

const stopped = { all: 'Everything', tools: 'Tools', models: 'Models' } as const

/** What became of a halt, for the people of a namespace. */
function haltNews(halt: Halt, namespace: string): News {
  const { id, state, what, agent, reason, by, at, liftAsked, lifted } = halt
  const where = halt.namespace === undefined ? 'every namespace' : `namespace ${halt.namespace}`
  const scope = `${stopped[what]}${agent === undefined ? '' : ` of the agent ${agent}`} in ${where}`
  const facts = {
    Halted: scope,
    'Halted by': `${by}, ${at}`,
    Why: reason,
    ...(liftAsked && { 'Lift asked by': `${liftAsked.by}: ${liftAsked.reason}` }),
    ...(lifted && { 'Lifted by': `${lifted.by}: ${lifted.reason}` }),
    ...(lifted?.reviewed === false && { Review: 'none: there was nobody else to confirm' }),
  }
  return {
    id: `hlt_${digest(`${id} ${state} ${namespace}`)}`,
    type: types[state],
    at: lifted?.at ?? liftAsked?.at ?? at,
    lead: leads[state],
    title: oneLine(titles[state](scope, halt), 140),
    facts: Object.entries(facts).map(([name, text]) => ({ name, text })),
    closing: closings[state](id),
    data: { ...halt, told: namespace },
  }
}

const titles = {
  standing: (scope: string, { by, reason }: Halt) => `Halted by ${by}: ${scope}: ${reason}`,
  lift_asked: (scope: string, { liftAsked }: Halt) =>
    `${liftAsked?.by ?? ''} asks to lift the halt: ${scope}`,
  lifted: (scope: string, { lifted }: Halt) => `Lifted by ${lifted?.by ?? ''}: ${scope}`,
}

const closings = {
  standing: (id: string) => `Every proxy refuses. To ask that it is lifted: writ halt lift ${id}`,
  lift_asked: (id: string) => `It still stands. Another owner confirms with: writ halt lift ${id}`,
  lifted: () => 'Calls are judged by the policies again.',
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
