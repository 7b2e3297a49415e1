import type { Report } from '../../records/verify/verifier.ts'
import { wordsOf } from '../../records/verify/words.ts'
import { printable, type Sink } from '../terminal.ts'
import type { BundleReport } from './check-bundle.ts'
import { keyText } from './key-argument.ts'

/** A report for programs, with its sentences. */
export function reportJson(report: Report): string {
  return JSON.stringify({ ...report, said: wordsOf(report) })
}

const mostFlaws = 20

/** A report for people: the verdict, the flaws, what is proved, what is not, and the key to compare. */
export function reportLines(report: Report, out: Sink): readonly string[] {
  const { proved, notProved } = wordsOf(report)
  const { keys } = report.checkpoints
  const listed = (sentences: readonly string[]) => sentences.map(text => `  ${printable(text)}`)
  return [
    verdict(report, out),
    ...flawLines(report),
    ...(proved.length === 0 ? [] : ['', out.paint('bold', 'Proved'), ...listed(proved)]),
    '',
    out.paint('bold', 'Not proved'),
    ...listed(notProved),
    ...keyLines(keys),
  ]
}

/** What a bundle proves, for people. */
export function bundleLines(bundle: BundleReport, out: Sink): readonly string[] {
  const { call, flaws, proofs, doubts, report } = bundle
  const listed = (sentences: readonly string[]) => sentences.map(text => `  ${printable(text)}`)
  const about = `in what speaks for call ${printable(call)}`
  return [
    flaws.length === 0
      ? `${out.paint('green', 'no flaw')} ${about}`
      : `${out.paint('red', count(flaws.length, 'flaw', 'flaws'))} ${about}`,
    ...listed(flaws),
    ...['', out.paint('bold', 'Proved'), ...listed(proofs)],
    ...['', out.paint('bold', 'Not proved, or only said'), ...listed(doubts)],
    ...keyLines(report.checkpoints.keys),
  ]
}

function keyLines(keys: readonly string[]): readonly string[] {
  if (keys.length === 0) return []
  return ['', `Key of the checkpoints  ${keys.map(keyText).join('\n                   then  ')}`]
}

function verdict({ proved, flawCount, chains, lines }: Report, out: Sink): string {
  const entries = chains.reduce((sum, { entries }) => sum + entries, 0)
  const what = `${count(entries, 'entry', 'entries')} of ${count(chains.length, 'proxy', 'proxies')}, ${count(lines, 'line', 'lines')}`
  return proved
    ? `${out.paint('green', 'no flaw')} in ${what}`
    : `${out.paint('red', count(flawCount, 'flaw', 'flaws'))} in ${what}`
}

function flawLines({ flaws, flawCount }: Report): readonly string[] {
  const told = flaws.slice(0, mostFlaws).map(({ code, line, message }) => {
    const at = line === 0 ? '' : `line ${line}: `
    return `  ${code}  ${at}${printable(message)}`
  })
  const more = flawCount - told.length
  return more > 0 ? [...told, `  and ${more} more`] : told
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}
