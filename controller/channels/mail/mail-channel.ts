import { createHash } from 'node:crypto'
import { createTransport, type Transporter } from 'nodemailer'
import { type Channel, isAsked, type KnownChannel, type Notice } from '../channel.ts'
import { ChannelFailure } from '../failure.ts'
import type { Links } from '../links.ts'
import { printable } from '../printable.ts'
import { type Secrets, secretOf } from '../secrets.ts'
import { mailText } from './mail-text.ts'

interface MailNeeds {
  readonly secrets: Secrets
  readonly links: Links
}

/** Sends each recipient a message of their own. A User who may decide gets a link; a plain address gets news. */
export function mailChannel({ secrets, links }: MailNeeds): Channel {
  return {
    async send(notice, signal) {
      const { channel, kind, request, recipient } = notice
      const user = notice.directory.users.find(({ name }) => name === recipient)
      const address = user === undefined ? recipient : user.spec.email
      if (address === undefined) {
        throw new ChannelFailure('not_asked', `${recipient} has no e-mail address any more`)
      }
      const decides = kind !== 'resolved' && user !== undefined
      if (decides && !isAsked(request, recipient)) {
        throw new ChannelFailure('not_asked', `${recipient} may not decide any more`)
      }
      const link = decides ? await links.personal(request, user.name, channel.name) : null
      const messageId = idOf(notice, kind)
      const message = {
        ...mailText(notice, link),
        messageId,
        ...(kind !== 'created' && { inReplyTo: idOf(notice, 'created') }),
      }
      await mailTo({ secrets, channel, address }, message, signal)
      return messageId
    },
  }
}

interface MailTo {
  readonly secrets: Secrets
  readonly channel: KnownChannel
  readonly address: string
}

/** Mails a message through a channel to one address. Rejects with a ChannelFailure. */
export async function mailTo(
  { secrets, channel, address }: MailTo,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  await deliver(await transportOf(channel, secrets), {
    ...message,
    from: channel.spec.from,
    // An object is not parsed: one recipient stays one.
    to: { name: '', address },
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
    signal,
  })
}

/** The same at every try, so that a message sent twice is shown once. */
function idOf({ request, recipient, channel, id }: Notice, kind: Notice['kind']): string {
  const part = kind === 'created' ? `${channel.name} ${recipient}` : id
  const hash = createHash('sha256').update(`${kind} ${part}`).digest('hex').slice(0, 16)
  const [domain = 'writ.invalid'] = /[^@<>\s]+(?=>?\s*$)/.exec(channel.spec.from ?? '') ?? []
  return `<${request.id}.${hash}@${domain}>`
}

const ports = { starttls: 587, tls: 465, none: 25 } as const

async function transportOf({ home, spec }: KnownChannel, secrets: Secrets): Promise<Transporter> {
  const { host, security = 'starttls', port = ports[security], secretRef } = spec
  const login = secretRef && (await secretOf(secrets, home.namespace, secretRef))
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(login !== undefined && { auth: loginOf(login) }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  })
}

/** A user's name holds no colon; a password may. */
function loginOf(text: string): { readonly user: string; readonly pass: string } {
  const colon = text.indexOf(':')
  if (colon > 0) return { user: text.slice(0, colon), pass: text.slice(colon + 1) }
  throw new ChannelFailure('misconfigured', 'the secret of the mail server is not user:password')
}

type Message = Parameters<Transporter['sendMail']>[0]

async function deliver(transport: Transporter, message: Message & { signal: AbortSignal }) {
  try {
    await transport.sendMail(message)
  } catch (error) {
    message.signal.throwIfAborted()
    throw failureOf(error)
  } finally {
    transport.close()
  }
}

/** Replies of the server are shown by their number: their words may repeat what was sent. */
function failureOf(error: unknown): ChannelFailure {
  const { code = '', responseCode } = Object(error)
  if (typeof responseCode === 'number') {
    const what = code === 'EAUTH' ? 'does not accept the login' : 'does not take the message'
    return new ChannelFailure('refused', `the mail server ${what} (${responseCode})`, {
      cause: error,
    })
  }
  return new ChannelFailure(
    'unreachable',
    printable(`the mail server cannot be reached (${String(code).slice(0, 64) || 'no answer'})`),
    { cause: error },
  )
}
