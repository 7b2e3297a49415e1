import { type Logger, pino } from 'pino'
import { redact } from '../../records/redact/redact.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { OutputFormat } from '../output-option.ts'
import { many, problemText } from '../problem-text.ts'
import { printable, type Sink, type Terminal } from '../terminal.ts'

/** What a log for people needs besides the terminal. */
interface LogNeeds {
  /** Words about what is well wait for this: before, what is not well is all there is to say. */
  readonly isReady: () => boolean
  /** The line that a problem speaks of, when it is at hand. */
  readonly lineOf: (problem: Problem) => string | undefined
}

const noNeeds: LogNeeds = { isReady: () => true, lineOf: () => undefined }

/** Others write into the messages of errors, so each line is looked through. */
const hooks = {
  streamWrite(line: string): string {
    const fields = JSON.parse(line)
    const shown = redact(fields)
    return shown === fields ? line : `${JSON.stringify(shown)}\n`
  },
}

/** Words on a terminal, JSON lines everywhere else and for programs. */
export function chooseLog(output: OutputFormat, terminal: Terminal, needs = noNeeds): Logger {
  const { err } = terminal
  return err.isTerminal && output === 'text' ? humanLog(terminal, needs) : jsonLog(err)
}

function jsonLog(err: Sink): Logger {
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks }, err.stream)
}

/** For a person: what is wrong, what changed, and no more. */
function humanLog({ err, progress }: Terminal, { isReady, lineOf }: LogNeeds): Logger {
  const write = (text: string) => {
    const line: LogLine = JSON.parse(text)
    const words = humanText(line, err, lineOf)
    if (words === null || !(isReady() || line.level >= warn || hasProblems(line))) return
    progress(null)
    err.line(words)
  }
  return pino({ base: null, hooks }, { write })
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

function hasProblems({ problems = [] }: LogLine): boolean {
  return problems.length > 0
}

/** The line as a person reads it; null when it says nothing a person needs. */
function humanText(line: LogLine, sink: Sink, lineOf: LogNeeds['lineOf']): string | null {
  if (line.problems !== undefined) {
    const texts = line.problems.map(problem => problemText(problem, lineOf(problem), sink))
    return [...texts, verdictOn(line.problems, line.msg, sink)].join('\n')
  }
  if (line.msg === 'table in force') {
    return `${sink.paint('green', 'in force:')} ${line.namespace} ${sink.paint('dim', line.digest ?? '')}`
  }
  if (line.level < warn) return null
  const label = line.level < error ? sink.paint('yellow', 'warning:') : sink.paint('red', 'error:')
  return `${label} ${printable([line.msg, ...details(line)].join(', '))}`
}

function verdictOn(problems: readonly Problem[], msg: string, sink: Sink): string {
  if (problems.some(({ severity }) => severity === 'error')) {
    return sink.paint('red', 'not in force: the last good version stands until this is mended')
  }
  return problems.length === 0 ? msg : `${msg}, with ${many(problems.length, 'warning')}`
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
