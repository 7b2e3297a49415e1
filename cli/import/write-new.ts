import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { CliFailure } from '../failure.ts'

/** Writes a file that is not there yet, and the folders above it. Fails with `exists` or `unwritable`. */
export function writeNew(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'EEXIST') {
      throw new CliFailure('exists', `${path} is there already`, 'move it away, or name another')
    }
    throw new CliFailure('unwritable', `cannot write ${path}: ${code || cause}`, '', { cause })
  }
}
