import { isDeepStrictEqual } from 'node:util'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { kinds } from '../../../schemas/kinds.ts'
import type { WritObject } from '../objects.ts'
import { marks, type Owner, ownLabels, type SourceObject } from './source-objects.ts'

/**
 * How an object differs from what the repository says: it is not there, it was applied from another commit or
 * by somebody else, or it was edited since it was applied.
 */
type Difference = 'same' | 'missing' | 'outdated' | 'edited'

/** Tells how objects differ; remembers what the API server made of those that were applied. */
export interface Differences {
  of(live: WritObject | null, wanted: SourceObject, owner: Owner): Difference
  /** What the API server makes of the spec that is wanted, as far as it is known. */
  expected(wanted: SourceObject): unknown
  /** Whether a spec is what the API server makes of the one that is wanted. */
  isSame(wanted: SourceObject, spec: unknown): boolean
  /** What the API server made of exactly what is wanted. */
  learn(wanted: SourceObject, spec: unknown): void
}

/** Nothing is remembered yet; until then the presets of the schema say what the API server adds. */
export function differences(): Differences {
  const preset = presets()
  const learnt = new Map<string, { readonly digest: string; readonly spec: unknown }>()
  const expected: Differences['expected'] = wanted => {
    const known = learnt.get(wanted.path)
    return known?.digest === wanted.digest ? known.spec : preset(wanted)
  }
  const isSame: Differences['isSame'] = (wanted, spec) => isDeepStrictEqual(spec, expected(wanted))
  return {
    expected,
    isSame,
    learn({ path, digest }, spec) {
      learnt.set(path, { digest, spec: structuredClone(spec) })
    },
    of(live, wanted, owner) {
      if (live === null) return 'missing'
      const { labels = {}, annotations = {} } = live.metadata
      const isOwn = Object.entries(ownLabels(owner)).every(([key, value]) => labels[key] === value)
      if (!isOwn || annotations[marks.applied] !== wanted.digest) return 'outdated'
      const said = [
        [wanted.labels, labels],
        [wanted.annotations, annotations],
      ] as const
      const keepsWords = said.every(([words, there]) =>
        Object.entries(words).every(([key, value]) => there[key] === value),
      )
      return keepsWords && isSame(wanted, live.spec) ? 'same' : 'edited'
    },
  }
}

/** What the API server adds where nothing is said, by the presets of the schema. */
function presets(): (wanted: SourceObject) => unknown {
  const validators = new Map<string, ValidateFunction>()
  const ajv = new Ajv({ strict: false, useDefaults: true })
  formats.default(ajv)
  return ({ kind, spec }) => {
    const schema = kinds.find(known => known.kind === kind)?.spec
    if (schema === undefined) return spec
    const fill = validators.get(kind) ?? ajv.compile(JSON.parse(JSON.stringify(schema)))
    validators.set(kind, fill)
    const filled = structuredClone(spec)
    fill(filled)
    return filled
  }
}
