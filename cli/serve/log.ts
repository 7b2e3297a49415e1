import { type Logger, pino } from 'pino'
import type { Problem } from '../../schemas/problem.ts'
import type { OutputFormat } from '../output-option.ts'
import { many, problemText } from '../problem-text.ts'
import { printable, type Sink } from '../terminal.ts'

/** Words on a terminal, JSON lines everywhere else and for programs. */
export function chooseLog(output: OutputFormat, err: Sink): Logger {
  return err.isTerminal && output === 'text' ? humanLog(err) : jsonLog(err)
}

function jsonLog(err: Sink): Logger {
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, err.stream)
}

/** For a person: what is wrong, what changed, and no more. */
function humanLog(err: Sink): Logger {
  const write = (line: string) => {
    const text = humanText(JSON.parse(line), err)
    if (text !== null) err.line(text)
  }
  return pino({ base: null }, { write })
}

interface LogLine {
  readonly level: number
  readonly msg: string
  readonly problems?: readonly Problem[]
  readonly namespace?: string
  readonly digest?: string
  readonly err?: { readonly message?: string }
  readonly [field: string]: unknown
}

const warn = 40
const error = 50

/** The line as a person reads it; null when it says nothing a person needs. */
function humanText(line: LogLine, sink: Sink): string | null {
  if (line.problems !== undefined) return problemsText(line, line.problems, sink)
  if (line.msg === 'table in force') {
    return `${sink.paint('green', 'in force:')} ${line.namespace} ${sink.paint('dim', line.digest ?? '')}`
  }
  if (line.level < warn) return null
  const label = line.level < error ? sink.paint('yellow', 'warning:') : sink.paint('red', 'error:')
  return `${label} ${printable([line.msg, ...details(line)].join(', '))}`
}

function problemsText(line: LogLine, problems: readonly Problem[], sink: Sink): string {
  const texts = problems.map(problem => problemText(problem, undefined, sink))
  const broken = problems.some(({ severity }) => severity === 'error')
  const verdict = broken
    ? sink.paint('red', 'not in force: the last good version stands until this is mended')
    : sink.paint('yellow', many(problems.length, 'warning'))
  return [...texts, problems.length === 0 ? line.msg : verdict].join('\n')
}

const silent = new Set(['level', 'time', 'msg', 'err', 'problems'])

function details({ err, ...line }: LogLine): string[] {
  const fields = Object.entries(line).filter(([name]) => !silent.has(name))
  return [
    ...fields.map(
      ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
    ...(err?.message === undefined ? [] : [err.message]),
  ]
}
