import { Command, CommanderError } from 'commander'
import { CliFailure } from './failure.ts'
import { type ExitCode, printable, type Terminal } from './terminal.ts'
import { version } from './version.ts'

/** Builds a program, with the subcommand that is asked for at least. */
type Program = (asked: string | undefined, terminal: Terminal) => Promise<Command>

/** Runs one command line, of `writ` when no other program is given; never throws. */
export async function runProgram(
  argv: readonly string[],
  outside: Omit<Terminal, 'end'>,
  build: Program = program,
): Promise<ExitCode> {
  let code: ExitCode = 0
  const terminal: Terminal = {
    ...outside,
    end: ended => {
      code = ended
    },
  }
  try {
    const root = await build(argv[0], terminal)
    settle(root, terminal)
    await root.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return explainFailure(error, terminal)
  } finally {
    terminal.progress(null)
  }
}

type Build = (terminal: Terminal) => Command

/** Loaded by name: a command does not wait for what only others need. */
const commands: Readonly<Record<string, () => Promise<Build>>> = {
  up: async () => (await import('./commands/up.ts')).upCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  test: async () => (await import('./commands/test.ts')).testCommand,
  diff: async () => (await import('./commands/diff.ts')).diffCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  history: async () => (await import('./commands/history.ts')).historyCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  coverage: async () => (await import('./commands/coverage.ts')).coverageCommand,
  usage: async () => (await import('./commands/usage.ts')).usageCommand,
  budgets: async () => (await import('./commands/budgets.ts')).budgetsCommand,
  models: async () => (await import('./commands/models.ts')).modelsCommand,
  sessions: async () => (await import('./commands/sessions.ts')).sessionsCommand,
  servers: async () => (await import('./commands/servers.ts')).serversCommand,
  approvals: async () => (await import('./commands/approvals.ts')).approvalsCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  override: async () => (await import('./commands/override.ts')).overrideCommand,
  halt: async () => (await import('./commands/halt.ts')).haltCommand,
  tokens: async () => (await import('./commands/tokens.ts')).tokensCommand,
  secrets: async () => (await import('./commands/secrets.ts')).secretsCommand,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
  controller: async () => (await import('./commands/controller.ts')).controllerCommand,
  proxy: async () => (await import('./commands/proxy.ts')).proxyCommand,
}

/** The `writ` command, with the subcommand that is asked for, or with all of them. */
async function program(asked: string | undefined, terminal: Terminal): Promise<Command> {
  const root = new Command('writ')
    .description('Policy as code for AI agents: write what they may do, and hold them to it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(add --help to see what it takes)')
  const one = Object.hasOwn(commands, asked ?? '') ? commands[asked ?? ''] : undefined
  const builds = await Promise.all((one ? [one] : Object.values(commands)).map(load => load()))
  for (const build of builds) root.addCommand(build(terminal))
  return root
}

/** Commander writes to our streams and throws instead of ending the process. */
function settle(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: text => void terminal.out.stream.write(text),
    writeErr: text => void terminal.err.stream.write(text),
    outputError: (text, write) => write(text.replace(/^error:/, 'writ:')),
  })
  for (const below of command.commands) settle(below, terminal)
}

function explainFailure(error: unknown, { err, progress }: Terminal): ExitCode {
  progress(null)
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof CliFailure) {
    err.line(`${err.paint('red', 'writ:')} ${printable(error.message)}`)
    if (error.remedy !== '') err.line(`      ${error.remedy}`)
    return 2
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  err.line(`${err.paint('red', 'writ:')} this should not have happened: ${printable(text)}`)
  return 2
}
