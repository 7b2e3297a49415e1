import { ProxyFailure } from '../../failure.ts'
import type { Withhold } from '../../withhold.ts'
import type { Link, Reply } from './link.ts'

/** The same link, whose errors hold none of the credentials that the server was given. */
export function discreetLink(link: Link, withhold: Withhold): Link {
  return {
    era: link.era,
    introduction: link.introduction,
    get open() {
      return link.open
    },
    request: outgoing =>
      link.request(outgoing).then(
        reply => discreetReply(reply, withhold),
        error => {
          throw discreet(error, withhold)
        },
      ),
    notify: (method, params) => link.notify(method, params),
    close: () => link.close(),
  }
}

/** The same failure in words without credentials; its cause, which may quote them, is then left out. */
export function discreet(error: unknown, withhold: Withhold): unknown {
  if (!(error instanceof ProxyFailure)) return error
  const message = withhold(error.message)
  return message === error.message ? error : new ProxyFailure(error.code, message)
}

function discreetReply(reply: Reply, withhold: Withhold): Reply {
  if (reply.kind !== 'error') return reply
  const text = withhold(reply.text)
  return text === reply.text ? reply : { ...reply, text, value: JSON.parse(text) }
}
