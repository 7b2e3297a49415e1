import type { SafetyGroup } from '../safety-case.ts'
import { line } from '../thread-world.ts'

const push =
  '`/approve` survives a push; `lgtm` is taken away unless the tree of the commit is the same'
const replan =
  'approvals of policies are dropped when the plan is made anew, unless they are set to stick to equal results'

export const questionsThatMoved: SafetyGroup = {
  title: 'Questions that are not the one',
  rule: 'An answer names the request and twelve digits of the digest of the call. The question must stand in the thread as Writ wrote it, older than the answer, and still be open.',
  cases: [
    {
      name: 'Written before the question was asked',
      async play({ world, write }) {
        const comment = write('Soon.')
        const request = await world.askHere()
        // As if the id and the digest had been guessed.
        comment.body = line(request)
        return comment
      },
      outcome: 'before_question',
      told: true,
    },
    {
      name: 'With another digest',
      play: ({ write, request }) => write(`/approve ${request.id} 000000000000`),
      outcome: 'wrong_digest',
      told: true,
    },
    {
      name: 'With the digest of another question',
      async play({ world, write, request }) {
        const other = await world.askHere()
        return write(line({ id: request.id, digest: other.digest }))
      },
      outcome: 'wrong_digest',
      told: true,
    },
    {
      name: 'With the id of no question',
      play: ({ write, request }) => write(line({ ...request, id: 'apr-0000000000000000' })),
      outcome: 'unknown_request',
      told: true,
    },
    {
      name: 'To a question whose rule has been replaced by another',
      async play({ world, write, approve }) {
        await world.publishPeople(text => text.replaceAll('args.amount > 5', 'args.amount > 6'))
        return write(approve)
      },
      outcome: 'already_resolved',
      told: true,
      state: 'void',
      prow: push,
      atlantis: replan,
    },
    {
      name: 'To a question that somebody edited, who may edit comments',
      play({ world, write, request, approve }) {
        const { id, body } = world.questionComment(request)
        world.hub.edit(id, world.people.mallory, body.replace('"amount": 10', '"amount": 1'))
        return write(approve)
      },
      outcome: 'question_altered',
      told: true,
      prow: 'believes the hash in a comment of its own bot only if the comment was never edited',
    },
    {
      name: 'To a question that somebody deleted',
      play({ world, write, request, approve }) {
        world.hub.remove(world.questionComment(request).id, world.people.mallory)
        return write(approve)
      },
      outcome: 'question_altered',
      told: true,
    },
    {
      name: 'To a question that is decided already, elsewhere',
      async play({ world, write, request, approve }) {
        const actor = {
          user: 'ben',
          surface: 'rest',
          identity: 'key laptop',
          evidence: {},
        } as const
        await world.approvals.decide(request.id, { decision: 'deny' }, actor)
        return write(approve)
      },
      outcome: 'already_resolved',
      told: true,
      state: 'denied',
      atlantis: 'after one approval any directory could be planned and applied (#1508)',
    },
    {
      name: 'To a question that was taken back',
      async play({ world, write, request, approve }) {
        const actor = {
          user: 'ana',
          surface: 'rest',
          identity: 'key laptop',
          evidence: {},
        } as const
        await world.approvals.cancel(request.id, 'not needed', actor)
        return write(approve)
      },
      outcome: 'already_resolved',
      told: true,
      state: 'cancelled',
    },
    {
      name: 'To a question whose time is over',
      play({ world, write, approve }) {
        world.clock.now = Date.now() + 7_200_000
        return write(approve)
      },
      outcome: 'expired',
      told: true,
      state: 'expired',
    },
    {
      name: 'As if it were about a change of policies',
      play: ({ write, approve }) => write(approve.replace(/apr-\S+ /, '')),
      outcome: 'unavailable',
      told: true,
    },
  ],
}
