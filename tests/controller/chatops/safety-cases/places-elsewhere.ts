import type { SafetyGroup } from '../safety-case.ts'

export const placesElsewhere: SafetyGroup = {
  title: 'Other places',
  rule: 'An answer counts in the thread in which Writ asked, of the repository with the number it had then, while the thread is open and not locked.',
  cases: [
    {
      name: 'In another thread of the repository',
      play({ world, approve }) {
        const other = world.hub.ask(world.repo, world.people.ana)
        return world.hub.write(other, world.people.ana, approve)
      },
      outcome: 'not_asked_here',
    },
    {
      name: 'In another thread, where somebody copied the question to',
      play({ world, request, approve }) {
        const other = world.hub.ask(world.repo, world.people.mallory)
        world.hub.write(other, world.people.mallory, world.questionComment(request).body)
        return world.hub.write(other, world.people.ana, approve)
      },
      outcome: 'not_asked_here',
    },
    {
      name: 'In a fork',
      play({ world, approve }) {
        const fork = world.hub.repository('mallory/ops', world.repo)
        const thread = world.hub.ask(fork, world.people.mallory)
        return world.hub.write(thread, world.people.ana, approve)
      },
      outcome: 'gone',
    },
    {
      name: 'In a thread that went to another repository',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.transfer(world.thread, world.hub.repository('acme/attic'))
        return comment
      },
      outcome: 'gone',
    },
    {
      name: 'In a repository that has another name now',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.rename(world.repo, 'operations')
        return comment
      },
      outcome: 'other_repository',
    },
    {
      name: 'In a new repository under the name of the one that is gone',
      play({ world, approve }) {
        world.hub.rename(world.repo, 'operations')
        const taken = world.hub.repository('acme/ops')
        const thread = world.hub.ask(taken, world.people.mallory)
        return world.hub.write(thread, world.people.ana, approve)
      },
      outcome: 'not_asked_here',
    },
    {
      name: 'In a thread that is locked',
      play({ world, write, approve }) {
        world.hub.lock(world.thread)
        return write(approve)
      },
      outcome: 'thread_locked',
    },
    {
      name: 'In a thread that is closed',
      play({ world, write, approve }) {
        world.hub.close(world.thread, world.people.dan)
        return write(approve)
      },
      outcome: 'thread_closed',
      told: true,
    },
    {
      name: 'In a pull request that is merged',
      options: { pull: true },
      play({ world, write, approve }) {
        world.hub.merge(world.thread, world.people.dan, 'c'.repeat(40))
        return write(approve)
      },
      outcome: 'thread_closed',
      told: true,
    },
  ],
}
