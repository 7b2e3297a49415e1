import type { SafetyGroup } from '../safety-case.ts'
import { line } from '../thread-world.ts'

export const whatCounts: SafetyGroup = {
  title: 'What counts',
  rule: 'A comment that is the command, whole and alone, by a person whom the workflow in force asks.',
  cases: [
    {
      name: 'A person who is asked approves',
      play: ({ write, approve }) => write(approve),
      outcome: 'counted',
      told: true,
      state: 'approved',
      prow: '`/approve` by an OWNER of each file, from the base branch',
      atlantis: 'any user with read access who is not the author counts as approval',
    },
    {
      name: 'A person who is asked denies: one denial ends the question',
      play: ({ write, request }) => write(line(request, 'deny')),
      outcome: 'counted',
      told: true,
      state: 'denied',
    },
    {
      name: 'One of two people who are needed approves',
      workflow: 'two',
      play: ({ write, approve }) => write(approve),
      outcome: 'counted',
      told: true,
      state: 'voted',
      prow: 'all files must be covered by OWNERS',
      atlantis: '`approve_count`',
    },
    {
      name: 'The line ends as mail programs and editors end lines',
      play: ({ write, approve }) => write(`${approve}\r\n`),
      outcome: 'counted',
      told: true,
      state: 'approved',
    },
    {
      name: 'A person whose login has changed and whose account is the same',
      play({ world, write, approve }) {
        world.people.ana.login = 'ana-of-acme'
        return write(approve)
      },
      outcome: 'counted',
      told: true,
      state: 'approved',
    },
    {
      name: 'In a pull request that is open',
      options: { pull: true },
      play: ({ write, approve }) => write(approve),
      outcome: 'counted',
      told: true,
      state: 'approved',
    },
  ],
}
