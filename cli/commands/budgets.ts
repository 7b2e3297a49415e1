import { Command } from 'commander'
import type { BudgetCounter } from '../../controller/budgets/budget-book.ts'
import { amountText } from '../amount-text.ts'
import { columnsText } from '../columns-text.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Sink, type Style, type Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly namespace?: string
  readonly output: OutputFormat
}

/** `writ budgets`: limits, and how much of them is spent. */
export function budgetsCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('budgets'))
    .summary('how much of each budget is spent')
    .description(
      'Shows the budgets in force: what is spent, what is set aside for calls under way, and what is left.\n' +
        'Ends with 1 when nothing is left of one.',
    )
    .argument('[name]', 'a Budget; with its leases')
    .option('--namespace <name>', 'budgets of this namespace')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ budgets')
    .action(async (name: string | undefined, options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const query = { namespace: options.namespace, budget: name }
      const answer = Object(await client.json('/api/v1/budgets', query))
      terminal.progress(null)
      const counters: readonly BudgetCounter[] = answer.counters
      if (options.output === 'json') terminal.out.line(JSON.stringify(counters))
      else print(counters, name !== undefined, terminal)
      terminal.end(counters.some(({ remaining }) => remaining === 0) ? 1 : 0)
    })
}

function print(
  counters: readonly BudgetCounter[],
  withLeases: boolean,
  { out, err }: Terminal,
): void {
  if (counters.length === 0) err.line('no budget counts anything yet')
  const lines = columnsText(counters.map(cells), [2, 3])
  for (const [i, counter] of counters.entries()) {
    out.line([bar(counter, out), lines[i]].join(out.isTerminal ? '  ' : ''))
    if (withLeases) for (const lease of counter.leases) out.line(leaseText(lease, counter, out))
  }
}

function cells(counter: BudgetCounter): readonly string[] {
  const { namespace, budget, unit, limit, extended, spent, reserved, remaining } = counter
  const whose = counter.counter === '' ? '' : `${counter.per} ${printable(counter.counter)}`
  const extension = extended === 0 ? '' : ` (${amountText(unit, extended)} by approval)`
  const held = reserved === 0 ? '' : `, ${amountText(unit, reserved)} set aside`
  return [
    `${namespace}/${budget}`,
    whose.slice(0, 60),
    amountText(unit, spent),
    `of ${amountText(unit, limit + extended)}`,
    `${amountText(unit, remaining, Math.floor)} left${held}${extension}`,
    until(counter),
  ]
}

function until({ resetsAt, windowKind }: BudgetCounter): string {
  return resetsAt === undefined ? windowKind : `${windowKind}, until ${resetsAt}`
}

const width = 20

/** How much is spent and set aside; on terminals only, the numbers say it as well. */
function bar({ limit, extended, spent, reserved, softLimit }: BudgetCounter, out: Sink): string {
  if (!out.isTerminal) return ''
  const whole = Math.max(1, limit + extended)
  const part = (amount: number) => Math.min(width, Math.ceil((amount / whole) * width))
  const full = part(spent)
  const held = Math.min(width - full, part(reserved))
  const warm = softLimit !== undefined && spent >= softLimit
  const style: Style = spent >= whole ? 'red' : warm ? 'yellow' : 'green'
  return `${out.paint(style, '█'.repeat(full))}${'▒'.repeat(held)}${'░'.repeat(width - full - held)}`
}

function leaseText(
  { proxy, amount, settled, state, expiresAt }: BudgetCounter['leases'][number],
  { unit }: BudgetCounter,
  out: Sink,
): string {
  const used = `${amountText(unit, settled)} of ${amountText(unit, amount)} used`
  return out.paint('dim', `    ${printable(proxy)}  ${state}  ${used}, until ${expiresAt}`)
}
