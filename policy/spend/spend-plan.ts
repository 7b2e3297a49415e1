import { hash } from 'node:crypto'
import type {
  BudgetDimension,
  BudgetPer,
  TableAgent,
  TableBudget,
} from '../../schemas/rule-table.ts'
import { anyGlob } from '../decide/glob.ts'
import { type Window, windows } from './window.ts'

/** Who spends, and on what: the words that scopes and counters are about. */
export interface Payer {
  readonly agent: string
  readonly apiKey: string
  /** Empty when the agent has no owner. */
  readonly user: string
  readonly teams: readonly string[]
  /** Empty when the agent belongs to none. */
  readonly flow: string
  readonly session: string
  /** Set for calls of models. */
  readonly model?: string
  /** Set for calls of tools. */
  readonly tool?: string
}

/** A counter that a call is charged to. */
export interface Concern {
  readonly planned: PlannedBudget
  /** Whose counter, in words of `per`; empty for the namespace and for who has no such word. */
  readonly counter: string
}

/** A budget made ready. */
export interface PlannedBudget {
  readonly budget: TableBudget
  /** The window at an instant, ms since 1970. */
  readonly windowAt: (now: number) => Window
  /** Micro-USD for a call of a tool; null where it has no price. */
  readonly toolPrice: (tool: string) => number | null
  readonly counters: (payer: Payer) => readonly string[]
}

/** The label of an Agent that names its flow. */
const flowLabel = 'writ.dev/flow'

/** What an agent stands for when it spends. */
export function payerOf(
  { name, user, groups, labels }: Pick<TableAgent, 'name' | 'user' | 'groups' | 'labels'>,
  call: Pick<Payer, 'apiKey' | 'session' | 'model' | 'tool'>,
): Payer {
  return { ...call, agent: name, user, teams: groups, flow: labels[flowLabel] ?? '' }
}

/** The budgets of a table made ready, once. Throws a RangeError when a time zone is not known. */
export function planBudgets(budgets: readonly TableBudget[]): readonly PlannedBudget[] {
  return budgets.map(planBudget)
}

/** The counters that a call is charged to, in the order of the budgets. */
export function concerns(plan: readonly PlannedBudget[], payer: Payer): readonly Concern[] {
  const found: Concern[] = []
  for (const planned of plan) {
    for (const counter of planned.counters(payer)) found.push({ planned, counter })
  }
  return found
}

function planBudget(budget: TableBudget): PlannedBudget {
  const { window, timeZone, toolPrices } = budget
  const prices = toolPrices.map(({ tool, microUsd }) => ({ among: anyGlob([tool]), microUsd }))
  const toolPrice = (tool: string) => prices.find(({ among }) => among(tool))?.microUsd ?? null
  return {
    budget,
    windowAt: windows(window, timeZone),
    toolPrice,
    counters: counters(budget, toolPrice),
  }
}

const none: readonly string[] = []

function counters(
  budget: TableBudget,
  toolPrice: PlannedBudget['toolPrice'],
): PlannedBudget['counters'] {
  const { scope, unit } = budget
  const tests = (Object.keys(words) as BudgetDimension[]).flatMap(dimension => {
    const globs = scope[dimension]
    return globs === undefined ? [] : [{ among: anyGlob(globs), wordsOf: words[dimension] }]
  })
  const ofTeam = anyGlob(scope.teams ?? ['*'])
  const key = keyOf(budget, ofTeam)
  return payer => {
    if (payer.tool !== undefined && !countsTools(unit, payer.tool, toolPrice)) return none
    for (const { among, wordsOf } of tests) if (!wordsOf(payer).some(among)) return none
    return key(payer)
  }
}

/** Calls of tools use no tokens, and cost what is written. */
function countsTools(
  unit: TableBudget['unit'],
  tool: string,
  toolPrice: PlannedBudget['toolPrice'],
): boolean {
  return unit === 'calls' || (unit === 'usd' && toolPrice(tool) !== null)
}

const words: Readonly<Record<BudgetDimension, (payer: Payer) => readonly string[]>> = {
  agents: ({ agent }) => [agent],
  apiKeys: ({ apiKey }) => [apiKey],
  users: ({ user }) => [user],
  teams: ({ teams }) => (teams.length === 0 ? noWord : teams),
  flows: ({ flow }) => [flow],
  models: ({ model }) => (model === undefined ? none : [model]),
  tools: ({ tool }) => (tool === undefined ? none : [tool]),
}

const noWord: readonly string[] = ['']

function keyOf(
  { per, window }: Pick<TableBudget, 'per' | 'window'>,
  ofTeam: (team: string) => boolean,
): PlannedBudget['counters'] {
  const wordsOf = perWords(per, ofTeam)
  if (window !== 'session') return payer => wordsOf(payer).map(counterKey)
  if (!withinSession.has(per)) return ({ session }) => [counterKey(session)]
  return payer => wordsOf(payer).map(word => counterKey(`${payer.session}/${word}`))
}

/** A session belongs to one agent, and so to one key, user and flow, but may use more than one of these. */
const withinSession: ReadonlySet<BudgetPer> = new Set(['team', 'model', 'tool'])

function perWords(per: BudgetPer, ofTeam: (team: string) => boolean): PlannedBudget['counters'] {
  switch (per) {
    case 'namespace':
      return () => noWord
    case 'agent':
      return ({ agent }) => [agent]
    case 'apiKey':
      return ({ agent, apiKey }) => [`${agent}/${apiKey}`]
    case 'user':
      return ({ user }) => [user]
    case 'team':
      return payer => [...new Set(words.teams(payer))].filter(ofTeam)
    case 'flow':
      return ({ flow }) => [flow]
    case 'session':
      return ({ session }) => [session]
    case 'model':
      return words.models
    case 'tool':
      return words.tools
  }
}

/** The most characters of a counter's name. */
const longestKey = 512

/** A word as the ledger can keep it; one that is too long is cut, and told from others by its hash. */
function counterKey(word: string): string {
  if (word.length <= longestKey) return word.toWellFormed()
  const digest = hash('sha256', word)
  return `${word.slice(0, longestKey - digest.length - 1)}~${digest}`.toWellFormed()
}
