import { Command } from 'commander'
import { difference } from '../../policy/decide/difference.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { many } from '../problem-text.ts'
import { readTables } from '../read-tables.ts'
import { printable, type Style, type Terminal } from '../terminal.ts'

interface Options {
  readonly namespace: string
  readonly output: OutputFormat
}

/** A change, and the namespace it is in. */
type PlacedChange = Change & { readonly namespace: string }

type Change = ReturnType<typeof difference>[number]

/** `writ diff`: what changes from one state of the policies to the next. */
export function diffCommand(terminal: Terminal): Command {
  return new Command('diff')
    .summary('show what changes between two states of policies')
    .description(
      'Shows what changes for whom, what widens first. OLD and NEW are folders or files with policies,\n' +
        'or rule tables in JSON. Ends with 1 when they differ.',
    )
    .argument('<old>', 'policies or table as they were')
    .argument('<new>', 'policies or table as they are to be')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ diff examples/quickstart examples/airline')
    .action(async (before: string, after: string, options: Options) => {
      if (before === '-' && after === '-') {
        throw new CliFailure('usage', 'standard input cannot be both the old and the new')
      }
      const old = await readTables(before, options.namespace, terminal)
      const now = await readTables(after, options.namespace, terminal)
      if (old === null || now === null) return terminal.end(1)
      const changes = allChanges(old, now)
      print(changes, options, terminal)
      return terminal.end(changes.length === 0 ? 0 : 1)
    })
}

type Tables = ReadonlyMap<string, RuleTable>

const effects: readonly Change['effect'][] = ['widening', 'narrowing', 'neutral']

function allChanges(before: Tables, after: Tables): readonly PlacedChange[] {
  const namespaces = [...new Set([...before.keys(), ...after.keys()])].sort()
  return namespaces
    .flatMap(namespace => {
      const old = before.get(namespace) ?? empty(namespace)
      const now = after.get(namespace) ?? empty(namespace)
      return difference(old, now).map(change => ({ ...change, namespace }))
    })
    .sort((a, b) => effects.indexOf(a.effect) - effects.indexOf(b.effect))
}

function empty(namespace: string): RuleTable {
  return {
    format: 'writ.dev/rule-table/v1',
    namespace,
    files: [],
    policies: [],
    servers: [],
    agents: [],
    workflows: [],
    providers: [],
    budgets: [],
  }
}

const styles: Readonly<Record<Change['effect'], Style>> = {
  widening: 'red',
  narrowing: 'green',
  neutral: 'dim',
}

function print(changes: readonly PlacedChange[], { output }: Options, { out }: Terminal): void {
  if (output === 'json') {
    out.line(JSON.stringify({ changes }))
    return
  }
  for (const { effect, namespace, policy, message } of changes) {
    const where = policy === undefined ? namespace : `${namespace}/${policy}`
    out.line(`${out.paint(styles[effect], effect.padEnd(9))} ${printable(`${where}: ${message}`)}`)
  }
  const counts = effects.map(effect => changes.filter(change => change.effect === effect).length)
  const words = effects.map((effect, i) => `${counts[i]} ${effect}`).join(', ')
  out.line(changes.length === 0 ? 'nothing changes' : `${many(changes.length, 'change')}: ${words}`)
}
