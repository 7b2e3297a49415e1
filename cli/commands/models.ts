import { Command } from 'commander'
import type { ModelOffer, OfferedModel } from '../../controller/usage/models-in-force.ts'
import { usdText } from '../amount-text.ts'
import { columnsText } from '../columns-text.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly namespace?: string
  readonly output: OutputFormat
}

interface Answer {
  readonly models: readonly OfferedModel[]
  readonly catalogues: readonly {
    readonly namespace: string
    readonly source: string
    readonly date: string
  }[]
}

/** `writ models`: the models that agents may be let ask for, and their prices. */
export function modelsCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('models'))
    .summary('models, who offers them, and what they cost')
    .description(
      'Lists the models of the tables in force, for each the providers in the order in which they are asked.\n' +
        'Prices are USD per million tokens.',
    )
    .option('--namespace <name>', 'models of this namespace')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ models')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const { namespace } = options
      const answer = Object(await client.json('/api/v1/models', { namespace }))
      terminal.progress(null)
      if (options.output === 'json') terminal.out.line(JSON.stringify(answer))
      else print(answer, terminal)
    })
}

function print({ models, catalogues }: Answer, { out, err }: Terminal): void {
  if (models.length === 0) {
    err.line('no ModelProvider in force offers a model')
    return
  }
  const rows = models.flatMap(model =>
    model.providers.map((offer, i) => cells(model, offer, i === 0)),
  )
  const [head = '', ...lines] = columnsText(
    [['model', 'aliases', 'provider', 'input', 'output', 'price from'], ...rows],
    [3, 4],
  )
  out.line(out.paint('dim', head))
  for (const line of lines) out.line(line)
  const sources = new Set(catalogues.map(({ source, date }) => `${source}, of ${date}`))
  for (const source of sources) err.line(err.paint('dim', `catalogue: ${printable(source)}`))
}

function cells(
  { namespace, name, aliases }: OfferedModel,
  { provider, protocol, price, priceFrom }: ModelOffer,
  first: boolean,
): readonly string[] {
  return [
    first ? printable(`${namespace}/${name}`) : '',
    first ? printable(aliases.join(', ')).slice(0, 40) : '',
    protocol === 'scripted' ? `${provider} (scripted)` : provider,
    ...(price === undefined ? ['', ''] : [usdText(price.input), usdText(price.output)]),
    price === undefined ? 'not known' : (priceFrom ?? ''),
  ]
}
