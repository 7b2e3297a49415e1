import type { Secrets } from './secrets.ts'

/**
 * Secrets of one machine, for every namespace: `{ name: github, key: token }` is the environment variable
 * `WRIT_SECRET_GITHUB_TOKEN`; what is no letter or digit becomes `_`. Under the name `env` a key is the
 * variable itself, as `${NAME}` in a policy file asks for it; the variables of Writ are not given away.
 */
export function environmentSecrets(env: Readonly<Record<string, string | undefined>>): Secrets {
  return async (_, { name, key }) => {
    const variable = name === 'env' ? plainVariable(key) : secretVariable(name, key)
    return variable === null || !Object.hasOwn(env, variable) ? null : (env[variable] ?? null)
  }
}

/** With the keys of Writ itself, at controllers, at stores and at collectors. */
const ofWrit = /^WRIT_|^OTEL_EXPORTER_OTLP_(\w+_)?HEADERS$/i

/** The variable that a reference names; null when it is none, or one of Writ's own. */
function plainVariable(key: string): string | null {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !ofWrit.test(key) ? key : null
}

/** Name of the environment variable that holds a secret: both parts are there, so it is never WRIT_SECRET_KEY. */
function secretVariable(name: string, key: string): string | null {
  if (name === '' || key === '') return null
  return `WRIT_SECRET_${name}_${key}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
}
