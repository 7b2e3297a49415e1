import { cut, oneLine, printable } from '../channels/printable.ts'
import { apiVersion, kind } from './admission-request.ts'

/** What a webhook says to an object. */
export type AdmissionVerdict =
  | {
      readonly kind: 'allowed'
      readonly warnings: readonly string[]
      /** Operations of RFC 6902. */
      readonly patch?: readonly JsonPatchOperation[]
    }
  | {
      readonly kind: 'refused'
      /** Shown to whoever applied the object. */
      readonly message: string
      readonly warnings: readonly string[]
    }

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace'
  readonly path: string
  readonly value?: unknown
}

/** Nothing speaks against the object, and nothing is to be said of it. */
export const allowed: AdmissionVerdict = { kind: 'allowed', warnings: [] }

/** The AdmissionReview that answers the request of that uid. */
export function reviewOf(uid: string, verdict: AdmissionVerdict): object {
  return { apiVersion, kind, response: { uid, ...responseOf(verdict), ...warningsOf(verdict) } }
}

function responseOf(verdict: AdmissionVerdict): object {
  switch (verdict.kind) {
    case 'refused':
      return {
        allowed: false,
        status: { code: 422, reason: 'Invalid', message: cut(printable(verdict.message), 8000) },
      }
    case 'allowed':
      return verdict.patch === undefined || verdict.patch.length === 0
        ? { allowed: true }
        : {
            allowed: true,
            patchType: 'JSONPatch',
            patch: Buffer.from(JSON.stringify(verdict.patch)).toString('base64'),
          }
  }
}

/** The API server cuts a warning off after 256 characters, and shows none after 4,096 in all. */
const longestWarning = 250
const mostWarnings = 10

function warningsOf({ warnings }: AdmissionVerdict): object {
  if (warnings.length === 0) return {}
  const more = warnings.length - mostWarnings
  const shown = more <= 0 ? warnings : warnings.slice(0, mostWarnings - 1)
  const rest = more <= 0 ? [] : [`and ${more + 1} more warnings`]
  return { warnings: [...shown.map(warning => oneLine(warning, longestWarning)), ...rest] }
}
