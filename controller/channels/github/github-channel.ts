import { bodyHash } from '../../chatops/chat-commands.ts'
import { channelPlace } from '../../chatops/forge-places.ts'
import type { OpenForge } from '../../chatops/forges.ts'
import { ForgeFailure, type ForgeFailureCode } from '../../forge/failure.ts'
import type { Forge } from '../../forge/forge.ts'
import type { Channel, KnownChannel, Notice } from '../channel.ts'
import { ChannelFailure, type ChannelFailureCode } from '../failure.ts'
import { fenced } from '../fenced.ts'
import { factLines, type News } from '../news/news.ts'
import { postedText } from './posted-question.ts'
import { questionComment, questionMarker, reminderComment } from './question-comment.ts'

export interface GithubNeeds {
  readonly forge: OpenForge
}

/**
 * Asks in a thread on GitHub: one comment with the question, edited when it is decided; reminders are
 * comments of their own, for nobody hears of an edit.
 */
export function githubChannel(needs: GithubNeeds): Channel {
  return {
    send: (notice, signal) =>
      inThread(needs, notice.channel, (forge, thread) => tell(forge, thread, notice, signal)),
  }
}

/** Writes news into the thread of a channel. Rejects with a ChannelFailure, or when the signal aborts. */
export async function githubNews(
  needs: GithubNeeds,
  channel: KnownChannel,
  news: News,
  signal: AbortSignal,
): Promise<void> {
  const text = fenced([news.title, '', ...factLines(news)].join('\n'))
  const saying = {
    marker: `writ:news:${news.id.toLowerCase().replace(/[^a-z0-9]/g, '-')}`,
    body: text,
  }
  await inThread(needs, channel, (forge, { thread }) => forge.say(thread, saying, signal))
}

interface Place {
  readonly origin: string
  readonly thread: number
}

async function inThread<T>(
  { forge }: GithubNeeds,
  channel: KnownChannel,
  work: (forge: Forge, place: Place) => Promise<T>,
): Promise<T> {
  const place = channelPlace(channel)
  const { thread } = channel.spec
  if (place === null || thread === undefined) {
    throw new ChannelFailure('misconfigured', 'the channel lacks a repository, a thread or a token')
  }
  try {
    return await work(forge(place), { origin: place.origin, thread })
  } catch (error) {
    if (!(error instanceof ForgeFailure)) throw error
    throw new ChannelFailure(codes[error.code], `GitHub: ${error.message}`, { cause: error })
  }
}

async function tell(
  forge: Forge,
  { origin, thread }: Place,
  { kind, request }: Notice,
  signal: AbortSignal,
): Promise<string> {
  if (kind === 'reminder' || kind === 'escalation') {
    const said = await forge.reply(thread, reminderComment(request, kind), signal)
    return said.url
  }
  const saying = { marker: questionMarker(request), body: questionComment(request) }
  const said = await forge.say(thread, saying, signal)
  const { id: commentId, repositoryId } = said
  return postedText({ origin, repositoryId, thread, commentId, bodyHash: bodyHash(said.body) })
}

const codes: Readonly<Record<ForgeFailureCode, ChannelFailureCode>> = {
  misconfigured: 'misconfigured',
  unauthorized: 'misconfigured',
  forbidden: 'misconfigured',
  moved: 'misconfigured',
  not_found: 'misconfigured',
  refused: 'refused',
  rate_limited: 'unreachable',
  unavailable: 'unreachable',
  unreachable: 'unreachable',
  timed_out: 'unreachable',
  malformed: 'refused',
}
