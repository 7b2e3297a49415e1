import t from 'tap'
import type { Proposal } from '../../../controller/change/proposal.ts'
import type { ChangeRequest } from '../../../controller/forge/forge.ts'
import { openRepository } from '../../../controller/git/open-repository.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import { changedFiles, proposeOverride } from '../../../controller/overrides/propose-override.ts'
import type { Override } from '../../../schemas/override.ts'
import { policy } from '../documents.ts'
import { forever } from '../git/opened.ts'
import { testFolder, testRepository } from '../git/repositories.ts'

const deny = policy('p', '{ action: deny }')
const allow = policy('p', '{ action: allow }')
const other = policy('q', '{ action: deny }')

t.test('documents take the place of theirs; new ones get files of their own', t => {
  const files = [
    { path: 'policies/all.yaml', text: `# ours\n${deny}---\n${other}` },
    { path: 'policies/more.yaml', text: other.replace('name: q', 'name: r') },
  ]
  const fresh = policy('s', '{ action: deny }', 'team')
  const override = { path: 'x.yaml', text: `${allow}---\n${fresh}` }
  t.strictSame(changedFiles(files, override, 'policies'), [
    { path: 'policies/all.yaml', text: `# ours\n${allow}---\n${other}` },
    { path: 'policies/accesspolicy-s.yaml', text: fresh },
  ])
  const bare = {
    ...{ path: 'x.yaml', namespace: 'team' },
    text: allow.replace(', namespace: default', ''),
  }
  const [made] = changedFiles(files, bare, '')
  t.match(made, { path: 'accesspolicy-p.yaml', text: /namespace: team/ })
  t.end()
})

t.test('a pull request is opened where there is a forge, and nothing elsewhere', async t => {
  const origin = await testRepository(t)
  const commit = await origin.commit({ 'policies/p.yaml': deny })
  const repository = await openRepository({
    ...{ folder: await testFolder(t), url: remoteUrl(origin.url), branch: 'main' },
    credentials: async () => ({ secret: null, knownHosts: [] }),
    signatures: () => ({ required: false, signers: [] }),
  })
  await repository.fetch(forever)
  const asked: unknown[] = []
  const forge = {
    async openChange(change: unknown) {
      asked.push(change)
      return { number: 7, url: 'https://forge.example.com/7' } as ChangeRequest
    },
  }
  const target = { kind: 'repository', repository, branch: 'main', commit } as const
  const override: Override = {
    id: 'ovr-0123456789abcdef',
    state: 'in_force',
    ...{ documents: [], reason: 'tests are down' },
    ...{ by: 'ana', identity: 'key laptop of default/ana' },
    ...{ appliedAt: '2026-11-21T12:00:00.000Z', expiresAt: '2026-11-21T13:00:00.000Z' },
  }
  const propose = (withForge: boolean): Promise<Proposal | null> =>
    proposeOverride(
      {
        folder: 'policies',
        written: {
          now: async () => [{ path: 'policies/p.yaml', text: deny }],
          target: async () => (withForge ? { ...target, forge } : target),
        },
      },
      { override, file: { path: 'overrides/x.yaml', text: allow } },
      forever,
    )
  t.equal(await propose(false), null)
  t.match(await propose(true), { kind: 'pull_request', number: 7 })
  t.match(asked, [{ title: `Keep what override ${override.id} changed`, base: 'main' }])
  const { head } = asked[0] as { head: string }
  await origin.git('fetch', '--quiet', 'origin')
  t.equal(await origin.git('show', `origin/${head}:policies/p.yaml`), allow)
  t.match(await origin.git('log', '-1', '--format=%an %B', `origin/${head}`), /^ana Keep what/)
})
