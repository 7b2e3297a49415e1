import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ControllerFailure } from '../failure.ts'
import type { NamedChange } from './propose-in-folder.ts'

/** Names that are tried for a branch whose own is taken by something else. */
const mostNames = 20

/**
 * Commits a change to a branch of its own in a repository of this machine, on top of what is checked out there. Plumbing
 * alone: neither work tree nor index nor HEAD are touched, and no hook runs. The same change again is the same
 * branch. Null when nothing was committed there yet.
 */
export async function commitLocally(
  gitFolder: string,
  { branch, files, message, author }: NamedChange,
  signal: AbortSignal,
): Promise<{ readonly branch: string; readonly commit: string } | 'nothing' | null> {
  const scratch = await mkdtemp(join(tmpdir(), 'writ-change-'))
  const run = runner({ gitFolder, index: join(scratch, 'index'), author, signal })
  try {
    const base = await run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']).catch(() => null)
    if (base === null) return null
    await run(['read-tree', base])
    await run(['update-index', '-z', '--index-info'], await entries(run, files, base.length))
    const tree = await run(['write-tree'])
    if (tree === (await run(['rev-parse', `${base}^{tree}`]))) return 'nothing'
    return await onBranch(run, { branch, tree, base, message })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

type Run = (args: readonly string[], input?: string) => Promise<string>

/** What the index is to hold, in the words of `update-index --index-info -z`; ids are that long. */
async function entries(run: Run, files: NamedChange['files'], length: number): Promise<string> {
  const lines: string[] = []
  for (const { path, text } of files) {
    const blob = text === null ? null : await run(['hash-object', '-w', '--stdin'], text)
    lines.push(blob === null ? `0 ${'0'.repeat(length)}\t${path}\0` : `100644 ${blob}\t${path}\0`)
  }
  return lines.join('')
}

interface Committed {
  readonly branch: string
  readonly tree: string
  readonly base: string
  readonly message: string
}

async function onBranch(run: Run, { branch, tree, base, message }: Committed) {
  for (let i = 1; i <= mostNames; i += 1) {
    const name = i === 1 ? branch : `${branch}-${i}`
    const ref = `refs/heads/${name}`
    const there = await run(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]).catch(() => '')
    if (there !== '' && (await isSame(run, there, tree, base))) {
      return { branch: name, commit: there }
    }
    if (there !== '') continue
    const commit = await run(['commit-tree', tree, '-p', base], message)
    await run(['update-ref', '--create-reflog', ref, commit, '0'.repeat(commit.length)])
    return { branch: name, commit }
  }
  throw refused(`there are ${mostNames} branches like ${branch} already`)
}

async function isSame(run: Run, commit: string, tree: string, base: string): Promise<boolean> {
  const facts = await run(['rev-parse', `${commit}^{tree}`, `${commit}^@`]).catch(() => '')
  return facts === `${tree}\n${base}`
}

interface Runner {
  readonly gitFolder: string
  readonly index: string
  readonly author: NamedChange['author']
  readonly signal: AbortSignal
}

/** Runs git on the repository with an index of its own, without hooks and without the settings of whoever runs it. */
function runner({ gitFolder, index, author, signal }: Runner): Run {
  const env = {
    PATH: process.env.PATH ?? '',
    GIT_DIR: gitFolder,
    GIT_INDEX_FILE: index,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_NO_LAZY_FETCH: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: 'Writ',
    GIT_COMMITTER_EMAIL: 'noreply@writ.invalid',
  }
  return async (args, input = '') => {
    signal.throwIfAborted()
    const limit = AbortSignal.any([signal, AbortSignal.timeout(30_000)])
    const git = spawn('git', [...settings, ...args], { env, signal: limit, stdio: 'pipe' })
    const ended = new Promise<number | null>((done, fail) => {
      git.once('error', fail).once('close', done)
    })
    git.stdin.on('error', () => undefined).end(input)
    const [code, out, err] = await Promise.all([ended, text(git.stdout), text(git.stderr)]).catch(
      () => {
        signal.throwIfAborted()
        throw refused('git does not answer')
      },
    )
    if (code !== 0) throw refused(`git ${args[0]} says: ${err.trim().slice(0, 200)}`)
    return out.trim()
  }
}

const settings = [
  ...['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'safe.directory=*', '-c', 'commit.gpgSign=false', '-c', 'core.splitIndex=false'],
]

function refused(message: string): ControllerFailure {
  return new ControllerFailure('change_refused', message)
}
