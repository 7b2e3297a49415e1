import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { Command, InvalidArgumentError } from 'commander'
import type { Defaults } from '../../controller/replay/recorded.ts'
import { type Policies, type ReplayQuestion, replay } from '../../controller/replay/replay.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { policiesAt } from '../policies-at.ts'
import { replayText } from '../replay-text.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly to?: string
  readonly from?: string
  readonly records?: string
  readonly days?: number
  readonly agent?: string
  readonly server?: string
  readonly namespace: string
  readonly output: OutputFormat
}

/** `writ replay`: what recorded calls would come to under other policies. */
export function replayCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('replay'))
    .summary('what recorded calls would come to under other policies')
    .description(
      'Judges recorded calls by other policies, and says which would be decided otherwise, how often people would be\n' +
        'asked, and where budgets would have stopped. PATH are the policies as they are on disk. Records come from the\n' +
        'controller, or from a file that `writ audit export` wrote; a file of calls (session, tool, args) will do.\n' +
        'A call that cannot be judged from what was recorded is counted as such, never guessed.',
    )
    .argument('[path...]', 'files or folders with policies; the current folder when omitted')
    .option('--to <ref>', 'judge by PATH as it is in this commit or branch of its repository')
    .option(
      '--from <ref>',
      'compare with these: a commit or branch, a folder or a file; else with what was decided',
    )
    .option('--records <file>', 'records or calls, one JSON object a line; - for standard input')
    .option('--days <count>', 'how many days back; 30 from a controller, all of a file', days)
    .option(
      '--agent <agent>',
      'who made calls that do not say it; the only agent when there is one',
    )
    .option('--server <server>', 'where such calls went; the only ToolServer when there is one')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ replay policies --to my-branch --days 7')
    .action(async (paths: readonly string[], options: Options) => {
      const policies = await policiesOf(paths, options, terminal)
      if (policies === null) return terminal.end(1)
      const source = await sourceOf(options, terminal)
      const question = { ...policies, ...source, defaults: defaultsOf(policies.after, options) }
      const found = await replay(question, { signal: neverAborted, onProgress: told(terminal) })
      terminal.progress(null)
      if (options.output === 'json') terminal.out.line(JSON.stringify(found))
      else for (const line of replayText(found, terminal.out)) terminal.out.line(line)
    })
}

const neverAborted = new AbortController().signal

async function policiesOf(
  paths: readonly string[],
  { to, from, namespace }: Options,
  terminal: Terminal,
): Promise<Pick<ReplayQuestion, 'after' | 'before'> | null> {
  const places = paths.length === 0 ? ['.'] : paths
  const after = await policiesAt({ paths: places, ref: to ?? null }, namespace, terminal)
  if (after === null || from === undefined) return after && { after, before: null }
  const before = await policiesAt({ paths: places, ref: from }, namespace, terminal)
  return before && { after, before }
}

const dayMs = 24 * 3_600_000
/** What sessions did before the calls that are judged is read as well. */
const sessionMs = 12 * 3_600_000
const usualDays = 30

async function sourceOf(
  options: Options,
  { input, progress }: Terminal,
): Promise<Pick<ReplayQuestion, 'lines' | 'since'>> {
  const { records, days } = options
  if (records !== undefined) {
    const lines = records === '-' ? input : await opened(records)
    return { lines, ...(days !== undefined && { since: Date.now() - days * dayMs }) }
  }
  const client = controllerClient(await controllerAddress(options))
  progress('asking the controller')
  const since = Date.now() - (days ?? usualDays) * dayMs
  const query = { form: 'entries', since: new Date(since - sessionMs).toISOString() }
  return { lines: await client.stream('/api/v1/audit/export', query), since }
}

/** Fails with `unreadable`. */
function opened(file: string): Promise<Readable> {
  const stream = createReadStream(file)
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream))
    stream.once('error', cause =>
      reject(new CliFailure('unreadable', `cannot read ${file}: ${cause.message}`, '', { cause })),
    )
  })
}

/** What calls leave open is taken from the policies where they leave no choice. */
function defaultsOf({ tables }: Policies, { namespace, agent, server }: Options): Defaults {
  const json = tables.get(namespace)
  const { agents, servers }: Pick<RuleTable, 'agents' | 'servers'> =
    json === undefined ? { agents: [], servers: [] } : JSON.parse(json)
  const who = agent ?? onlyOf(agents)
  const where = server ?? onlyOf(servers)
  return {
    namespace,
    ...(who !== undefined && { agent: who }),
    ...(where !== undefined && { server: where }),
  }
}

function onlyOf(all: readonly { readonly name: string }[]): string | undefined {
  return all.length === 1 ? all[0]?.name : undefined
}

/** Tells how far it is once it has taken a second. */
function told({ progress }: Terminal): (lines: number) => void {
  const began = Date.now()
  return lines => {
    if (Date.now() - began > 1000) progress(`${lines.toLocaleString('en')} lines read`)
  }
}

function days(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a number of days from 1 to 9999.')
}
