import type { ChainReport } from './chain-part.ts'
import { chainDoubts, chainProofs } from './chain-words.ts'
import type { Report } from './verifier.ts'

/** A report as sentences: what is proved, and what is not. */
export interface Words {
  readonly proved: readonly string[]
  readonly notProved: readonly string[]
}

/** Chains that are told of one by one. */
const mostTold = 50

/** Says what an export proves and what it does not. Nothing that has a flaw is said to be proved. */
export function wordsOf(report: Report): Words {
  const flawed = new Set(report.flaws.map(({ proxy }) => proxy))
  const sound = report.chains.filter(({ proxy }) => !flawed.has(proxy))
  const told = report.chains.slice(0, mostTold)
  // Of very many flaws not all are kept, and nobody knows whose the others are.
  const all = report.flawCount === report.flaws.length
  return {
    proved: all ? [...proofs(report), ...chainsProved(sound)] : [],
    notProved: [
      ...told.flatMap(chainDoubts),
      ...(report.chains.length > mostTold ? [othersUntold(report.chains.length - mostTold)] : []),
      ...doubts(report),
      ...always,
    ],
  }
}

function chainsProved(sound: readonly ChainReport[]): readonly string[] {
  const told = sound.slice(0, mostTold).flatMap(chainProofs)
  const rest = sound.slice(mostTold)
  if (rest.length === 0) return told
  const entries = rest.reduce((sum, { entries }) => sum + entries, 0)
  return [...told, `${rest.length} more chains with ${entries} entries are whole and in order.`]
}

function othersUntold(count: number): string {
  return `What is not proved of ${count} more chains is in the JSON of this report.`
}

function proofs({ flaws, header, lines, signedBy, pinned, checkpoints }: Report): string[] {
  const codes = new Set(flaws.map(({ code }) => code))
  const whole = ['end_missing', 'end_differs', 'end_unsigned', 'header_missing'] as const
  const proved: string[] = []
  if (header !== null && !whole.some(code => codes.has(code))) {
    proved.push(`The export of ${header.time} is whole: ${lines} lines, signed by ${signedBy}.`)
  }
  const { first, last, keys, anchor } = checkpoints
  const sound = ![...codes].some(code => code.startsWith('checkpoint_'))
  if (first !== null && last !== null && sound) {
    const by = keys.length === 1 ? `key ${keys[0]}` : `keys ${keys.join(', then ')}`
    proved.push(`Checkpoints ${first.number} to ${last.number} are whole and in order, by ${by}.`)
  }
  if (pinned) proved.push('The key of the checkpoints is the one that you named.')
  if (anchor !== null && sound && !codes.has('published_differs')) {
    proved.push(
      `Checkpoint ${anchor.number} of ${anchor.time} is as it was published, and so is all that it speaks for.`,
    )
  }
  return proved
}

function doubts({ header, pinned, checkpoints }: Report): string[] {
  const { first, last, anchor, notCompared } = checkpoints
  const said: string[] = []
  if (header?.from !== undefined) said.push(`Entries before ${header.from} were not asked for.`)
  if (header?.to !== undefined) said.push(`Entries from ${header.to} on were not asked for.`)
  for (const [word, value] of Object.entries(header?.filter ?? {})) {
    said.push(
      `Entries whose ${word} is not ${value} are left out; those left out are proved to exist, and not what they say.`,
    )
  }
  if (first !== null && first.number > 1) {
    said.push(`Checkpoints before ${first.number} are not in the export.`)
  }
  if (last === null)
    said.push('There is no checkpoint: nothing but their proxies speaks for the entries.')
  if (!pinned) {
    said.push(
      'The key of the checkpoints was not compared with one that you know (--key): who made this export may have made it.',
    )
  }
  if (anchor === null) {
    said.push(
      'No published checkpoint was compared (--checkpoints): who holds the keys could have replaced everything.',
    )
  } else if (anchor.number < (last?.number ?? 0)) {
    said.push(
      `Published checkpoints end with ${anchor.number}: what came later could have been replaced.`,
    )
  }
  if (notCompared.newer > 0) {
    said.push(
      `${notCompared.newer} published checkpoints are newer than this export and say nothing of it.`,
    )
  }
  return said
}

const always = [
  'That an entry tells the truth: it is what its proxy wrote, and a proxy that was taken over can write anything.',
  'That nothing is missing which was never written: calls that passed no proxy, entries that were lost before anybody had them.',
]
