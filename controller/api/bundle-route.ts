import { EvidenceBundle } from '../../schemas/evidence-bundle.ts'
import { closed, text } from '../../schemas/field.ts'
import { type BundleNeeds, evidenceBundle } from '../export/evidence-bundle.ts'
import { declare } from './declare.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

const Params = closed({ call: text('Id of the call.', 64) }, 'A call.')

/** Everything that speaks for one call, to be checked without the controller. */
export function bundleRoute(needs: BundleNeeds): Route {
  return declare({
    method: 'get',
    path: '/api/v1/audit/calls/:call/bundle',
    roles: ['admin'],
    permission: 'view_audit',
    summary: 'Everything that speaks for one call, to be checked offline.',
    params: Params,
    answers: { 200: { description: 'The bundle.', schema: EvidenceBundle } },
    async handle({ params: { call } }, response) {
      const bundle = await evidenceBundle(needs, call)
      if (bundle === null) throw new RequestFailure(404, 'No call of this id is on record.')
      response.json(bundle)
    },
  })
}
