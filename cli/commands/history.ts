import { Command } from 'commander'
import { plan } from '../../policy/plan/plan.ts'
import type { Plan } from '../../schemas/plan.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { type ControllerClient, controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { type HistoryVersion, versionText } from '../history-text.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { countArgument } from '../time-option.ts'

interface Options extends ControllerOptions {
  readonly namespace?: string
  readonly limit: string
  readonly output: OutputFormat
}

/** `writ history`: tables that were in force, and what brought them. */
export function historyCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('history'))
    .summary('show what was in force, and what brought it')
    .description(
      'Shows the tables that were in force, newest first: the commit, who wrote it, who approved it, and what\n' +
        'changed. Going back is a revert of the commit.',
    )
    .option('--namespace <name>', 'tables of this namespace')
    .option('--limit <number>', 'how many, at most 200', limit, '20')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ history --limit 5')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const { namespace } = options
      const query = { namespace, limit: options.limit }
      const answer = Object(await client.json('/api/v1/policies/versions', query))
      const versions: readonly HistoryVersion[] = answer.versions
      const tables = tableReader(client)
      if (versions.length === 0) terminal.err.line('nothing was ever in force')
      for (const version of versions) {
        const changed = await changesOf(version, tables)
        terminal.progress(null)
        if (options.output === 'json') terminal.out.line(jsonLine(version, changed))
        else for (const line of versionText(version, changed, terminal.out)) terminal.out.line(line)
      }
    })
}

function limit(text: string): string {
  const count = countArgument(text)
  return String(Math.min(Number(count), 200))
}

function jsonLine(version: HistoryVersion, changed: Plan | null): string {
  return JSON.stringify(changed === null ? version : { ...version, changes: changed.changes })
}

type Tables = (digest: string) => Promise<RuleTable | null>

/** Reads tables by digest, each once; null for one that is not kept, or not shown to whoever asks. */
function tableReader(client: ControllerClient): Tables {
  const known = new Map<string, Promise<RuleTable | null>>()
  return digest => {
    const reading =
      known.get(digest) ??
      client.json(`/api/v1/tables/${digest}`).then(
        table => table as RuleTable,
        error => {
          if (error instanceof CliFailure && error.code === 'controller_refused') return null
          throw error
        },
      )
    known.set(digest, reading)
    return reading
  }
}

/** What changed in the rules; null when a table is not kept any more. */
async function changesOf(
  { namespace, digest, before, kept }: HistoryVersion,
  tables: Tables,
): Promise<Plan | null> {
  if (!kept || before === undefined) return null
  const [was, is] = await Promise.all([tables(before), tables(digest)])
  if (was === null || is === null) return null
  // Directories are not kept: the version says itself what changed in them.
  const state = (table: RuleTable) => ({ table, directory: { ...nobody, namespace } })
  return plan(state(was), state(is))
}

const nobody = { table: '', users: [], teams: [], workflows: [], channels: [], providers: [] }
