import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run, type Service } from '../lifecycle/run.ts'
import type { ProxyReport } from '../schemas/proxy-report.ts'
import { checkTokens } from './api/authenticate.ts'
import { dataPlaneRoutes } from './api/data-plane-routes.ts'
import { type Live, openLive } from './api/live/live.ts'
import { overrideRoutes } from './api/override-routes.ts'
import { serveApi } from './api/serve-api.ts'
import { keepApprovals } from './approvals/keeping/keep-approvals.ts'
import { StoredApprovals } from './approvals/stored-approvals.ts'
import { joinCheckpoints } from './checkpoints/join-checkpoints.ts'
import { type Compiler, openCompiler } from './compile/compiler.ts'
import type { ControllerOptions } from './controller.ts'
import { wakeByPushes } from './github/wake-by-pushes.ts'
import { joinHalts } from './halts/join-halts.ts'
import { heartbeat } from './heartbeat.ts'
import { forPeople } from './judge/for-people.ts'
import { spendingParts } from './ledger-parts.ts'
import { keepOverrides } from './overrides/keep-overrides.ts'
import { proposeOverride } from './overrides/propose-override.ts'
import { proposeOverrides } from './overrides/propose-overrides.ts'
import { StoredOverrides } from './overrides/stored-overrides.ts'
import { joinPolicies } from './policies/join-policies.ts'
import { openWritten } from './policies/open-written.ts'
import { Proxies } from './proxies.ts'
import { Releases } from './publish/releases.ts'
import { openSigningKey, type SigningKey } from './publish/signing-key.ts'
import { localPolicies, type Policies } from './reconcile/local-policies.ts'
import { openAdmission } from './review/admit-commit.ts'
import { joinReviews } from './review/join-reviews.ts'
import { shareStore } from './share-store.ts'
import { gitRoutes } from './sources/git-routes.ts'
import type { GitSource } from './sources/git-source.ts'
import { openGit } from './sources/open-git.ts'
import { joinStatus } from './status/join-status.ts'
import { SourceMemory } from './status/source-state.ts'
import { openStore, type Store } from './store/open-store.ts'
import { tellPeople } from './tell-people.ts'

/** Opens what the controller keeps, serves until the signal aborts, closes it again. */
export async function runController(
  options: ControllerOptions,
  onListening: (url: URL) => void,
  signal: AbortSignal,
): Promise<void> {
  const { dataFolder, databaseUrl, now = Date.now } = options
  checkTokens(options.tokens)
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  // Its thread starts while the database is made, which takes seconds the first time.
  const compiler = openCompiler()
  try {
    const store = await openStore({
      folder: join(dataFolder, 'store'),
      ...(databaseUrl !== undefined && { databaseUrl }),
    })
    try {
      await serve({ ...options, now }, { store, compiler }, onListening, signal)
    } finally {
      await store.close()
    }
  } finally {
    await compiler.close()
  }
}

type Settled = ControllerOptions & Required<Pick<ControllerOptions, 'now'>>

async function serve(
  options: Settled,
  { store, compiler }: { readonly store: Store; readonly compiler: Compiler },
  onListening: (url: URL) => void,
  signal: AbortSignal,
): Promise<void> {
  const { now, log } = options
  const { key, shared, releases, overrides } = await releaseParts(options, store)
  const { approvals, keeper, services } = approvalParts(options, store, releases)
  const proxies = await openProxies(options, store, report => {
    policies.toolsChanged(report)
    keeper.toolsChanged(report)
  })
  const memory = new SourceMemory(sourceName(options), now)
  const live = openLive({ approvals, releases })
  const known = { db: store.db, key, releases, overrides, proxies, approvals, memory }
  const policies = await policiesOf(options, { ...known, compiler, live })
  const { ledger, ...spending } = spendingParts(options, store, releases, live)
  const checked = await joinCheckpoints({ ...options, ...known, ledger })
  const beat = heartbeat()
  const { promise: listening, resolve: listens } = Promise.withResolvers<URL>()
  const { halts, ...halting } = await joinHalts({ ...known, onBeat: beat.onBeat, now })
  const { directories } = releases
  const told = { db: store.db, approvals, halts, listening, directories, ...spending.telling }
  const telling = await tellPeople({ ...options, ...told })
  if (policies.git !== undefined) wakeByPushes(policies.git, telling.github.events)
  const reviews = joinReviews({ ...known, policies, telling, ledger, now, log })
  const asked = joinPolicies({ ...known, options, policies })
  const shown = { ...known, ...spending.telling, halts, checked, options, store, ledger, shared }
  const routes = [
    ...dataPlaneRoutes({
      ...{ db: store.db, releases, key, now, log, onBeat: beat.onBeat },
      ...{ ledger, proxies, approvals, budgets: spending.telling.budgets },
    }),
    ...joinStatus(shown, () => notReady(store, policies)),
    ...gitRoutes({ ...options, ...telling, policies, directories }),
    ...[spending, checked, telling, reviews, asked, halting].flatMap(({ routes }) => routes),
    ...overrideRoutes({ overrides, ...policies, now, directories }),
  ]
  const parts = { ...known, approvals: forPeople(approvals), live, routes, onBeat: beat.onBeat }
  const { podOf = options.podOf } = policies
  const server = await serveApi({ ...options, podOf, allowedHosts: hostsOf(options) }, parts)
  for (const tell of [listens, onListening]) tell(server.url)
  const closers = [server.close, telling.close, asked.close].map(closing)
  const follow = shared.services([halts, releases, proxies, overrides, telling.github.follower])
  const kept = [spending, checked, telling, reviews].flatMap(({ services }) => services)
  await run([...policies.services, beat, ...services, ...kept, ...follow, ...closers], signal)
}

