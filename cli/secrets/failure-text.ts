import { SecretsFailure } from '../../secrets/failure.ts'
import { CliFailure } from '../failure.ts'

/** A SecretsFailure as a command says it; anything else comes back as it came. */
export function secretsFailure(cause: unknown): unknown {
  if (!(cause instanceof SecretsFailure)) return cause
  const code = cause.code === 'setting_unusable' ? 'usage' : 'data_unusable'
  return new CliFailure(code, cause.message, '', { cause })
}
