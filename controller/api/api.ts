import express, { type Express } from 'express'
import { consoleFiles } from './console-files.ts'
import { type AdmitNeeds, admit, admitted, requireHost } from './guard.ts'
import { answerProblem, onError } from './problem-answer.ts'
import type { Route } from './route.ts'

export interface ApiOptions extends AdmitNeeds {
  readonly routes: readonly Route[]
  /** Host names, without port, that requests may name. */
  readonly allowedHosts: ReadonlySet<string>
  /** Folder of the console as it was built; it is not served when omitted. */
  readonly consoleFolder?: string | undefined
  readonly log: { error(fields: object, message: string): void }
}

/** The HTTP API: every route behind the check of the role it names, everything else 404. */
export function api({ routes, allowedHosts, consoleFolder, log, ...needs }: ApiOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(requireHost(allowedHosts))
  if (consoleFolder !== undefined) app.use(consoleFiles(consoleFolder))
  app.use((_request, response, next) => {
    response.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    next()
  })
  for (const route of routes) {
    const read =
      route.body === undefined
        ? []
        : [express.raw({ type: route.body.type, limit: route.body.mostBytes, inflate: false })]
    app[route.method](route.path, admit(route, needs), ...read, (request, response) =>
      route.handle(request, response, admitted(response)),
    )
  }
  app.use((_request, response) => answerProblem(response, 404, 'There is nothing at this address.'))
  app.use(onError(log))
  return app
}
