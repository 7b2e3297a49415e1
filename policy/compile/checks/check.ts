import type { Problem } from '../../../schemas/problem.ts'
import type { Origin } from '../resource.ts'
import type { Path } from '../source-document.ts'
import type { World } from '../world.ts'

/** One thing that can be wrong with what was written. */
export type Check = (world: World) => Iterable<Problem>

/** What a problem says, without its place. */
export type Said = Pick<Problem, 'severity' | 'code' | 'message' | 'suggestion'>

/** A problem with the part of a resource at the path. */
export function problemAt(origin: Origin, path: Path, said: Said, part?: 'key' | 'value'): Problem {
  const { file, line, column } = origin.place(path, part)
  return { ...said, file, line, column }
}
