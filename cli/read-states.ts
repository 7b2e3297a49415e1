import { extname } from 'node:path'
import { load } from '../policy/decide/load.ts'
import type { PolicyState } from '../policy/plan/policy-state.ts'
import type { Directory } from '../schemas/directory.ts'
import type { RuleTable } from '../schemas/rule-table.ts'
import { CliFailure } from './failure.ts'
import { type Place, policiesAt } from './policies-at.ts'
import { readInput } from './source-files.ts'
import type { Terminal } from './terminal.ts'

/** What is written somewhere, by namespace; a rule table in JSON has no directory, since it does not say who people are. */
export type States = ReadonlyMap<string, WrittenState>

type WrittenState = Omit<PolicyState, 'directory'> & { readonly directory: Directory | null }

/**
 * The states at a place: a rule table in JSON, a path with policies, or a commit of the repository around `folder`.
 * Null, with the problems printed, when the policies do not compile.
 */
export async function readStates(
  place: string,
  folder: string,
  namespace: string,
  terminal: Terminal,
): Promise<States | null> {
  if (extname(place) === '.json') {
    const table = tableOf(await readInput(place, terminal), place)
    return new Map([[table.namespace, { table, directory: null }]])
  }
  const policies = await policiesAt(placeOf(place, folder), namespace, terminal)
  if (policies === null) return null
  const directories = new Map(policies.directories.map(each => [each.namespace, each]))
  return new Map(
    [...policies.tables].map(([name, json]) => [
      name,
      { table: JSON.parse(json), directory: directories.get(name) ?? null },
    ]),
  )
}

function placeOf(place: string, folder: string): Place {
  return place === '-' ? { paths: ['-'], ref: null } : { paths: [folder], ref: place }
}

/** The states with directories; where one side does not say who people are, they are taken to be those of the other. */
export function comparable(states: States, others: States): ReadonlyMap<string, PolicyState> {
  return new Map(
    [...states].map(([name, { table, directory }]) => [
      name,
      { table, directory: directory ?? others.get(name)?.directory ?? nobody(name) },
    ]),
  )
}

function nobody(namespace: string): Directory {
  const nothing = { users: [], teams: [], workflows: [], channels: [], providers: [] }
  return { namespace, table: '', ...nothing }
}

function tableOf(text: string, path: string): RuleTable {
  try {
    load(text)
    return JSON.parse(text)
  } catch (cause) {
    throw new CliFailure('usage', `${path} is no rule table`, '', { cause })
  }
}
