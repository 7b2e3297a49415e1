import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { version } from '../version.ts'
import { answerCommands } from './answer-commands.ts'
import { getCommand } from './get-command.ts'
import { watchCommand } from './watch-command.ts'

/** `kubectl writ`: the plugin of kubectl with which people answer what agents ask. */
export async function kubeProgram(_: string | undefined, terminal: Terminal): Promise<Command> {
  const root = new Command('kubectl writ')
    .description('Calls of agents that wait for people: see them, answer them, follow them.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(add --help to see what it takes)')
    .addCommand(getCommand(terminal))
  for (const command of answerCommands(terminal)) root.addCommand(command)
  return root
    .addCommand(watchCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ kubectl writ get -A')
}
