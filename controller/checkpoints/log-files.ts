import type { KeptCheckpoint } from './stored-checkpoints.ts'

/** A file of the log. */
export interface LogFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

/** Folder of the log. */
export const logFolder = 'checkpoints'

/** A file that has grown beyond this is followed by another one of its day. */
const mostBytes = 256 * 1024

const name = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{1,6}))?\.jsonl$/

/** Day and part of a file by its name below the folder; null for any other file. */
function dayOf(path: string): { readonly day: string; readonly part: number } | null {
  const [, day, part = '1'] = name.exec(path) ?? []
  return day === undefined ? null : { day, part: Number(part) }
}

/** Of paths below the folder the one that was written last; null when none is of the log. */
export function newestPath(paths: readonly string[]): string | null {
  const dated = paths.flatMap(path => {
    const day = dayOf(path)
    return day === null ? [] : [{ path, ...day }]
  })
  dated.sort((a, b) => (a.day === b.day ? a.part - b.part : a.day < b.day ? -1 : 1))
  return dated.at(-1)?.path ?? null
}

/** The last line of a file. */
export function newestLine({ text }: LogFile): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

/** The number of the checkpoint on a line; null when there is none. */
export function newestOf(line: string): number | null {
  try {
    const number: unknown = JSON.parse(line)?.number
    return Number.isSafeInteger(number) ? Number(number) : null
  } catch {
    return null
  }
}

/** The files that change when checkpoints are appended behind the newest file. A clock that was set back opens no older one. */
export function appended(
  newest: LogFile | null,
  checkpoints: readonly KeptCheckpoint[],
): readonly LogFile[] {
  const changed = new Map<string, string>()
  let at = newest === null ? null : dayOf(newest.path.slice(logFolder.length + 1))
  let text = newest?.text ?? ''
  for (const { time, statement } of checkpoints) {
    const day = time.toISOString().slice(0, 10)
    if (at === null || day > at.day) {
      at = { day, part: 1 }
      text = ''
    } else if (Buffer.byteLength(text) >= mostBytes) {
      at = { day: at.day, part: at.part + 1 }
      text = ''
    }
    text += `${statement}\n`
    changed.set(`${logFolder}/${at.day}${at.part === 1 ? '' : `.${at.part}`}.jsonl`, text)
  }
  return [...changed].map(([path, text]) => ({ path, text }))
}
