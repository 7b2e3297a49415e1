import type { ChangeState, ReviewedState } from './review-view.ts'

/** Where a change stands, in half a sentence without any text of others. */
export function stateLine(state: ChangeState): string {
  switch (state.kind) {
    case 'problems':
      return 'the policies have problems'
    case 'conflict':
      return 'the branch has to be brought up to date'
    case 'nothing':
      return 'no policy changes'
    case 'approved':
      return `approved by ${people(state.received)}`
    case 'denied':
      return 'denied'
    case 'open':
      return openLine(state)
  }
}

function openLine({ bench, received, barred }: ReviewedState): string {
  if (barred !== null) return 'cannot be approved as it is'
  const missing = Math.max(1, bench.required - received)
  return `waits for ${missing === 1 ? 'one approval' : `${missing} approvals`}`
}

function people(count: number): string {
  return count === 1 ? 'one person' : `${count} people`
}
