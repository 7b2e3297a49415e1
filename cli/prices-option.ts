import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { InvalidArgumentError, Option } from 'commander'
import { PriceCatalogue } from '../schemas/price-catalogue.ts'

/** The option that names a catalogue of prices to use instead of the shipped one; its value is the catalogue. */
export function pricesOption(): Option {
  return new Option(
    '--prices <file>',
    'prices of models whose ModelProvider states none, instead of those that come with Writ',
  )
    .env('WRIT_PRICES')
    .argParser(catalogueArgument)
}

/** The catalogue in a file. Fails as commander wants it. */
function catalogueArgument(path: string): PriceCatalogue {
  const value = parsed(path)
  const validate = new Ajv({ strict: false }).compile(PriceCatalogue)
  if (validate(value)) return value as PriceCatalogue
  const [{ instancePath = '', message = '' } = {}] = validate.errors ?? []
  throw new InvalidArgumentError(`${path} is no catalogue of prices: ${instancePath} ${message}.`)
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : 'it cannot be read'
    throw new InvalidArgumentError(`${path} is no catalogue of prices: ${why}.`)
  }
}
