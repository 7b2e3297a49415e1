import type { SafetyGroup } from '../safety-case.ts'

const atlantis = 'only comments that are told of as created count'
const prow =
  'the state of `/approve` is computed from the present text of all comments, so an edit counts at the next look'

export const commentsThatChanged: SafetyGroup = {
  title: 'Comments that changed',
  rule: 'The comment is fetched again by its number when it is looked at. It counts only if it was never edited, by anybody, is not hidden, and is still there.',
  cases: [
    {
      name: 'Talk that is edited into a command',
      play({ world, write, approve }) {
        const comment = write('Looks good to me.')
        world.hub.edit(comment.id, world.people.ana, approve)
        return comment
      },
      outcome: 'edited',
      told: true,
      prow,
      atlantis,
    },
    {
      name: 'A command to deny that somebody else, who may edit comments, turns into one to approve',
      play({ world, write, approve }) {
        const comment = write(approve.replace('/approve', '/deny'))
        world.hub.edit(comment.id, world.people.mallory, approve)
        return comment
      },
      outcome: 'edited',
      told: true,
      prow,
      atlantis,
    },
    {
      name: 'A command that is edited and edited back',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.edit(comment.id, world.people.ana, 'On second thoughts.')
        world.hub.edit(comment.id, world.people.ana, approve)
        return comment
      },
      outcome: 'edited',
      told: true,
      prow,
      atlantis,
    },
    {
      name: 'An edit within the second in which the comment was written, which no time shows',
      play({ world, write, approve }) {
        const comment = write('Hm.')
        world.hub.edit(comment.id, world.people.ana, approve)
        comment.updatedAt = comment.createdAt
        return comment
      },
      outcome: 'edited',
      told: true,
      prow: 'compares the times of writing and of the last change, for a comment of its own bot only',
      atlantis,
    },
    {
      name: 'A command that is edited into talk before it is looked at',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.edit(comment.id, world.people.ana, 'Let me think.')
        return comment
      },
      outcome: null,
      prow,
      atlantis,
    },
    {
      name: 'A command that is deleted before it is looked at',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.remove(comment.id, world.people.ana)
        return comment
      },
      outcome: 'gone',
      prow: 'computed from the comments that are there',
      atlantis,
    },
    {
      name: 'A command that somebody has hidden',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.minimise(comment.id)
        return comment
      },
      outcome: 'minimised',
      told: true,
    },
  ],
}
