import type { Octokit } from '@octokit/rest'
import type { Forge, ForgeAccount } from '../forge/forge.ts'
import { changeNumber, changeThatMade, openChangesFor, proposedChange } from './changes.ts'
import { commentsAfter, freshComment, writeComment } from './comments.ts'
import { contributorsOf } from './contributors.ts'
import { type GithubClient, type GithubClientNeeds, githubClient } from './github-client.ts'
import { type GithubPlace, repositoryAt } from './github-place.ts'
import { accountOf, threadOf } from './github-values.ts'
import { reportCheck } from './report-check.ts'
import { reportStatus } from './report-status.ts'
import { sayMarked } from './say-marked.ts'

export interface GithubForgeNeeds extends GithubClientNeeds {
  /** owner/name. */
  readonly repository: string
}

/** A repository at GitHub, or at a GitHub Enterprise Server. Nothing is asked before it is used. */
export function githubForge(needs: GithubForgeNeeds): Forge {
  const [owner = '', repo = ''] = needs.repository.split('/')
  const place = { owner, repo }
  const client = githubClient(needs)
  return { ...looking(client, place), ...speaking(client, place) }
}

type Speaking = Pick<Forge, 'report' | 'say' | 'reply' | 'openChange'>

function looking({ ask }: GithubClient, place: GithubPlace): Omit<Forge, keyof Speaking> {
  return {
    repository: signal => ask(octokit => repositoryAt(octokit, place), signal),
    self: signal => ask(selfOf, signal),
    openChanges: (branch, signal) => ask(octokit => openChangesFor(octokit, place, branch), signal),
    change: (number, signal) => ask(octokit => changeNumber(octokit, place, number), signal),
    thread: (number, signal) => ask(octokit => threadNumber(octokit, place, number), signal),
    contributors: (number, signal) =>
      ask(octokit => contributorsOf(octokit, place, number), signal),
    changeOf: (commit, signal) => ask(octokit => changeThatMade(octokit, place, commit), signal),
    comment: (id, signal) => ask(octokit => freshComment(octokit, place, id), signal),
    commentsSince: (time, signal) => ask(octokit => commentsAfter(octokit, place, time), signal),
  }
}

function speaking({ ask, askOnce }: GithubClient, place: GithubPlace): Speaking {
  return {
    report: (report, signal) =>
      ask(async (octokit, isApp) => {
        if (isApp) await reportCheck(octokit, place, report)
        await reportStatus(octokit, place, report)
      }, signal),
    say: (thread, saying, signal) =>
      ask(async (octokit, isApp) => {
        const author = (await selfOf(octokit, isApp)).id
        return sayMarked(octokit, place, { thread, author, ...saying })
      }, signal),
    reply: (thread, body, signal) =>
      askOnce(octokit => writeComment(octokit, place, thread, body), signal),
    openChange: (proposed, signal) =>
      ask(octokit => proposedChange(octokit, place, proposed), signal),
  }
}

/** An app writes as the account that is called after it. */
async function selfOf({ rest }: Octokit, isApp: boolean): Promise<ForgeAccount> {
  if (!isApp) return accountOf((await rest.users.getAuthenticated()).data)
  const { data: app } = await rest.apps.getAuthenticated()
  const { data } = await rest.users.getByUsername({ username: `${app?.slug ?? ''}[bot]` })
  return accountOf(data)
}

async function threadNumber({ rest }: Octokit, place: GithubPlace, number: number) {
  return threadOf((await rest.issues.get({ ...place, issue_number: number })).data)
}
