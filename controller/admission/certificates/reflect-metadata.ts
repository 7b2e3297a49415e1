/** The dependency injector inside @peculiar/x509 does not load without these; nothing that it makes has metadata. */
interface Metadata {
  getMetadata?: () => undefined
  getOwnMetadata?: () => undefined
}

const reflect: typeof Reflect & Metadata = Reflect
reflect.getMetadata ??= () => undefined
reflect.getOwnMetadata ??= () => undefined
