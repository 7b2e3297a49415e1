import { oneLine } from '../../channels/printable.ts'

/** Most characters of one piece of foreign text. */
const usual = 200

/**
 * Text that somebody else wrote, as a code span of Markdown on one line: nothing in it is markup, mentions a
 * person, refers to an issue, begins a comment of HTML or reads as a command. At most `most` characters are shown.
 */
export function inert(text: string, most = usual): string {
  const shown = disarmed(oneLine(text, most))
  if (shown.trim() === '') return '(empty)'
  const runs = shown.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(0, ...runs.map(run => run.length)) + 1)
  // A space at each end is not shown; it keeps backticks of the text from the fence.
  const pad = /^[ `]|[ `]$/.test(shown) ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

/** A code span keeps markup asleep; these would wake in a copy of it, or for a program that looks for them. */
function disarmed(text: string): string {
  return text
    .replace(/<!--/g, '<\\u{21}--')
    .replace(/\/(?=(approve|deny|explain|replay)\b)/gi, '\\u{2f}')
    .replace(/@/g, '\\u{40}')
}
