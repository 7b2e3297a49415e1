import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { SourceFile } from '../policy/compile/compile.ts'
import type { Problem } from '../schemas/problem.ts'
import { printable, type Sink } from './terminal.ts'

/** A problem as people read it: place, severity, sentence and code; the line with a caret; the remedy. */
export function problemText(problem: Problem, line: string | undefined, sink: Sink): string {
  const { file, line: row, column, severity, message, code, suggestion } = problem
  const place = sink.paint('bold', `${printable(file)}:${row}:${column}:`)
  const label = sink.paint(severity === 'error' ? 'red' : 'yellow', `${severity}:`)
  return [
    `${place} ${label} ${printable(message)} ${sink.paint('dim', `(${code})`)}`,
    ...(line === undefined || line === '' ? [] : excerpt(row, column, line, sink)),
    ...(suggestion === undefined
      ? []
      : [`  ${sink.paint('cyan', 'help:')} ${printable(suggestion)}`]),
  ].join('\n')
}

/** The line that a problem speaks of, from the file as it is now, below `root`. */
export function lineOnDisk(root: string, { file, line }: Problem): string | undefined {
  try {
    return linesOf(readFileSync(resolve(root, file), 'utf8'))[line - 1]
  } catch {
    return undefined
  }
}

/** Gives the text of a line, numbered from 1, of one of the files. */
export function lineReader(files: readonly SourceFile[]) {
  const texts = new Map(files.map(file => [file.path, file.text]))
  const lines = new Map<string, readonly string[]>()
  return ({ file, line }: Problem): string | undefined => {
    const known = lines.get(file) ?? linesOf(texts.get(file) ?? '')
    lines.set(file, known)
    return known[line - 1]
  }
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|[\r\n]/)
}

/** Counts of errors and warnings in words. */
export function problemCounts(problems: readonly Problem[]): string {
  const errors = problems.filter(problem => problem.severity === 'error').length
  return [many(errors, 'error'), many(problems.length - errors, 'warning')]
    .filter(part => !part.startsWith('0 '))
    .join(' and ')
}

/** A number with its noun: `1 file`, `2 files`, `3 proxies`. */
export function many(count: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`
}

/** How many characters of a long line are shown. */
const shown = 120

function excerpt(row: number, column: number, line: string, sink: Sink): string[] {
  const from = column > shown - 20 ? column - 40 : 0
  const before = line.slice(from, column - 1)
  const text = `${from > 0 ? '…' : ''}${printable(line.slice(from, from + shown))}`
  const gutter = `${row}`.padStart(5)
  const pad = `${from > 0 ? ' ' : ''}${blank(printable(before))}`
  return [
    `${sink.paint('dim', `${gutter} |`)} ${text}`,
    `${sink.paint('dim', '      |')} ${pad}${sink.paint('red', '^')}`,
  ]
}

/** As wide as the text: tabs stay tabs, wide characters take two columns. */
function blank(text: string): string {
  return text
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll(
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/gu,
      '  ',
    )
    .replaceAll(/[^\t]/gu, ' ')
}
