import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Published, readPublished } from '../../records/verify/published.ts'
import { CliFailure } from '../failure.ts'

/** The published checkpoints in a file, or in all `.jsonl` files below a folder. Fails with `unreadable` or `usage`. */
export async function readCopies(path: string): Promise<Published> {
  const texts: string[] = []
  for (const file of await filesAt(path))
    texts.push(await readFile(file, 'utf8').catch(unreadable(file)))
  const read = readPublished(texts.flatMap(text => text.split('\n')))
  switch (read.outcome) {
    case 'read':
      return read.published
    case 'malformed':
      throw new CliFailure('unreadable', `line ${read.line} of ${path} is no checkpoint`)
    case 'contradictory':
      throw new CliFailure(
        'unreadable',
        `${path} holds two checkpoints ${read.number} that differ`,
        'whoever signed both showed different people different records: find out who',
      )
  }
}

async function filesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(unreadable(path))
  if (!found.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.jsonl'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
}

function unreadable(path: string) {
  return (cause: Error): never => {
    throw new CliFailure('unreadable', `cannot read ${path}: ${cause.message}`, '', { cause })
  }
}
