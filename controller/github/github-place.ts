/** A repository as the API names it. */
export interface GithubPlace {
  readonly owner: string
  readonly repo: string
}
