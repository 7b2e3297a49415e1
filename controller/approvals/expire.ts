import { moved, type RequestRow, type Transition } from './transition.ts'

/** Ends a request whose time has passed and whose clocks do not stand still, whether or not the sweeper has come by. The ended one, or null when its time has not. */
export async function expire(transition: Transition, row: RequestRow): Promise<RequestRow | null> {
  if (row.frozen_at !== null) return null
  const now = transition.at.getTime()
  if (row.state === 'pending' && row.expires_at.getTime() <= now) {
    return moved(transition, row, { state: 'expired' })
  }
  if (row.state === 'approved' && row.next_at !== null && row.next_at.getTime() <= now) {
    return moved(transition, row, { state: 'void', reason: 'unused' })
  }
  return null
}
