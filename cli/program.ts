import { Command, CommanderError } from 'commander'
import { auditCommand } from './commands/audit.ts'
import { checkCommand } from './commands/check.ts'
import { controllerCommand } from './commands/controller.ts'
import { diffCommand } from './commands/diff.ts'
import { explainCommand } from './commands/explain.ts'
import { keysCommand } from './commands/keys.ts'
import { proxyCommand } from './commands/proxy.ts'
import { schemaCommand } from './commands/schema.ts'
import { statusCommand } from './commands/status.ts'
import { testCommand } from './commands/test.ts'
import { upCommand } from './commands/up.ts'
import { CliFailure } from './failure.ts'
import { type ExitCode, printable, type Terminal } from './terminal.ts'
import { version } from './version.ts'

/** Runs one command line; never throws. */
export async function runProgram(
  argv: readonly string[],
  outside: Omit<Terminal, 'end'>,
): Promise<ExitCode> {
  let code: ExitCode = 0
  const terminal: Terminal = {
    ...outside,
    end: ended => {
      code = ended
    },
  }
  try {
    await program(terminal).parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return explainFailure(error, terminal)
  } finally {
    terminal.progress(null)
  }
}

const commands = [
  upCommand,
  checkCommand,
  explainCommand,
  testCommand,
  diffCommand,
  statusCommand,
  auditCommand,
  keysCommand,
  schemaCommand,
  controllerCommand,
  proxyCommand,
]

/** The whole `writ` command. */
function program(terminal: Terminal): Command {
  const root = new Command('writ')
    .description('Policy as code for AI agents: write what they may do, and hold them to it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(add --help to see what it takes)')
  for (const command of commands) root.addCommand(command(terminal))
  settle(root, terminal)
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
