import { attemptLimit } from '../api/attempt-limit.ts'
import { reviewRoutes } from '../api/review-routes.ts'
import type { Route } from '../api/route.ts'
import { answerQuestion } from '../chatops/answer-question.ts'
import type { Commands } from '../chatops/commands.ts'
import { openCompiler } from '../compile/compiler.ts'
import type { OpenGithub } from '../github/open-github.ts'
import type { Releases } from '../publish/releases.ts'
import type { Policies } from '../reconcile/local-policies.ts'
import { openReviews, type ReviewingNeeds } from './open-reviews.ts'
import { StoredReviews } from './stored-reviews.ts'

export interface JoinReviewsNeeds extends Pick<ReviewingNeeds, 'db' | 'ledger' | 'now' | 'log'> {
  readonly policies: Pick<Policies, 'git' | 'compileWith'>
  readonly telling: {
    readonly github: Pick<OpenGithub, 'open' | 'events'>
    readonly commands: Commands
  }
  readonly releases: Pick<Releases, 'subscribe' | 'directories'>
}

/** Reviews of the changes of the repository that policies come from, where they come from one. */
export function joinReviews(needs: JoinReviewsNeeds): {
  readonly routes: readonly Route[]
  readonly services: readonly ReturnType<typeof openReviews>[]
} {
  const { policies, telling, releases, now } = needs
  const { git, compileWith } = policies
  const routes = reviewRoutes(new StoredReviews(needs))
  if (git === undefined || compileWith === undefined) return { routes, services: [] }
  const reviewing = openReviews({
    ...needs,
    source: git,
    compiler: openCompiler,
    compileWith,
    forge: (namespace, place) => telling.github.open(namespace, place),
    events: telling.github.events,
    onInForce(listener) {
      const stops = [releases.subscribe(listener), releases.directories.subscribe(listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
  })
  telling.commands.on('change', reviewing.answer)
  telling.commands.on('replay', answerQuestion(reviewing.replay, attemptLimit(now)))
  return { routes, services: [reviewing] }
}
