import { attemptLimit } from '../api/attempt-limit.ts'
import { reviewRoutes } from '../api/review-routes.ts'
import type { Route } from '../api/route.ts'
import { answerQuestion } from '../chatops/answer-question.ts'
import type { Commands } from '../chatops/commands.ts'
import { openCompiler } from '../compile/compiler.ts'
import type { OpenGithub } from '../github/open-github.ts'
import type { Releases } from '../publish/releases.ts'
import type { Policies } from '../reconcile/local-policies.ts'
import type { ClusterSources } from '../sources/cluster-sources.ts'
import { openReviews, type ReviewingNeeds } from './open-reviews.ts'
import { sourceReviews } from './source-reviews.ts'
import { StoredReviews } from './stored-reviews.ts'

export interface JoinReviewsNeeds extends Pick<ReviewingNeeds, 'db' | 'ledger' | 'now' | 'log'> {
  readonly policies: Pick<Policies, 'git' | 'compileWith' | 'sources'>
  readonly telling: {
    readonly github: Pick<OpenGithub, 'open' | 'events' | 'tellAll'>
    readonly commands: Commands
  }
  readonly releases: Pick<Releases, 'subscribe' | 'directories'>
}

/** Reviews of the changes of the repositories that policies come from, where they come from any. */
export function joinReviews(needs: JoinReviewsNeeds): {
  readonly routes: readonly Route[]
  readonly services: readonly ReturnType<typeof openReviews>[]
} {
  const { policies, telling, now } = needs
  const { git, compileWith, sources } = policies
  const routes = reviewRoutes(new StoredReviews(needs))
  if (sources !== undefined) reviewSources(needs, sources)
  if (git === undefined || compileWith === undefined) return { routes, services: [] }
  const reviewing = openReviews({ ...everywhere(needs), source: git, compileWith })
  telling.commands.on('change', reviewing.answer)
  telling.commands.on('replay', answerQuestion(reviewing.replay, attemptLimit(now)))
  return { routes, services: [reviewing] }
}

/** What reviews of whatever source need. */
function everywhere(needs: JoinReviewsNeeds) {
  const { telling, releases } = needs
  return {
    ...needs,
    compiler: openCompiler,
    forge: telling.github.open,
    events: telling.github.events,
    onInForce(listener: () => void) {
      const stops = [releases.subscribe(listener), releases.directories.subscribe(listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}

/** Repositories of a cluster are looked into by the controller that leads, and comments reach any. */
function reviewSources(needs: JoinReviewsNeeds, sources: ClusterSources): void {
  const { telling, releases, now } = needs
  const { systemNamespace } = sources
  const { github, commands } = telling
  const reviews = sourceReviews({
    ...everywhere(needs),
    ...{ systemNamespace, directories: releases.directories, tellAll: github.tellAll },
  })
  sources.reviewBy(reviews.open)
  github.events.subscribe(event => sources.hear(event))
  commands.on('change', reviews.answer)
  commands.on('replay', answerQuestion(reviews.replay, attemptLimit(now)), () => sources.isLeader())
}
