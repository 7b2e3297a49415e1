import type { Attributes } from '../telemetry/call-trace.ts'
import type { OpenRequest } from './open-request.ts'

/** What is told of a wait for people. */
export function approvalAttributes({ id, news }: OpenRequest): Attributes {
  return { 'writ.approval': id, 'writ.approval.state': news.state }
}
