import Type from 'typebox'

/** Readonly all the way down: what is parsed once is never edited. */
export type Frozen<T> = T extends (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T

/** An object with exactly these keys; anything else in it is a problem. */
export function closed<T extends Type.TProperties>(properties: T, description: string) {
  return Type.Object(properties, { additionalProperties: false, description })
}

/** One word out of a closed list. */
export function oneOf<const T extends readonly string[]>(
  words: readonly [...T],
  description: string,
  options: { readonly default?: T[number] } = {},
) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...words], description, ...options })
}

/** Non-empty text, bounded. */
export function text(description: string, maxLength = 1024) {
  return Type.String({ minLength: 1, maxLength, description })
}

/** The name of a resource: a DNS-1123 subdomain, as the Kubernetes API demands. */
export function resourceName(description: string) {
  return Type.String({
    minLength: 1,
    maxLength: 253,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    description,
  })
}

/** A name or a glob in which `*` stands for any run of characters. */
export function glob(description: string) {
  return Type.String({ minLength: 1, maxLength: 256, description })
}

/** A length of time in one unit: 500ms, 30s, 10m, 24h, 30d. */
export function duration(description: string, preset?: string) {
  return Type.String({
    pattern: '^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$',
    description,
    ...(preset === undefined ? {} : { default: preset }),
  })
}

/** An amount of money in USD, as a decimal string with at most six places. */
export function usd(description: string) {
  return Type.String({ pattern: '^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$', description })
}

/** An instant: RFC 3339 with a zone. */
export function instant(description: string) {
  return Type.String({ format: 'date-time', maxLength: 64, description })
}

/** A URL that a client here may open. */
export function httpUrl(description: string) {
  return Type.String({ pattern: '^https?://[^\\s]+$', maxLength: 2048, description })
}

/** A URL that a proxy may open; `${NAME}` in it is a variable of the environment of the proxy. */
export function proxyUrl(description: string) {
  return Type.String({
    pattern: '^(https?://|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})[^\\s]*$',
    maxLength: 2048,
    description,
  })
}

/** Where a secret is kept; the secret itself is never written in a policy. */
export function secretRef(description: string) {
  return closed(
    {
      name: resourceName('Name of the secret in the same namespace.'),
      key: text('Key inside the secret, for example `token`.', 253),
    },
    description,
  )
}

/** Names of resources of one kind, each at most once. */
export function references(description: string, limits: { minItems?: number } = {}) {
  return Type.Array(resourceName('Name of a resource in the same namespace.'), {
    maxItems: 256,
    uniqueItems: true,
    description,
    ...limits,
  })
}

/** Words to words, for example labels or headers. */
export function stringMap(description: string, maxProperties = 64) {
  return Type.Record(Type.String(), Type.String({ maxLength: 4096 }), {
    maxProperties,
    description,
  })
}
