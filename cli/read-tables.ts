import { extname } from 'node:path'
import { load } from '../policy/decide/load.ts'
import type { RuleTable } from '../schemas/rule-table.ts'
import { compileSources, printProblems } from './compile-sources.ts'
import { CliFailure } from './failure.ts'
import { problemCounts } from './problem-text.ts'
import { readInput } from './source-files.ts'
import type { Terminal } from './terminal.ts'

/**
 * The rule tables of a path by namespace: a table in JSON, or policies that are compiled. Null, with the
 * problems printed, when the policies do not compile.
 */
export async function readTables(
  path: string,
  namespace: string,
  terminal: Terminal,
): Promise<ReadonlyMap<string, RuleTable> | null> {
  if (extname(path) === '.json') {
    const table = tableOf(await readInput(path, terminal), path)
    return new Map([[table.namespace, table]])
  }
  const compiled = await compileSources([path], namespace, terminal)
  if (compiled.tables !== null) {
    return new Map([...compiled.tables].map(([name, { table }]) => [name, table]))
  }
  printProblems(compiled, terminal.err)
  terminal.err.line(`${path} does not compile: ${problemCounts(compiled.problems)}`)
  return null
}

function tableOf(text: string, path: string): RuleTable {
  try {
    load(text)
    return JSON.parse(text)
  } catch (cause) {
    throw new CliFailure('usage', `${path} is no rule table`, '', { cause })
  }
}
