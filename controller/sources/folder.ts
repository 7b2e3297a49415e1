import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Problem } from '../../schemas/problem.ts'
import { ControllerFailure } from '../failure.ts'
import type { Snapshot, Source } from './source.ts'
import { type Found, mostFiles, walk } from './walk.ts'

export interface FolderOptions {
  /** Folder, or a single file. */
  readonly path: string
  /** Put before the path of every file; the name of the folder when omitted. */
  readonly prefix?: string
  /** Told of a file's bytes; a commit it returns is noted with the file. */
  readonly commitOf?: (path: string, bytes: Buffer) => string | undefined
}

const mostBytesOfFile = 16 * 1024 * 1024
const mostBytes = 64 * 1024 * 1024

/** How often a folder is read again that changes while it is read. */
const attempts = 5

/** The YAML files of a local folder. A file that cannot be read is a problem, not an absence. */
export function folderSource(options: FolderOptions): Source {
  const root = resolve(options.path)
  return {
    async fetch(signal) {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        signal.throwIfAborted()
        const before = await list(root, signal)
        const snapshot = await readAll(root, before, options, signal)
        if (sameFiles(before, await list(root, signal))) return snapshot
      }
      throw new ControllerFailure('source_busy', `${root} keeps changing while it is read`)
    },
  }
}

async function list(root: string, signal: AbortSignal): Promise<readonly Found[]> {
  try {
    return await walk(root, signal)
  } catch (cause) {
    if (signal.aborted) throw cause
    throw new ControllerFailure('source_unreadable', `${root} cannot be read`, { cause })
  }
}

function sameFiles(a: readonly Found[], b: readonly Found[]): boolean {
  const names = (files: readonly Found[]) => files.map(({ path, version }) => `${path} ${version}`)
  return names(a).join('\n') === names(b).join('\n')
}

async function readAll(
  root: string,
  found: readonly Found[],
  options: FolderOptions,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { prefix = basename(root), commitOf } = options
  const files: SourceFile[] = []
  const problems: Problem[] = []
  let room = mostBytes
  for (const [i, file] of found.entries()) {
    signal.throwIfAborted()
    const path = [prefix, file.path].filter(Boolean).join('/')
    room -= file.bytes
    const why = refusal(file, i, room)
    const read = why ?? (await readText(join(root, file.path)))
    if (read === null) continue
    if ('code' in read) {
      problems.push({ severity: 'error', file: path, line: 1, column: 1, ...read })
      continue
    }
    const commit = commitOf?.(path, read.bytes)
    files.push({ path, text: read.text, ...(commit !== undefined && { commit }) })
  }
  return { files, problems }
}

type Refusal = Pick<Problem, 'code' | 'message' | 'suggestion'>

function refusal(file: Found, position: number, room: number): Refusal | null {
  if (position >= mostFiles) {
    return { code: 'source_too_large', message: `There are more than ${mostFiles} files.` }
  }
  if (room < 0) {
    return { code: 'source_too_large', message: `The files have more than ${mostBytes} bytes.` }
  }
  if (file.bytes > mostBytesOfFile) {
    return { code: 'file_too_large', message: `The file has more than ${mostBytesOfFile} bytes.` }
  }
  return file.refused === undefined ? null : refusals[file.refused]
}

const refusals: Readonly<Record<NonNullable<Found['refused']>, Refusal>> = {
  outside: {
    code: 'link_outside_source',
    message: 'The link leads out of the source folder.',
    suggestion: 'Put the file itself into the folder.',
  },
  not_a_file: { code: 'file_unreadable', message: 'This is no ordinary file.' },
}

/** Does not wait for a named pipe to be written. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK

async function readText(path: string): Promise<{ text: string; bytes: Buffer } | Refusal | null> {
  try {
    const file = await open(path, readFlags)
    try {
      const bytes = await file.readFile()
      return {
        text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
        bytes,
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT') return null
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      return { code: 'file_not_utf8', message: 'The file is not UTF-8 text.' }
    }
    return { code: 'file_unreadable', message: `The file cannot be read (${code || 'error'}).` }
  }
}
