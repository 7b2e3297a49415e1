import type { SafetyGroup } from '../safety-case.ts'

export const writersWhoAreNone: SafetyGroup = {
  title: 'Writers who are no people',
  rule: 'Only the account of a person counts, and only when that person wrote the comment, not a program in the name of the person. Bots are on record and are never answered.',
  cases: [
    {
      name: 'A bot',
      play: ({ world, approve }) =>
        world.hub.write(world.thread, world.hub.bot('helper[bot]'), approve),
      outcome: 'not_a_person',
    },
    {
      name: 'A GitHub App',
      play: ({ world, approve }) =>
        world.hub.write(world.thread, world.hub.app('helper').account, approve),
      outcome: 'not_a_person',
    },
    {
      name: 'A GitHub App in the name of a person who is asked',
      play: ({ world, approve }) =>
        world.hub.write(world.thread, world.people.ana, approve, world.hub.app('helper')),
      outcome: 'via_app',
    },
    {
      name: 'A bot that policies list as if it were a person',
      async play({ world, approve }) {
        const bot = world.hub.bot('ana-helper[bot]')
        const { id } = world.people.ana
        await world.publishPeople(text => text.replace(`id: ${id},`, `id: ${bot.id},`))
        return world.hub.write(world.thread, bot, approve)
      },
      outcome: 'not_a_person',
    },
    {
      name: 'An organization',
      play: ({ world, approve }) =>
        world.hub.write(world.thread, world.hub.organization('acme'), approve),
      outcome: 'not_a_person',
    },
    {
      name: 'An account that is deleted before the comment is looked at',
      play({ world, write, approve }) {
        const comment = write(approve)
        world.hub.deleteAccount(world.people.ana)
        return comment
      },
      outcome: 'not_a_person',
    },
    {
      name: 'The account under which Writ itself writes',
      play: ({ world, approve }) => world.hub.write(world.thread, world.writ, approve),
      outcome: 'own_account',
    },
    {
      name: 'The account under which Writ itself writes, when policies list it as a person who is asked',
      async play({ world, approve }) {
        const { id } = world.people.ana
        await world.publishPeople(text => text.replace(`id: ${id},`, `id: ${world.writ.id},`))
        return world.hub.write(world.thread, world.writ, approve)
      },
      outcome: 'own_account',
    },
  ],
}
