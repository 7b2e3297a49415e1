import type { SafetyGroup } from '../safety-case.ts'

const own =
  'the author cannot `/lgtm`; `/approve` by the author counts unless `require_self_approval`'

export const peopleWhoMayNot: SafetyGroup = {
  title: 'People who may not',
  rule: 'An account is known by its number, never by its login, through the one User in force that has it. Who may decide is for the workflow in force, looked up when the answer comes in and again when the call is made.',
  cases: [
    {
      name: 'A stranger',
      play: ({ write, approve }) => write(approve, 'mallory'),
      outcome: 'unknown_person',
      told: true,
      prow: 'only OWNERS, as the base branch has them',
      atlantis:
        'anybody could approve failed policies (#4243, #4962); an approval by somebody who may not turned the status green (#6475)',
    },
    {
      name: 'Another account under a login that a person who is asked has given up',
      play({ world, approve }) {
        world.people.ana.login = 'ana-of-acme'
        return world.hub.write(world.thread, world.hub.user('ana'), approve)
      },
      outcome: 'unknown_person',
      told: true,
    },
    {
      name: 'An account that two Users claim',
      async play({ world, write, approve }) {
        const { ana, ben } = world.people
        await world.publishPeople(text => text.replace(`id: ${ben.id},`, `id: ${ana.id},`))
        return write(approve)
      },
      outcome: 'ambiguous_person',
      told: true,
    },
    {
      name: 'A person who is known and not asked',
      play: ({ write, approve }) => write(approve, 'cleo'),
      outcome: 'not_an_approver',
      told: true,
      prow: 'only OWNERS, as the base branch has them',
      atlantis: 'any user with read access who is not the author counts as approval',
    },
    {
      name: 'A person who is known in another namespace only',
      async play({ world, write, approve }) {
        await world.publishPeople(
          text =>
            `${text}---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben, namespace: other }
spec: { identities: { github: { id: ${world.people.mallory.id} } } }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: theirs, namespace: other }
spec:
  type: github
  repository: other/ops
  thread: 1
  secretRef: { name: other, key: token }
  apiUrl: ${world.hub.apiUrl}
`,
        )
        return write(approve, 'mallory')
      },
      outcome: 'not_an_approver',
      told: true,
    },
    {
      name: 'A person whom the system namespace lends, vouched for by a forge that only a team has named',
      async play({ world, write, approve }) {
        const { id, login } = world.people.ana
        await world.publishPeople(text =>
          text
            .replace(`{ github: { id: ${id}, login: ${login} } }`, '{ slack: U0ANA }')
            .replaceAll('users: [ana, ben]', 'users: [ben]')
            .concat(`---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: chief, namespace: writ-system }
spec: { identities: { github: { id: ${id} } } }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: chiefs, namespace: writ-system }
spec: { approvers: { users: [chief] } }
`),
        )
        return write(approve)
      },
      outcome: 'unknown_person',
      told: true,
    },
    {
      name: 'A person who left the team after the question was asked',
      workflow: 'two',
      async play({ world, write, approve }) {
        await world.publishPeople(text =>
          text.replace('members: [ana, ben, dan]', 'members: [ben, cleo, dan]'),
        )
        return write(approve)
      },
      outcome: 'not_an_approver',
      told: true,
      prow: 'OWNERS of the base branch; teams of GitHub are refused, since their changes leave no log',
    },
    {
      name: 'The owner of the agent, who is in the team that is asked',
      workflow: 'two',
      play: ({ write, approve }) => write(approve, 'dan'),
      outcome: 'own_agent',
      told: true,
      prow: own,
      atlantis: '`prevent_self_approve`, for policies',
    },
    {
      name: 'The same person a second time, where two are needed',
      workflow: 'two',
      async play({ world, write, approve }) {
        await world.hear(write(approve))
        return write(approve)
      },
      outcome: 'already_voted',
      told: true,
      state: 'voted',
      atlantis: '`approve_count`',
    },
    {
      name: 'A person who has approved and now denies',
      workflow: 'two',
      async play({ world, write, approve }) {
        await world.hear(write(approve))
        return write(approve.replace('/approve', '/deny'))
      },
      outcome: 'already_voted',
      told: true,
      state: 'voted',
    },
    {
      name: 'An answer where the workflow wants a reason, which a comment cannot carry',
      workflow: 'reasoned',
      play: ({ write, approve }) => write(approve),
      outcome: 'reason_required',
      told: true,
    },
  ],
}
