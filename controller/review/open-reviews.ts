import { isDeepStrictEqual } from 'node:util'
import canonicalize from 'canonicalize'
import type { Kysely } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { milliseconds } from '../../policy/compile/milliseconds.ts'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Answering } from '../chatops/answer-question.ts'
import type { AskedCommand, CommandHandler } from '../chatops/commands.ts'
import { isSamePlace } from '../chatops/forge-places.ts'
import type { Answer, Compiler } from '../compile/compiler.ts'
import { type CoveredChange, changeCoverage } from '../coverage/change-coverage.ts'
import type { Forge } from '../forge/forge.ts'
import type { ForgeEvent, ForgeEvents } from '../forge/forge-event.ts'
import { originOf } from '../github/watched.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { replayChange } from '../replay/replay-change.ts'
import type { GitSource } from '../sources/git-source.ts'
import type { SourceInForce } from '../sources/source-in-force.ts'
import type { Database } from '../store/database.ts'
import { answerChange } from './answer-change.ts'
import { claimChange } from './claim-change.ts'
import { replayLines } from './comment/replay-lines.ts'
import { digestOf, type Standing } from './content-digest.ts'
import { type Found, notShown } from './find-change.ts'
import { type KeepingReviews, keepReviews } from './keep-reviews.ts'
import { type LookNeeds, lookAtChange } from './look-at-change.ts'
import { noteArrival, settleChange } from './settle-change.ts'
import { StoredReviews } from './stored-reviews.ts'
import { turnNumber } from './turn-number.ts'
import { Turns } from './turns.ts'