async function openProxies(
  { now }: Settled,
  { db }: Store,
  onToolsChanged: (report: ProxyReport) => void,
): Promise<Proxies> {
  const proxies = new Proxies({ db, now, onToolsChanged })
  await proxies.open()
  return proxies
}

function sourceName({ source, repository }: Settled): string {
  return repository?.url.href ?? source ?? 'kubernetes'
}

function hostsOf({ publicUrl, allowedHosts = [] }: Settled): readonly string[] {
  return publicUrl === undefined ? allowedHosts : [...allowedHosts, publicUrl.host]
}

/** Nothing is signed before it is known that others on the store sign with the same key. */
async function releaseParts(options: Settled, { db }: Store) {
  const key = await openSigningKey(options.dataFolder, options.signingKey)
  const { kubernetes, now } = options
  const identity = kubernetes && { identity: kubernetes.identity }
  const shared = await shareStore({ ...options, ...identity, db, keyId: key.id })
  const releases = new Releases({ db, key, now, fenced: kubernetes !== undefined })
  await releases.open()
  const overrides = new StoredOverrides({ db, now })
  await overrides.look()
  return { key, shared, releases, overrides }
}

function approvalParts({ now, log, databaseUrl }: Settled, { db }: Store, releases: Releases) {
  const approvals = new StoredApprovals({
    db,
    databaseUrl,
    directories: releases.directories,
    now,
    onFailure: error => log.error({ err: error }, 'change of an approval not told'),
  })
  const keeper = keepApprovals({
    approvals,
    releases,
    now,
    onFailure: error => log.warn({ err: error }, 'approvals not looked after'),
  })
  const { others } = approvals
  return { approvals, keeper, services: others === null ? [keeper] : [keeper, others] }
}

async function notReady(store: Store, policies: Policies): Promise<string | null> {
  return policies.notReady() ?? ((await store.answers()) ? null : 'The database does not answer.')
}

/** Where policies come from: the API server where there is one, else a folder. */
async function policiesOf(
  options: Settled,
  parts: Parts,
): Promise<Policies & Pick<Settled, 'podOf'>> {
  const { source = '.', kubernetes } = options
  const { memory, live } = parts
  const onNews = (commit: string | null) => {
    const { state, problems } = memory
    live.source({ at: options.now(), state: state.state, commit, problems: problems.length })
  }
  if (kubernetes === undefined) {
    const { repository } = options
    const git = repository && (await openGit(repository, { ...options, ...parts }))
    const admission = git && admissionTo(git, { ...parts, now: options.now })
    const from = git && { git, admission }
    const local = localPolicies({ ...options, ...parts, source, onNews, ...from })
    return { ...local, services: [...local.services, ...overrideServices(options, parts, local)] }
  }
  const { runKubernetes } = await import('./kubernetes/run-kubernetes.ts')
  return runKubernetes({ ...options, ...parts, options: kubernetes, onFound: () => onNews(null) })
}

/** A source that takes only what was approved says so itself, in force. */
function admissionTo(
  { url, branch, path, inForce }: GitSource,
  { db, now }: Pick<Parts, 'db'> & Pick<Settled, 'now'>,
) {
  return openAdmission({
    ...{ db, now, source: [url.place, branch, path].join('\n') },
    requireApproved: () => inForce()?.spec.review?.requireApproved === true,
  })
}

/** Where nobody else publishes, overrides end here, and are proposed where their source is. */
function overrideServices(
  options: Settled,
  { overrides, releases, compiler }: Parts,
  policies: Policies,
): readonly Service[] {
  const { dataFolder, secrets = async () => null, log, now } = options
  const keeper = keepOverrides({
    overrides,
    advance: standing => releases.advance(standing),
    onFailure: error => log.warn({ err: error }, 'overrides not looked after'),
  })
  const folder = policies.git?.path
  if (folder === undefined) return [keeper]
  const written = openWritten({
    ...{ policies, compiler, dataFolder, secrets, now, source: undefined },
  })
  const proposer = proposeOverrides({
    overrides,
    propose: (proposed, signal) => proposeOverride({ written, folder }, proposed, signal),
    onFailure: error => log.warn({ err: error }, 'override not proposed'),
  })
  return [keeper, proposer]
}

interface Parts {
  readonly db: Store['db']
  readonly key: SigningKey
  readonly releases: Releases
  readonly overrides: StoredOverrides
  readonly proxies: Proxies
  readonly approvals: StoredApprovals
  readonly memory: SourceMemory
  readonly compiler: Compiler
  readonly live: Live
}

/** A part that is closed when the others stop. */
function closing(close: () => Promise<void>): Service {
  return {
    name: 'closing',
    async run(signal) {
      const { promise, resolve } = Promise.withResolvers<void>()
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
      await close()
    },
  }
}
