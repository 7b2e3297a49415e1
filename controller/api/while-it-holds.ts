import type { Response } from 'express'

/**
 * Cuts an answer off that is still being read when whoever reads it is somebody no longer: a stream ends with the token
 * that opened it. That nobody can say so just now cuts nobody off.
 */
export function whileItHolds(
  response: Response,
  holds: () => Promise<boolean>,
  everyMs = 10_000,
): void {
  const look = () => {
    holds().then(
      still => {
        if (!still) response.destroy()
      },
      () => undefined,
    )
  }
  const timer = setInterval(look, everyMs)
  timer.unref()
  response.once('close', () => clearInterval(timer))
}
