import type { At, TableFile } from '../../../schemas/rule-table.ts'
import type { Origin } from '../resource.ts'
import type { Path } from '../source-document.ts'

/** The files of a table, and the place of a part of a resource in them. */
export interface Files {
  readonly files: readonly TableFile[]
  readonly at: (origin: Origin, path: Path) => At
}

/** Lists the files that resources of a table come from. */
export function filesOf(resources: readonly { readonly origin: Origin }[]): Files {
  const commits = new Map(resources.map(({ origin: { file } }) => [file.path, file.commit]))
  const paths = [...commits.keys()].sort()
  const indexes = new Map(paths.map((path, i) => [path, i]))
  return {
    files: paths.map(path => {
      const commit = commits.get(path)
      return commit === undefined ? { path } : { path, commit }
    }),
    at: (origin, path) => {
      const { file, line, column } = origin.place(path)
      return [indexes.get(file) as number, line, column]
    },
  }
}
