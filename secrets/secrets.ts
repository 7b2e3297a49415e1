/** Where a secret is kept: the name that a policy gives it, and the key inside. */
export interface SecretRef {
  readonly name: string
  readonly key: string
}

/**
 * Looks a secret of a namespace up; null when it is not there. Rejects with a SecretsFailure when it cannot be
 * known whether it is: then nobody else may be asked in its place.
 */
export type Secrets = (namespace: string, ref: SecretRef) => Promise<string | null>

/** Asks one after the other; the first that has it answers. Empty text is no secret. */
export function firstOf(backends: readonly Secrets[]): Secrets {
  return async (namespace, ref) => {
    for (const look of backends) {
      const secret = await look(namespace, ref)
      if (secret !== null && secret !== '') return secret
    }
    return null
  }
}
