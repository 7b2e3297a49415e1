import type { Directory } from '../../schemas/directory.ts'
import type { AttemptLimit } from '../api/attempt-limit.ts'
import { printable } from '../channels/printable.ts'
import type { Forge, ForgeComment } from '../forge/forge.ts'
import { type Admission, admitComment } from './admit-comment.ts'
import { bodyHash, type ChatCommands, type CommentPlace } from './chat-commands.ts'
import { commandText } from './command.ts'
import { type CommandOutcome, outcomeText } from './command-outcome.ts'
import type { CommandHandlers, Handled } from './commands.ts'

export interface HandleNeeds {
  readonly commands: ChatCommands
  readonly handlers: CommandHandlers
  readonly directories: () => readonly Directory[]
  /** How often the same account is answered. */
  readonly replies: AttemptLimit
  readonly log: { warn(fields: object, message: string): void }
}

/**
 * Does what a comment asks for, once, and writes down what became of it; at most one reply follows. What it
 * returns is for the log: null for talk and for what was looked at before. Rejects when that could not be
 * found out, and may be called again then.
 */
export async function handleComment(
  needs: HandleNeeds,
  forge: Forge,
  place: CommentPlace,
  signal: AbortSignal,
): Promise<CommandOutcome | null> {
  const { commands, directories } = needs
  if (await commands.knows(place)) return null
  const { origin, commentId } = place
  const admission = await admitComment({ forge, origin, directories }, commentId, signal)
  if (admission.kind === 'talk') return null
  if (admission.kind === 'refused') {
    const { outcome, comment, command, tell } = admission
    const text = command && commandText(command)
    const first = await commands.take({ place, comment, command: text, headSha: null }, outcome)
    if (!first) return null
    if (tell && comment) await reply(needs, forge, { comment, text: outcomeText(outcome) }, signal)
    return outcome
  }
  return carryOut(needs, forge, { place, admission }, signal)
}

interface Admitted {
  readonly place: CommentPlace
  readonly admission: Extract<Admission, { kind: 'admitted' }>
}

async function carryOut(
  needs: HandleNeeds,
  forge: Forge,
  { place, admission }: Admitted,
  signal: AbortSignal,
): Promise<CommandOutcome | null> {
  const { commands, handlers } = needs
  const { comment, command, headSha } = admission
  if (handlers.leaves(command.kind)) return null
  const attempt = { place, comment, command: commandText(command), headSha }
  if (!(await commands.take(attempt, null))) return null
  const handled = await handledOf(needs, forge, { place, admission }, signal)
  await commands.settle(place, handled.outcome)
  const text = replyText(handled)
  if (text !== '') await reply(needs, forge, { comment, text }, signal)
  return handled.outcome
}

/** What failed is given back, to be tried again. */
async function handledOf(
  { commands, handlers }: HandleNeeds,
  forge: Forge,
  { place, admission }: Admitted,
  signal: AbortSignal,
): Promise<Handled> {
  const { origin, repository, deliveryId } = place
  const hash = bodyHash(admission.comment.body)
  const asked = { ...admission, origin, repository, forge, bodyHash: hash, deliveryId }
  try {
    return await handlers.handle(asked, signal)
  } catch (error) {
    await commands.release(place).catch(() => undefined)
    throw error
  }
}

function replyText({ outcome, reply }: Handled): string {
  if (reply !== null || outcome === 'counted' || outcome === 'answered') return reply ?? ''
  return outcomeText(outcome)
}

/** Whoever writes too often is answered no more for a while. */
async function reply(
  { replies, log }: HandleNeeds,
  forge: Forge,
  { comment, text }: { readonly comment: ForgeComment; readonly text: string },
  signal: AbortSignal,
): Promise<void> {
  if (replies.take(String(comment.author.id)) > 0) return
  const body = `In answer to ${printable(comment.url)}:\n\n${text}`
  await forge.reply(comment.thread, body, signal).catch(error => {
    signal.throwIfAborted()
    log.warn({ err: error, comment: comment.id }, 'comment not answered')
  })
}
