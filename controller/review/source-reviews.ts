import type { Directory } from '../../schemas/directory.ts'
import type { Answering } from '../chatops/answer-question.ts'
import type { AskedCommand, CommandHandler, Handled } from '../chatops/commands.ts'
import { isSamePlace } from '../chatops/forge-places.ts'
import type { ForgeEvent } from '../forge/forge-event.ts'
import { originOf } from '../github/watched.ts'
import { presetBranch, type SourceInForce } from '../sources/source-in-force.ts'
import { answerChange } from './answer-change.ts'
import { claimChange } from './claim-change.ts'
import { openReviews, type Reviewing, type ReviewingNeeds } from './open-reviews.ts'
import { liveStates } from './review-move.ts'
import { sharedCompiler } from './shared-compiler.ts'
import { StoredReviews } from './stored-reviews.ts'
import { turnNumber } from './turn-number.ts'
import { Turns } from './turns.ts'

/** What differs between the sources of a cluster. */
type OwnNeeds = Required<
  Pick<ReviewingNeeds, 'source' | 'compileWith' | 'sourceId' | 'isSeen' | 'surroundings'>
>

/** Reviews the changes of a source while the service runs. */
export type OpenReviewing = (own: OwnNeeds) => Reviewing

export interface SourceReviewsNeeds extends Omit<ReviewingNeeds, keyof OwnNeeds> {
  readonly directories: { all(): readonly Directory[] }
  readonly systemNamespace: string
  /** Tells the controller that looks at changes, whichever it is. */
  readonly tellAll: (event: Omit<ForgeEvent, 'deliveryId'>) => Promise<void>
}

/** Reviews of the sources of a cluster: one controller looks at changes, and all take answers. */
export interface SourceReviews {
  readonly open: OpenReviewing
  readonly answer: CommandHandler<'change'>
  /** What `/replay` answers, where changes are looked at. */
  readonly replay: Answering<'replay'>
}

/** Finds the source that a comment is about by forge, repository, and the digest that it answers. */
export function sourceReviews(needs: SourceReviewsNeeds): SourceReviews {
  const here = new Map<string, Reviewing>()
  const compiler = sharedCompiler(needs.compiler)
  return {
    open(own) {
      const reviewing = openReviews({ ...needs, compiler, ...own })
      return {
        ...reviewing,
        async run(signal) {
          here.set(own.sourceId, reviewing)
          await reviewing.run(signal).finally(() => {
            if (here.get(own.sourceId) === reviewing) here.delete(own.sourceId)
          })
        },
      }
    },
    async answer(asked, signal) {
      let handled: Handled = { outcome: 'unavailable', reply: null }
      for (const source of await answered(needs, asked, signal)) {
        const reviewing = here.get(idOf(source))
        handled = reviewing?.isAbout(asked)
          ? await reviewing.answer(asked, signal)
          : await answerFromAfar(needs, source, asked, signal)
        if (handled.outcome === 'counted') break
      }
      return handled
    },
    async replay(asked, signal) {
      for (const reviewing of [...here.values()].filter(one => one.isAbout(asked))) {
        const text = await reviewing.replay(asked, signal)
        if (text !== null) return text
      }
      return null
    },
  }
}

/** The namespaces that changes of a source can be about: of what narrows all others, all of them. */
export function seenBy(
  { namespace, spec: { targetNamespace = namespace } }: Pick<SourceInForce, 'namespace' | 'spec'>,
  systemNamespace: string,
): (namespace: string) => boolean {
  const isWide = targetNamespace === systemNamespace
  return name => isWide || name === namespace || name === targetNamespace
}

function idOf({ namespace, name }: Pick<SourceInForce, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}

/** The sources that a comment may answer: those that show its digest, else those that show another, else the first. */
async function answered(
  { db, directories }: SourceReviewsNeeds,
  { origin, repository, forge, thread, command }: AskedCommand<'change'>,
  signal: AbortSignal,
): Promise<readonly SourceInForce[]> {
  const all = directories
    .all()
    .flatMap(({ namespace, sources = [] }) =>
      sources.map(({ name, spec }) => ({ namespace, name, spec })),
    )
  const found = all.filter(({ spec: { forge: place } }) => {
    if (place === undefined) return false
    const { repository: named } = place
    return isSamePlace({ origin, repository }, { origin: originOf(place), repository: named })
  })
  if (found.length < 2) return found
  const { id } = await forge.repository(signal)
  const rows = await db
    .selectFrom('reviews')
    .select(['source', 'digest', 'state'])
    .where('repository_id', '=', id)
    .where('change_number', '=', thread.number)
    .orderBy('id', 'desc')
    .execute()
  const shown = rows.filter(({ digest }) => digest.startsWith(`sha256:${command.digest}`))
  const live = rows.filter(({ state }) => liveStates.some(known => known === state))
  const of = (known: typeof rows) =>
    found.filter(source => known.some(({ source: id }) => id === idOf(source)))
  return [of(shown), of(live), found.slice(0, 1)].find(sources => sources.length > 0) ?? []
}

/** Another controller looks at the change: what counts is in the store, and it is told. */
async function answerFromAfar(
  { db, now, systemNamespace, tellAll }: SourceReviewsNeeds,
  { namespace, name, spec }: SourceInForce,
  asked: AskedCommand<'change'>,
  signal: AbortSignal,
): Promise<Handled> {
  const { branch = presetBranch } = spec
  const id = idOf({ namespace, name })
  const isSeen = seenBy({ namespace, spec }, systemNamespace)
  const reviews = new StoredReviews({ db, now, sourceId: id, isSeen })
  const source = { id, namespace, name, branch }
  const { number } = asked.thread
  const handled = await new Turns(claimChange(db)).alone(
    turnNumber(number, id),
    () => answerChange({ reviews, source }, asked, signal),
    signal,
  )
  if (handled.outcome === 'counted') {
    await tellAll({ kind: 'change', repository: asked.repository, number })
  }
  return handled
}
