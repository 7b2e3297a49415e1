import { InvalidArgumentError, Option } from 'commander'
import { type Retention, retentionOf } from '../../controller/retention/retention.ts'

/** The option that says for how long records are kept. */
export function retentionOption(): Option {
  return new Option(
    '--retention <days>',
    'for how long records are kept, for all and for namespaces: 90d or 90d,payments=365d; for ever when left out',
  )
    .env('WRIT_RETENTION')
    .argParser(retention)
}

function retention(text: string): Retention {
  const said = retentionOf(text.split(','))
  if (said !== null) return said
  throw new InvalidArgumentError('It is written like 90d or 90d,payments=365d.')
}
