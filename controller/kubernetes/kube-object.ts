/** A kind of object as the API server addresses it; the group of core kinds is empty. */
export interface KubeResource {
  readonly group: string
  readonly version: string
  readonly plural: string
}

/** An object of the API server, of any kind. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: KubeMetadata
  readonly spec?: unknown
  readonly status?: unknown
}

interface KubeMetadata {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  /** Grows with every change of the spec. */
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
}

/** Where an object is: a subresource such as `status` when that is meant. */
export interface KubeAddress {
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** The path of an object, or of all objects of a kind, at the API server. */
export function pathOf(
  { group, version, plural }: KubeResource,
  { namespace, name, subresource }: KubeAddress = {},
): string {
  const steps = [
    ...(group === '' ? ['api'] : ['apis', group]),
    version,
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ]
  return `/${steps.map(encodeURIComponent).join('/')}`
}
