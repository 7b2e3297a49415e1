import type { Octokit } from '@octokit/rest'
import type { ForgeRepository } from '../forge/forge.ts'
import { shaped } from './answer-shape.ts'

/** A repository as the API names it. */
export interface GithubPlace {
  readonly owner: string
  readonly repo: string
}

/** The repository that is at a place now. */
export async function repositoryAt(
  { rest }: Octokit,
  place: GithubPlace,
): Promise<ForgeRepository> {
  const { data } = await rest.repos.get({ ...place })
  const {
    id,
    full_name: name,
    default_branch: defaultBranch,
    html_url: url,
  } = shaped.repository(data)
  return { id, name, defaultBranch, url }
}
