import { extname } from 'node:path'

/** The module of a thread, beside the module that starts it (`import.meta.url`): TypeScript in a checkout, JavaScript once built. */
export function threadFile(name: string, beside: string): URL {
  return new URL(`./${name}${extname(beside)}`, beside)
}
