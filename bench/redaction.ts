import { readFileSync } from 'node:fs'
import { redactText } from '../records/redact/redact.ts'

/** What it costs to look through a text. */
export interface RedactionCost {
  readonly text: string
  readonly characters: number
  /** Microseconds of CPU for all of it, and for each 1,024 characters. */
  readonly micros: number
  readonly perKilobyte: number
}

const read = (path: string, most: number) =>
  readFileSync(new URL(path, import.meta.url), 'utf8').slice(0, most)

const repeated = (part: string) => part.repeat(Math.ceil(16_384 / part.length)).slice(0, 16_384)

/** As agents send them, and made to cost as much as can be. */
const texts: Readonly<Record<string, string>> = {
  prose: read('../docs/approvals.md', 16_384),
  code: read('../proxy/mcp/forward.ts', 16_384),
  JSON: read('../package.json', 16_384),
  Base64: Buffer.from(Array.from({ length: 12_288 }, (_, i) => (i * 7919) % 251)).toString(
    'base64',
  ),
  'half a token, again and again': repeated('-eyJhbGciOi'),
  'half a key, again and again': repeated('sk-'),
  'half an address, again and again': repeated('://a:'),
  'names and no values': repeated('password="'),
  'begun private keys': repeated('-----BEGIN PRIVATE KEY-----'),
  'escapes of escapes': repeated('%2525'),
}

const rounds = 300

/** Looks through each text many times. */
export function redaction(): readonly RedactionCost[] {
  return Object.entries(texts).map(([name, text]) => {
    for (let i = 0; i < rounds; i += 1) redactText(text)
    const began = process.cpuUsage()
    for (let i = 0; i < rounds; i += 1) redactText(text)
    const { user, system } = process.cpuUsage(began)
    const micros = (user + system) / rounds
    const perKilobyte = (micros * 1024) / text.length
    return { text: name, characters: text.length, micros, perKilobyte }
  })
}
