import { CliFailure } from '../failure.ts'

/**
 * Why serving ended, in a sentence with a remedy: an address that is taken, data in use. What is none of
 * these comes back as it came. `flags` are those that choose ports.
 */
export function serveFailure(error: unknown, flags: string): unknown {
  const causes = [...causesOf(error)]
  const taken = causes.find(cause => cause.code === 'EADDRINUSE')
  if (taken !== undefined) {
    return new CliFailure(
      'port_in_use',
      `port ${String(taken.port)} is in use by another program`,
      `stop it, or choose another port with ${flags}; 0 picks a free one`,
      { cause: error },
    )
  }
  const address = causes.find(cause =>
    ['EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND'].includes(cause.code),
  )
  if (address?.syscall === 'listen' || address?.syscall === 'getaddrinfo') {
    return new CliFailure('usage', `cannot listen: ${address.message}`, 'choose another --host')
  }
  const wrong = causes.find(({ code }) => code === 'setting_unusable')
  if (wrong !== undefined) return new CliFailure('usage', wrong.message, 'see --secrets')
  const untold = causes.find(({ code }) => code === 'telemetry_unusable')
  if (untold !== undefined) return new CliFailure('usage', untold.message, 'see docs/telemetry.md')
  const kube = causes.find(({ code }) => code === 'unconfigured')
  if (kube !== undefined) return new CliFailure('usage', kube.message, 'see --kubeconfig')
  const hook = causes.find(({ code }) => /^(certificate|injection)_unusable$/.test(code))
  if (hook !== undefined) {
    return new CliFailure('usage', hook.message, 'see --webhook-cert-dir and --injection')
  }
  const known = causes.find(cause => codes.has(cause.code))
  return known === undefined
    ? error
    : new CliFailure('data_unusable', known.message, reasonOf(known), { cause: error })
}

/** Failures of the journal, the stores and the keys that are sentences for people already. */
const codes = new Set([
  'journal_locked',
  'journal_broken',
  'chain_key_unusable',
  'data_in_use',
  'store_failed',
  'signing_key_unusable',
  'signing_key_differs',
  'file_unsafe',
  'key_missing',
  'key_unusable',
  'key_wrong',
  'store_damaged',
])

function reasonOf({ cause }: Cause): string {
  return cause instanceof Error ? cause.message : ''
}

interface Cause extends Error {
  readonly code: string
  readonly port?: number
  readonly syscall?: string
}

/** The error, what it is made of, and what caused it. */
function* causesOf(error: unknown): Generator<Cause> {
  if (!(error instanceof Error)) return
  yield error as Cause
  if (error instanceof AggregateError) for (const part of error.errors) yield* causesOf(part)
  yield* causesOf(error.cause)
}
