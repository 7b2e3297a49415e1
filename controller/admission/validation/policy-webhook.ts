import { isDeepStrictEqual } from 'node:util'
import type { WritObject } from '../../kubernetes/objects.ts'
import type { CheckObject } from '../../kubernetes/reconcile/check-object.ts'
import { type AdmissionRequest, type AdmittedObject, isObject } from '../admission-request.ts'
import { type AdmissionVerdict, allowed } from '../admission-verdict.ts'
import type { Webhook } from '../webhook-server.ts'
import { refusalText, warningText } from './refusal-text.ts'

/** The API server waits half a minute at most. */
const longestMs = 30_000

/** The webhook that refuses what does not compile, by its path. */
export function policyWebhooks(check: CheckObject): ReadonlyMap<string, Webhook> {
  return new Map([['/policies/check', request => judge(request, check)]])
}

async function judge(request: AdmissionRequest, check: CheckObject): Promise<AdmissionVerdict> {
  const { operation, object, subresource } = request
  if (operation !== 'CREATE' && operation !== 'UPDATE') return allowed
  if (object === null || subresource !== '' || saysNothingNew(request)) return allowed
  const written = writtenIn(object, request.namespace)
  const problems = await check(written, operation, AbortSignal.timeout(longestMs))
  const errors = problems.filter(({ severity }) => severity === 'error')
  const warnings = problems
    .filter(({ severity }) => severity === 'warning')
    .map(problem => warningText(problem, written))
  return errors.length === 0
    ? { kind: 'allowed', warnings }
    : { kind: 'refused', message: refusalText(errors, written), warnings }
}

/** What ends, and what changes only around what it says, must never be held up by what it says. */
function saysNothingNew({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (isObject(object?.metadata) && object.metadata.deletionTimestamp !== undefined) return true
  return operation === 'UPDATE' && isDeepStrictEqual(object?.spec, oldObject?.spec)
}

/** The object as it will be stored; a new one is told its namespace by the request. */
function writtenIn(object: AdmittedObject, namespace: string): WritObject {
  const metadata = isObject(object.metadata) ? object.metadata : {}
  return { ...object, metadata: { namespace, ...metadata } } as unknown as WritObject
}
