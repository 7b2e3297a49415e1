import type { Test } from 'tap'
import { writ } from '../cli/writ.ts'
import { fitsHeader } from './plant-in-calls.ts'
import { userKey } from './planted-world.ts'
import type { Planter } from './planter.ts'

const json = { 'content-type': 'application/json' }

/** The controller, and who may ask it everything. */
export interface Asking {
  readonly controller: string
  readonly admin: string
}

/** Asks the API; the status and the body. */
export function asker({ controller, admin }: Asking) {
  return async (path: string, body?: object, key = admin): Promise<string> => {
    const answer = await fetch(`${controller}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...json, authorization: `Bearer ${key}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return `${answer.status} ${await answer.text()}`
  }
}

/** Questions as the API lists them. */
export interface Waiting {
  readonly requests: readonly { readonly id: string }[]
}

/** What people say: each answers one of the questions with as many secrets as a reason has room for. */
export async function plantInReasons(
  t: Test,
  plant: Planter,
  asking: Asking,
  data: string,
): Promise<void> {
  const ask = asker(asking)
  const waiting = async () => {
    const answer = await ask('/api/v1/approval-requests?state=pending&limit=100')
    const { requests }: Waiting = JSON.parse(answer.slice(4))
    return requests.map(({ id }) => id)
  }
  const ids = await waiting()
  const reasons = ['approve', 'decline', 'cancel'].flatMap(how =>
    plant.pieces(`reason to ${how}`, 3500).map(reason => ({ how, reason })),
  )
  t.ok(ids.length > reasons.length, `${ids.length} questions`)
  for (const [i, { how, reason }] of reasons.entries()) {
    const answer = await ask(`/api/v1/approval-requests/${ids[i]}/${how}`, { reason }, userKey)
    t.match(answer, /^200/, how)
  }
  const left = (await waiting()).at(-1) ?? ''
  const [reason = ''] = plant.pieces('reason at the terminal', 3500)
  await writ(['approvals', 'deny', left, '--reason', reason, '--data', data])
  for (const what of ['tools', 'models']) {
    // No more than fifty halts stand at once.
    for (const reason of plant.pieces(`reason to halt ${what}`, 300).slice(0, 24)) {
      const halt = { what, agent: 'bird', reason: reason.replaceAll('\n', ' ') }
      t.match(await ask('/api/v1/halts', halt), /^20[01]/, 'halt')
    }
  }
  for (const [i, reason] of plant.pieces('reason of an override', 900).entries()) {
    const documents = `apiVersion: writ.dev/v1alpha1\nkind: Team\nmetadata: { name: t${i} }\nspec: { members: [ana] }\n`
    const override = { documents, ttlSeconds: 3600, reason }
    t.match(await ask('/api/v1/overrides', override), /^20[01]/, 'override')
  }
  for (const text of plant.texts('what is asked of the API')) {
    await ask(`/api/v1/approval-requests/${encodeURIComponent(text)}`)
    await ask('/api/v1/status', undefined, fitsHeader(text) ? text : 'x')
  }
  await ask('/api/v1/records', { text: plant.texts('body sent to the API') })
}
