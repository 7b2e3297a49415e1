import type { CompileOptions, SourceFile } from '../../policy/compile/compile.ts'
import type { Answer } from '../compile/compiler.ts'
import { doubts } from './doubts.ts'

export interface InformedNeeds {
  readonly compile: (files: readonly SourceFile[], options: CompileOptions) => Promise<Answer>
  /** The tools that proxies see. */
  readonly catalog: NonNullable<CompileOptions['catalog']>
  /** The files that are in force; null when that is not known. */
  readonly inForce: readonly SourceFile[] | null
}

/**
 * Compiles files with what tool servers say of their tools. They describe their own tools and are not the
 * authors of policies: what they say later cannot take policies out of force, and becomes a warning. An
 * edit that contradicts what they say is refused.
 */
export async function informed(
  { compile, catalog, inForce }: InformedNeeds,
  files: readonly SourceFile[],
): Promise<Answer> {
  const answer = await compile(files, { catalog })
  if (answer.tables !== null || catalog.size === 0) return answer
  const alone = await compile(files, {})
  if (alone.tables === null) return answer
  const before = inForce === null ? answer : await compile(inForce, { catalog })
  return doubts(answer, before, alone)
}
