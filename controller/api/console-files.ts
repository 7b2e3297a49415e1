import { existsSync } from 'node:fs'
import { join } from 'node:path'
import compression from 'compression'
import { static as files, type RequestHandler, Router } from 'express'

/** Pages may load scripts, styles and drawings of this server and talk to it; nothing else, and nobody frames them. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

const headers = {
  'content-security-policy': contentPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
} as const

const notBuilt = 'The console was not built: `npm run build:console` builds it.'

/** The console as it was built in the folder: files whose name tells what is in them are kept for ever, others asked for anew. */
export function consoleFiles(folder: string): RequestHandler {
  if (!existsSync(join(folder, 'index.html'))) {
    return Router().get('/', (_request, response) => {
      response.set(headers).status(503).type('text/plain').send(`${notBuilt}\n`)
    })
  }
  return Router()
    .use(compression())
    .use(
      files(folder, {
        cacheControl: false,
        redirect: false,
        setHeaders(response, path) {
          const named = path.startsWith(join(folder, 'assets'))
          response.set(headers)
          response.set('cache-control', named ? 'public, max-age=31536000, immutable' : 'no-cache')
        },
      }),
    )
}
