import type { CompileOptions, SourceFile } from '../../../policy/compile/compile.ts'
import type { Problem } from '../../../schemas/problem.ts'
import type { Overriding } from '../../overrides/overlay.ts'
import { informed } from '../../reconcile/informed.ts'
import type { GoodObject, LastGoodObjects } from '../last-good-objects.ts'
import { keysOf } from './claimed-keys.ts'
import { catalogOf } from './compile-namespace.ts'
import { fileOf } from './object-file.ts'
import { type WithOverridesNeeds, withOverrides } from './with-overrides.ts'

export interface CheckOverridesNeeds extends WithOverridesNeeds {
  /** What is in force, as every replica can read it. */
  readonly lastGood: Pick<LastGoodObjects, 'read'>
}

/** What is wrong with overrides on what is in force; null when that cannot be compiled anew now. */
export async function checkOverrides(
  needs: CheckOverridesNeeds,
  overrides: readonly Overriding[],
  signal: AbortSignal,
): Promise<readonly Problem[] | null> {
  const { systemNamespace, catalog, compile, lastGood } = needs
  const good = Map.groupBy(await lastGood.read(), ({ namespace }) => namespace)
  const above = (good.get(systemNamespace) ?? []).map(fileOf)
  for (const namespace of concerned(needs, overrides, [...good.keys()])) {
    const own = (good.get(namespace) ?? []).map(fileOf)
    const files = namespace === systemNamespace ? own : [...above, ...own]
    const asking = {
      catalog: catalogOf(catalog(), [namespace, systemNamespace]),
      inForce: files,
      compile: (files: readonly SourceFile[], { catalog = new Map() }: CompileOptions) =>
        compile({ namespace, files, catalog }, signal),
    }
    const base = await informed(asking, files)
    if (base.tables === null) return null
    const others = [...good].filter(([name]) => name !== namespace)
    const elsewhere = keysIn(others.flatMap(([, objects]) => objects))
    const asked = { namespace, files, base, overrides, elsewhere }
    const answer = await withOverrides(needs, asked, signal)
    if (answer.tables === null) return answer.problems
  }
  return []
}

function concerned(
  { systemNamespace }: CheckOverridesNeeds,
  overrides: readonly Overriding[],
  known: readonly string[],
): readonly string[] {
  const touched = overrides.flatMap(({ documents }) => documents.map(({ namespace }) => namespace))
  return [...new Set(touched.includes(systemNamespace) ? [...touched, ...known] : touched)]
}

function keysIn(objects: readonly GoodObject[]): ReadonlyMap<string, string> {
  return new Map(
    objects.map(fileOf).flatMap(file => keysOf(file).map(sha256 => [sha256, file.path] as const)),
  )
}
