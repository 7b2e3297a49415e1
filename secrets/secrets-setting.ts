import { resolve } from 'node:path'
import { SecretsFailure } from './failure.ts'

/** One backend, as the command line names it. */
export type SecretsSetting =
  | { readonly kind: 'store' }
  | { readonly kind: 'env' }
  | { readonly kind: 'file'; readonly folder: string }
  | { readonly kind: 'vault'; readonly address: string }
  | { readonly kind: 'kubernetes' }

/**
 * Reads a list such as `store,env,file:/run/secrets,vault:https://vault.example.com:8200/secret`: the order in which
 * backends are asked. Throws `setting_unusable`.
 */
export function secretsSettings(text: string): readonly SecretsSetting[] {
  const words = text.split(',').map(word => word.trim())
  const repeated = words.find((word, i) => words.indexOf(word) !== i)
  if (repeated !== undefined) throw unusable(`${JSON.stringify(repeated)} is there twice`)
  return words.map(setting)
}

function setting(word: string): SecretsSetting {
  const [, kind, rest = ''] = /^([a-z]+)(?::(.*))?$/.exec(word) ?? []
  if (kind === 'store' && word === 'store') return { kind }
  if (kind === 'env' && word === 'env') return { kind }
  if (kind === 'kubernetes' && word === 'kubernetes') return { kind }
  if (kind === 'file' && rest !== '') return { kind, folder: resolve(rest) }
  if (kind === 'vault' && rest !== '') return { kind, address: rest }
  throw unusable(
    `${JSON.stringify(word)} is none of store, env, file:FOLDER, vault:URL, kubernetes`,
  )
}

function unusable(message: string): SecretsFailure {
  return new SecretsFailure('setting_unusable', message)
}