export interface ReviewingNeeds {
  readonly db: Kysely<Database>
  readonly source: Pick<GitSource, 'repository' | 'branch' | 'path' | 'inForce'>
  /** Opens a compiler of its own: who proposes much holds up nobody but other changes. */
  readonly compiler: () => Compiler
  /** What files of the source would bring into force, everywhere. */
  readonly compileWith: (
    compiler: Compiler,
    files: readonly SourceFile[],
    signal: AbortSignal,
    inForce: Standing,
  ) => Promise<Answer>
  /** namespace/name of the PolicySource where it is one of several; whichever is in force when omitted. */
  readonly sourceId?: string
  /** The namespaces that its changes can be about; all when omitted. */
  readonly isSeen?: (namespace: string) => boolean
  /** Names what a candidate depends on besides its files and what is in force. */
  readonly surroundings?: () => string
  readonly forge: (namespace: string, place: NonNullable<SourceInForce['spec']['forge']>) => Forge
  readonly events: Pick<ForgeEvents, 'subscribe'>
  /** Calls the listener when something else is in force; returns how to stop. */
  readonly onInForce: (listener: () => void) => () => void
  readonly ledger: Pick<Ledger, 'list'>
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** Reviews of the changes of a source, while a forge is in force for it. */
export interface Reviewing extends Service {
  /** Whether a command is given in the repository whose changes are reviewed now. */
  isAbout(asked: Pick<AskedCommand, 'origin' | 'repository'>): boolean
  readonly reviews: StoredReviews
  /** What comments that answer changes are handled by. */
  readonly answer: CommandHandler<'change'>
  /** What `/replay` answers. */
  readonly replay: Answering<'replay'>
}

/** Looks after the changes of one source, at the forge that the PolicySource in force names; at none when it names none. */
export function openReviews(needs: ReviewingNeeds): Reviewing {
  const reviews = new StoredReviews(needs)
  const turns = new Turns(claimChange(needs.db))
  let bench: AtForge | null = null
  // Another forge, which anybody may have named, may have a repository of the same name.
  const here = (asked: Pick<AskedCommand, 'origin' | 'repository'>) =>
    bench && isSamePlace(asked, { ...bench.place, origin: originOf(bench.place) }) ? bench : null
  return {
    name: 'reviews',
    reviews,
    isAbout: asked => here(asked) !== null,
    async answer(asked, signal) {
      const found = here(asked)
      if (found === null) return { outcome: 'unavailable', reply: null }
      const { number } = asked.thread
      const handled = await turns.alone(
        turnNumber(number, needs.sourceId),
        () => answerChange({ reviews, source: found.source }, asked, signal),
        signal,
      )
      if (handled.outcome === 'counted') found.keeping.changed(number)
      return handled
    },
    replay: (asked, signal) => replayText(needs, here(asked), asked, signal),
    async run(signal) {
      while (!signal.aborted) {
        const inForce = needs.source.inForce()
        const ended = new AbortController()
        const stop = needs.onInForce(() => {
          if (isDeepStrictEqual(needs.source.inForce(), inForce)) bench?.keeping.allChanged()
          else ended.abort()
        })
        const until = AbortSignal.any([signal, ended.signal])
        const compiler = inForce?.spec.forge === undefined ? null : needs.compiler()
        bench = compiler && atForge(needs, { reviews, turns, inForce, compiler })
        await (bench === null ? forever(until) : run(bench, needs.events, until)).finally(stop)
        bench = null
        await compiler?.close()
      }
    },
  }
}

/** Answers to people whom the source knows, about changes of those whom it knows. */
async function replayText(
  needs: ReviewingNeeds,
  found: AtForge | null,
  { thread, people, command }: AskedCommand<'replay'>,
  signal: AbortSignal,
): Promise<string | null> {
  const known = found?.memory.get(thread.number)
  if (found === null || !people.has(found.source.namespace)) return null
  if (known?.assessment.kind !== 'planned' || known.replay === notShown) return null
  const before = await found.standing()
  const { candidate: after } = known.assessment
  const replay = await replayed(needs, { before, after }, command.days, signal)
  return replayLines(replay, 20).join('\n')
}

/** The work at one forge. */
interface AtForge {
  readonly place: NonNullable<SourceInForce['spec']['forge']>
  readonly source: LookNeeds['source']
  readonly keeping: KeepingReviews
  readonly memory: Map<number, Found>
  /** What is in force everywhere. */
  readonly standing: () => Promise<Standing>
}

interface Shared {
  readonly reviews: StoredReviews
  readonly turns: Turns<number>
  readonly inForce: SourceInForce | null
  readonly compiler: Compiler
}

const presetReplay = '30d'
const presetInterval = '1m'

function atForge(
  needs: ReviewingNeeds,
  { reviews, turns, inForce, compiler }: Shared,
): AtForge | null {
  const place = inForce?.spec.forge
  if (inForce === null || place === undefined) return null
  const { namespace, name, spec } = inForce
  const { repository: git, branch, path } = needs.source
  const isOneOfSeveral = needs.sourceId !== undefined
  const source = { id: `${namespace}/${name}`, namespace, name, branch, isOneOfSeveral }
  const forge = needs.forge(namespace, place)
  const days = milliseconds(spec.review?.replay ?? presetReplay) / dayMs
  const memory = new Map<number, Found>()
  const looking: LookNeeds = {
    ...{ source, git, forge, reviews, path, memory, tries: new Map() },
    compile: (files, signal, inForce) => needs.compileWith(compiler, files, signal, inForce),
    plan: compiler.plan,
    replay: async (after, signal) =>
      days === 0
        ? 'The PolicySource in force asks for no replay.'
        : replayed(needs, { before: await reviews.standing(), after }, days, signal),
    coverage: async (after, replay) =>
      days === 0 ? null : covered(needs, { before: await reviews.standing(), after, replay }),
  }
  const keeping = keepReviews({
    forge,
    branch,
    liveChanges: () => reviews.liveChanges(source.id),
    everyMs: milliseconds(spec.interval ?? presetInterval),
    onFailure: error => needs.log.warn({ err: error }, 'changes not reviewed'),
    look: (change, signal) =>
      turns.alone(
        turnNumber(change.number, needs.sourceId),
        async () => {
          if (change.state === 'open' && change.baseBranch === branch) {
            return lookAtChange(looking, change, signal)
          }
          memory.delete(change.number)
          looking.tries.delete(change.number)
          await settleChange(looking, change, signal)
          return true
        },
        signal,
      ),
    moment: momentOf(needs, looking),
  })
  return { place, source, keeping, memory, standing: () => reviews.standing() }
}

/** Notes what brought the commit that is in force, and names all that the changes of a source depend on. */
function momentOf(needs: ReviewingNeeds, looking: LookNeeds) {
  const { git, reviews, memory } = looking
  let surroundings = ''
  return async (signal: AbortSignal): Promise<string> => {
    const tip = await git.fetch(signal)
    const commit = await needs.source.repository.kept()
    if (commit !== null) {
      await noteArrival(looking, commit, signal).catch(error => {
        signal.throwIfAborted()
        needs.log.warn({ err: error, commit }, 'origin of a commit not found')
      })
    }
    const { digest } = await reviews.standing()
    const around = needs.surroundings?.() ?? ''
    if (around !== surroundings) memory.clear()
    surroundings = around
    return digestOf(['problem' in tip ? tip.problem.code : tip.commit, digest, around])
  }
}

const dayMs = 86_400_000

function replayed(
  needs: ReviewingNeeds,
  { before, after }: { readonly before: Standing; readonly after: Standing },
  days: number,
  signal: AbortSignal,
) {
  return replayChange(
    needs,
    { before: policiesOf(before), after: policiesOf(after), span: days * dayMs },
    signal,
  )
}

/** Days of calls that a change is held against. */
const coverageDays = 90

/** A change is reviewed also where calls cannot be counted in time. */
async function covered(needs: ReviewingNeeds, change: Omit<CoveredChange, 'days'>) {
  return changeCoverage(needs, { ...change, days: coverageDays }).catch(error => {
    needs.log.warn({ err: error }, 'coverage of a change not found')
    return null
  })
}

function policiesOf({ tables, directories }: Standing) {
  return {
    tables: new Map([...tables].map(([name, table]) => [name, canonicalize(table) ?? ''])),
    directories,
  }
}

/** Events of the repository wake those who look. */
async function run(
  { keeping, place }: AtForge,
  events: Pick<ForgeEvents, 'subscribe'>,
  signal: AbortSignal,
): Promise<void> {
  const stop = events.subscribe(({ kind, repository, number }: ForgeEvent) => {
    if (repository.toLowerCase() !== place.repository.toLowerCase()) return
    if (kind === 'change' && number !== undefined) keeping.changed(number)
    if (kind === 'push') keeping.allChanged()
  })
  await keeping.run(signal).finally(stop)
}

async function forever(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await wait(dayMs, signal)
}
