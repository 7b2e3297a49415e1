import Type from 'typebox'
import { approvalIdPattern } from '../../schemas/approval-state.ts'

/** The id of a request in a path. */
export const RequestId = Type.Object({
  id: Type.String({ pattern: approvalIdPattern, description: 'Id of the request.' }),
})

const shape = new RegExp(approvalIdPattern)

/** The text if it can be the id of a request, else null. */
export function requestId(text: unknown): string | null {
  return typeof text === 'string' && shape.test(text) ? text : null
}
