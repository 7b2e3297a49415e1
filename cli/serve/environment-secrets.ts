/** Looks a credential up; null when nobody has it. */
export type Secrets = (
  namespace: string,
  ref: { readonly name: string; readonly key: string },
) => Promise<string | null>

/**
 * Secrets of one machine: `{ name: github, key: token }` is the environment variable
 * `WRIT_SECRET_GITHUB_TOKEN`; what is no letter or digit becomes `_`.
 */
export function environmentSecrets(env: Readonly<Record<string, string | undefined>>): Secrets {
  return async (_, { name, key }) => env[secretVariable(name, key)] ?? null
}

/** Name of the environment variable that holds a secret. */
function secretVariable(name: string, key: string): string {
  return `WRIT_SECRET_${name}_${key}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
}
