import type { Problem } from '../../../schemas/problem.ts'
import { milliseconds } from '../milliseconds.ts'
import type { Resource } from '../resource.ts'
import type { Path } from '../source-document.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Git sources that could not be fetched, or whose reviews nobody could ever pass. */
export function* policySources({ resources }: World): Iterable<Problem> {
  for (const source of ofKind(resources, 'PolicySource')) {
    yield* incomplete(source)
    yield* outOfBounds(source)
  }
}

function* incomplete({ spec, origin }: Resource<'PolicySource'>): Iterable<Problem> {
  const { url, knownHosts = [], forge } = spec
  const needs = (path: Path, message: string, suggestion: string) =>
    problemAt(origin, path, { severity: 'error', code: 'missing_key', message, suggestion })
  if (isSsh(url) && knownHosts.length === 0 && !origin.unsure(['spec', 'knownHosts'])) {
    yield needs(
      ['spec', 'url'],
      'A source over SSH needs knownHosts.',
      'Write the lines that `ssh-keyscan HOST` prints, once you have checked them.',
    )
  }
  if (forge === undefined || origin.unsure(['spec', 'forge'])) return
  if ((forge.app === undefined) === (forge.secretRef === undefined)) {
    yield needs(
      ['spec', 'forge'],
      'A forge needs either secretRef or app.',
      'Name the secret with the token, or the app.',
    )
  }
}

function isSsh(url: string): boolean {
  return url.startsWith('ssh://') || /^[\w.]+@/.test(url)
}

function* outOfBounds({ spec, origin }: Resource<'PolicySource'>): Iterable<Problem> {
  const { interval = '1m', review: { replay = '30d' } = {} } = spec
  const bounds = [
    { path: ['spec', 'interval'], value: interval, least: '10s', most: '24h' },
    { path: ['spec', 'review', 'replay'], value: replay, least: '0s', most: '90d' },
  ]
  for (const { path, value, least, most } of bounds) {
    const length = milliseconds(value)
    if (length >= milliseconds(least) && length <= milliseconds(most)) continue
    yield problemAt(origin, path, {
      severity: 'error',
      code: 'interval_range',
      message: `${path.at(-1)} is between ${least} and ${most}.`,
    })
  }
}
