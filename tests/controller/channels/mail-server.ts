import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import type { Test } from 'tap'

/** A message as it arrived. */
interface Arrived {
  readonly from: string
  readonly to: readonly string[]
  readonly mail: ParsedMail
  readonly raw: string
  /** Whether the connection was encrypted, and as whom the sender logged in. */
  readonly secure: boolean
  readonly user: string | undefined
}

/** A real mail server that keeps what it gets; set `failing` to have it turn messages away. */
export interface MailServer {
  readonly port: number
  readonly arrived: Arrived[]
  failing: boolean
}

interface MailServerOptions {
  readonly key?: string
  readonly cert?: string
  /** TLS from the first byte. */
  readonly secure?: boolean
}

/** Starts one at which `writ` logs in with `geheim:1`. */
export async function mailServer(t: Test, options: MailServerOptions = {}): Promise<MailServer> {
  const arrived: Arrived[] = []
  const { key, cert, secure = false } = options
  const server = new SMTPServer({
    secure,
    ...(key !== undefined && { key }),
    ...(cert !== undefined && { cert }),
    disabledCommands: cert === undefined ? ['STARTTLS'] : [],
    allowInsecureAuth: false,
    authOptional: cert === undefined,
    logger: false,
    onAuth({ username, password }, _, done) {
      if (username === 'writ' && password === 'geheim:1') done(null, { user: username })
      else done(new Error('unknown'))
    },
    async onData(stream, session, done) {
      const raw = await text(stream).catch(() => null)
      // A client that gave up in the middle comes again.
      if (raw === null || self.failing) {
        done(Object.assign(new Error('try again later'), { responseCode: 451 }))
        return
      }
      const { mailFrom, rcptTo } = session.envelope
      arrived.push({
        from: mailFrom ? mailFrom.address : '',
        to: rcptTo.map(({ address }) => address),
        mail: await simpleParser(raw),
        raw,
        secure: session.secure,
        user: session.user,
      })
      done()
    },
  })
  server.on('error', () => undefined)
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => new Promise<void>(done => server.close(() => done())))
  const self: MailServer = {
    port: (listener.address() as AddressInfo).port,
    arrived,
    failing: false,
  }
  return self
}

/** Trusts a certificate for the rest of the process, as an administrator does for a machine. */
export function trust(cert: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), cert])
}
