/** The name under which a User votes once: people of the system namespace appear elsewhere as `namespace/name`. */
export function personOf(user: string): string {
  return user.slice(user.indexOf('/') + 1)
}

/** The name under which the judge of a workflow votes once; no User can be called so. */
export function judgeOf(model: string, workflow: string): string {
  return `ai:${workflow}:${model}`
}
