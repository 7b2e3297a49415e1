import type { SafetyGroup } from '../safety-case.ts'

export const commentsThatRepeat: SafetyGroup = {
  title: 'What is told again',
  rule: 'A comment is looked at once, however often and by whomever it is told of; the webhook only wakes, and what it says is not read.',
  cases: [
    {
      name: 'A delivery that comes again',
      workflow: 'two',
      async play({ world, write, approve }) {
        const comment = write(approve)
        await world.hear(comment)
        return comment
      },
      outcome: null,
      told: true,
      state: 'voted',
      prow: 'webhooks are signed',
      atlantis: 'webhooks carry a secret and no nonce',
    },
    {
      name: 'A delivery that comes again after the comment was edited',
      workflow: 'two',
      async play({ world, write, approve }) {
        const comment = write(approve)
        await world.hear(comment)
        world.hub.edit(comment.id, world.people.ana, approve.replace('/approve', '/deny'))
        return comment
      },
      outcome: null,
      told: true,
      state: 'voted',
      prow: 'the state of `/approve` is computed from the present text of all comments',
    },
    {
      name: 'One that was refused, and comes again when it would count',
      workflow: 'two',
      async play({ world, write, approve }) {
        const comment = write(approve, 'cleo')
        await world.hear(comment)
        await world.publishPeople(text =>
          text.replace('members: [ana, ben, dan]', 'members: [ana, ben, cleo, dan]'),
        )
        return comment
      },
      outcome: null,
      told: true,
    },
    {
      name: 'Twenty deliveries of one comment at once',
      workflow: 'two',
      async play({ world, write, approve }) {
        const comment = write(approve)
        await Promise.all(Array.from({ length: 20 }, () => world.hear(comment)))
        return comment
      },
      outcome: null,
      told: true,
      state: 'voted',
    },
    {
      name: 'A delivery that names a comment that never was',
      play: () => ({ id: 4 }),
      outcome: 'gone',
    },
  ],
}
