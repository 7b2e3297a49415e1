import { Command } from 'commander'
import { answerCommands } from '../approvals/answer-commands.ts'
import { listCommand } from '../approvals/list-command.ts'
import { showCommand } from '../approvals/show-command.ts'
import { watchCommand } from '../approvals/watch-command.ts'
import type { Terminal } from '../terminal.ts'

/** `writ approvals`: what agents ask, and the answers of people. */
export function approvalsCommand(terminal: Terminal): Command {
  const group = new Command('approvals')
    .summary('see what agents ask, and answer')
    .description('Calls that wait for an answer of people: see them, answer them, follow them.')
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal))
  for (const command of answerCommands(terminal)) group.addCommand(command)
  return group
    .addCommand(watchCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ approvals list')
}
