import { cpSync, existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { CliFailure } from '../failure.ts'
import type { RepositorySource } from './repository-options.ts'

/** Which policies are served, and whether they were put there just now. */
export interface ChosenSource {
  /** The repository that is served, when it is one. */
  readonly repository?: RepositorySource
  /** As people call it: relative to where they are, when it is below. */
  readonly path: string
  readonly copied: boolean
}

const installed = resolve(import.meta.dirname, '../..')
const quickstart = join('examples', 'quickstart')

/**
 * The source that was asked for; else ./policies; else the quickstart: in place in a checkout of Writ,
 * elsewhere as a copy in ./policies. Fails with `unreadable` when there is none.
 */
export function chooseSource(asked: string | undefined, folder: string): ChosenSource {
  if (asked !== undefined) {
    if (existsSync(resolve(folder, asked))) return { path: asked, copied: false }
    throw new CliFailure(
      'unreadable',
      `there is no file or folder ${asked}`,
      'name the folder with your policies, or leave it out to try the quickstart',
    )
  }
  if (existsSync(join(folder, 'policies'))) return { path: 'policies', copied: false }
  if (relative(installed, folder) === '') return { path: quickstart, copied: false }
  cpSync(join(installed, quickstart), join(folder, 'policies'), { recursive: true })
  return { path: 'policies', copied: true }
}
