/** A credential that is told by what stands beside it, or by a mark in its middle. */
export interface MarkedForm {
  /** What it is, as people call it. */
  readonly kind: string
  /** Stands in, or right before, every one: looking for it is many times cheaper than matching. */
  readonly mark: string
  /** Matches it and what tells it, in bounded parts; where it has a group, that ends it and alone is secret. */
  readonly form: RegExp
  /** Tells a find from what only looks like one. */
  readonly check?: (found: string) => boolean
}

/** Up to the end, or where there is none as far as the text goes: half of a key is a secret as well. */
const privateKey =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,20480}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[\w+/=\s\\:,-]{0,20480})/g

/** By the publications of the issuers, RFC 7468 (PEM), RFC 6750 (Bearer), RFC 7617 (Basic) and RFC 3986 (URLs). */
export const markedForms: readonly MarkedForm[] = [
  { kind: 'private key (PEM, SSH, PGP)', mark: 'PRIVATE KEY', form: privateKey },
  {
    kind: 'private key (PuTTY)',
    mark: 'Private-Lines:',
    form: /Private-Lines: {0,2}\d{1,4}\s{1,2}([\w+/=\s]{16,16384})/g,
  },
  {
    kind: 'Bearer token',
    mark: 'Bearer ',
    form: /\bBearer ([\w.~+/-]{8,4096}=*)/g,
    check: isToken,
  },
  {
    kind: 'Bearer token',
    mark: 'bearer ',
    form: /\bbearer ([\w.~+/-]{8,4096}=*)/g,
    check: isToken,
  },
  {
    kind: 'Basic credentials',
    mark: 'Basic ',
    form: /\bBasic ([\w+/-]{6,1024}={0,2})/g,
    check: isUserAndPassword,
  },
  {
    kind: 'Basic credentials',
    mark: 'basic ',
    form: /\bbasic ([\w+/-]{6,1024}={0,2})/g,
    check: isUserAndPassword,
  },
  {
    kind: 'password in a URL or connection string',
    mark: '://',
    form: /:\/\/[^/@\s:"'<>]{0,256}:((?!\d{1,5}[/?#])[^\s"'<>`]{1,256})(?=@)/g,
  },
  {
    kind: 'password of a command (`-u name:password`)',
    mark: '-u',
    form: /(?<![^\s])--?u(?:ser)?[ =]["']?[^\s:"']{1,64}:([^\s"']{3,256})/g,
    check: found => !/^(?:\d+|\$[A-Z_][A-Z0-9_]*|\$\{.*)$/.test(found),
  },
  {
    kind: 'signature in a URL (Azure SAS, Amazon, Google)',
    mark: 'sig=',
    form: /[?&;]sig=([\w%+/-]{40,128}={0,2})/g,
  },
  {
    kind: 'signature in a URL (Azure SAS, Amazon, Google)',
    mark: '-Signature=',
    form: /X-(?:Amz|Goog)-Signature=([\w%+/-]{40,1024}={0,2})/g,
  },
  {
    kind: 'Entra client secret',
    mark: 'Q~',
    form: /(?<![\w~.-])[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/g,
  },
  {
    kind: 'PayPal token',
    mark: 'access_token$production$',
    form: /access_token\$production\$(\w{16,32}\$[a-f0-9]{32})/g,
  },
]

/** "Bearer authentication" is a phrase. */
function isToken(found: string): boolean {
  return found.length > 24 || !/^[A-Za-z-]+\.?$/.test(found)
}

function isUserAndPassword(found: string): boolean {
  return /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(found, 'base64').toString('latin1'))
}
