import type { Problem } from '../../../schemas/problem.ts'
import type { Resource } from '../resource.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Model providers that cannot be reached as written, and names that stand for no one model. */
export function* providers({ resources }: World): Iterable<Problem> {
  for (const provider of ofKind(resources, 'ModelProvider')) {
    if (!provider.origin.unsure(['spec', 'protocol'])) yield* addresses(provider)
    yield* globs(provider)
  }
}

function* addresses({ spec, origin }: Resource<'ModelProvider'>): Iterable<Problem> {
  const { protocol, baseUrl } = spec
  if (protocol === 'scripted') {
    for (const key of ['baseUrl', 'secretRef', 'headers'] as const) {
      if (spec[key] !== undefined) yield problemAt(origin, ['spec', key], stray(key), 'key')
    }
    return
  }
  if (baseUrl === undefined) {
    if (!origin.unsure(['spec', 'baseUrl'])) yield problemAt(origin, ['spec'], noAddress(protocol))
    return
  }
  const place = ['spec', 'baseUrl']
  if (/^https?:\/\/[^/?#]*@/.test(baseUrl)) yield problemAt(origin, place, credential, 'key')
  const [, host] = /^https:\/\/(api\.openai\.com|api\.anthropic\.com)\/?$/.exec(baseUrl) ?? []
  if (host !== undefined) yield problemAt(origin, place, noVersion(host))
}

function* globs({ spec, origin }: Resource<'ModelProvider'>): Iterable<Problem> {
  for (const [i, model] of (spec.models ?? []).entries()) {
    const path = ['spec', 'models', i]
    const others = model.name.includes('*') ? (['upstream', 'aliases'] as const) : []
    for (const key of others.filter(key => model[key] !== undefined)) {
      yield problemAt(origin, [...path, key], renamed(model.name), 'key')
    }
    const alias = model.aliases?.findIndex(alias => alias.includes('*')) ?? -1
    if (alias >= 0) yield problemAt(origin, [...path, 'aliases', alias], aliasGlob)
  }
}

function stray(key: string) {
  return {
    severity: 'error',
    code: 'stray_key',
    message: `${key} has no meaning for a scripted provider, which reaches nobody.`,
    suggestion: 'Leave it out, or write the protocol that the provider speaks.',
  } as const
}

function noAddress(protocol: string) {
  return {
    severity: 'error',
    code: 'missing_url',
    message: `A provider of protocol ${protocol} needs a baseUrl.`,
    suggestion:
      'Write the address of its API up to the version, for example https://api.openai.com/v1.',
  } as const
}

const credential = {
  severity: 'error',
  code: 'credential_in_url',
  message: 'The address carries a user or a password: use a secretRef.',
} as const

function noVersion(host: string) {
  return {
    severity: 'warning',
    code: 'url_without_version',
    message: 'The address ends before the version of the API, so nothing will be found there.',
    suggestion: `Write https://${host}/v1.`,
  } as const
}

function renamed(name: string) {
  return {
    severity: 'error',
    code: 'renamed_glob',
    message: `"${name}" lets names through as they are, so it has no upstream and no aliases.`,
    suggestion: 'Write a model of its own for each other name.',
  } as const
}

const aliasGlob = {
  severity: 'error',
  code: 'alias_glob',
  message: 'An alias is one name, in which * has no meaning.',
  suggestion: 'Write a model whose name is the glob.',
} as const
