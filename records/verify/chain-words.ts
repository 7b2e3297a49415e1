import type { ChainReport } from './chain-part.ts'
import type { RunsReport } from './runs.ts'

/** What is proved of a chain without flaws. */
export function chainProofs(chain: ChainReport): string[] {
  const { proxy, from, to, begins, omitted, unchained, pruned, sealed, checkpointed } = chain
  const whole = unchained === 0 ? `entries ${from} to ${to}` : `entries up to ${to} that have links`
  const start = begins === 'whole' ? ', from the first that it wrote' : ''
  const left = omitted > 0 ? ` (${omitted} of them are left out, by digest)` : ''
  const said = [`${proxy}: ${whole} are whole and in order${start}${left}.`]
  if (sealed !== null) {
    said.push(`${proxy}: sealed by the proxy up to entry ${sealed.seq}, at ${sealed.time}.`)
  }
  if (checkpointed !== null) {
    const { seq, checkpoint, time } = checkpointed
    said.push(
      `${proxy}: held by the controller up to entry ${seq}: checkpoint ${checkpoint} of ${time}.`,
    )
  }
  if (pruned.numbers > 0) {
    said.push(
      `${proxy}: ${pruned.numbers} entries were deleted (${runs(pruned)}), and checkpoints hold what they leave of the chain.`,
    )
  }
  return said
}

/** What is not proved of a chain. */
export function chainDoubts(chain: ChainReport): string[] {
  const { proxy, from, to, begins, unchained, lost, keys, keyNamedBy, sealed, checkpointed } = chain
  const said: string[] = []
  if (begins === 'later') said.push(`${proxy}: entries before ${from} are not in the export.`)
  if (unchained > 0) {
    said.push(
      `${proxy}: ${unchained} entries have no link; nothing shows whether all but the last of them are as they were.`,
    )
  }
  if (lost.numbers > 0) {
    said.push(
      `${proxy}: ${lost.numbers} numbers have no entry (${runs(lost)}): lost before anybody had them, as after a power failure.`,
    )
  }
  const spoken = Math.max(sealed?.seq ?? 0, checkpointed?.seq ?? 0)
  if ((sealed?.seq ?? 0) < to) {
    said.push(
      `${proxy}: entries from ${Math.max(from, (sealed?.seq ?? 0) + 1)} on are not sealed by the proxy yet.`,
    )
  }
  if (spoken < to) {
    said.push(
      `${proxy}: entries from ${Math.max(from, spoken + 1)} on are held by no seal and no checkpoint, but by the end of the export alone.`,
    )
  }
  if (keys.length > 0) {
    const named = keyNamedBy === null ? '' : `; checkpoint ${keyNamedBy} names it`
    said.push(`${proxy}: its first key, ${keys[0]}, was believed when it was first seen${named}.`)
  }
  return said
}

function runs({ first, numbers }: RunsReport): string {
  const named = first.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`))
  const told = first.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  return told < numbers ? `${named.join(', ')} and more` : named.join(', ')
}
