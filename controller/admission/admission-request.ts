/** An object as the API server shows it: JSON of any kind. */
export type AdmittedObject = Readonly<Record<string, unknown>>

/** What the API server asks a webhook (AdmissionReview, admission.k8s.io/v1), as far as webhooks of Writ look at it. */
export interface AdmissionRequest {
  readonly uid: string
  readonly operation: Operation
  /** Such as `ephemeralcontainers`; empty for the object itself. */
  readonly subresource: string
  /** Empty for what belongs to no namespace. */
  readonly namespace: string
  /** Null when it is deleted. */
  readonly object: AdmittedObject | null
  /** Null when it is new. */
  readonly oldObject: AdmittedObject | null
}

type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** Reads the body of a request; null when it is no AdmissionReview of version 1 with a request. */
export function readReview(body: Buffer): AdmissionRequest | null {
  const review = parsed(body)
  if (!isObject(review) || !isObject(review.request)) return null
  if (review.apiVersion !== apiVersion || review.kind !== kind) return null
  const { uid, operation, subResource, namespace, object, oldObject } = review.request
  if (typeof uid !== 'string' || uid === '' || !isOperation(operation)) return null
  return {
    uid,
    operation,
    subresource: textOf(subResource),
    namespace: textOf(namespace),
    object: isObject(object) ? object : null,
    oldObject: isObject(oldObject) ? oldObject : null,
  }
}

/** What every AdmissionReview says that it is. */
export const apiVersion = 'admission.k8s.io/v1'
export const kind = 'AdmissionReview'

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return null
  }
}

function isOperation(value: unknown): value is Operation {
  return value === 'CREATE' || value === 'UPDATE' || value === 'DELETE' || value === 'CONNECT'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is AdmittedObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
