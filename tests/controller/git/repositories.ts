import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'

const exec = promisify(execFile)

/** What a commit changes: text or bytes of a file, a link, or null for a file that goes. */
export type Files = Readonly<Record<string, string | Buffer | { readonly linkTo: string } | null>>

/** How a commit is made; by Ana, on `main`, unsigned, when nothing is said. */
interface CommitOptions {
  readonly branch?: string
  readonly message?: string
  readonly author?: string
  /** Arguments of `git commit`, such as -S. */
  readonly args?: readonly string[]
  /** Settings of git, such as those that say how to sign. */
  readonly config?: Readonly<Record<string, string>>
}

/** A bare repository, as a forge has it, with a work tree that pushes to it. */
export interface TestRepository {
  /** Folder of the bare repository. */
  readonly folder: string
  /** The same as file:// URL. */
  readonly url: string
  /** Folder of the work tree. */
  readonly workTree: string
  /** Commits the files on a branch, pushes it (also when that rewrites it), and gives the commit. */
  commit(files: Files, options?: CommitOptions): Promise<string>
  /** Runs git in the work tree and gives what it wrote. */
  git(...args: string[]): Promise<string>
}

/** Makes an empty repository with the branch `main` in a folder that goes with the test. */
export async function testRepository(t: Test): Promise<TestRepository> {
  const root = await testFolder(t)
  const folder = join(root, 'policies.git')
  const workTree = join(root, 'work')
  await runGit(root, ['init', '--quiet', '--bare', '--initial-branch=main', folder])
  await runGit(root, ['init', '--quiet', '--initial-branch=main', workTree])
  const git = (...args: string[]) => runGit(workTree, args)
  await git('remote', 'add', 'origin', folder)
  return {
    folder,
    url: `file://${folder}`,
    workTree,
    git,
    async commit(files, options = {}) {
      const {
        branch = 'main',
        message = 'Change policies',
        author,
        args = [],
        config = {},
      } = options
      const now = (await git('symbolic-ref', '--short', 'HEAD')).trim()
      if (now !== branch) {
        const isKnown = await git('rev-parse', '--verify', branch).then(
          () => true,
          () => false,
        )
        await git('checkout', '--quiet', ...(isKnown ? [] : ['-b']), branch)
      }
      for (const [path, content] of Object.entries(files)) await put(join(workTree, path), content)
      await git('add', '--all')
      const settings = Object.entries(config).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      const by = author === undefined ? [] : [`--author=${author}`]
      await git(...settings, 'commit', '--quiet', '--allow-empty', '-m', message, ...by, ...args)
      await git('push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`)
      return (await git('rev-parse', 'HEAD')).trim()
    },
  }
}

/** A folder that goes with the test. */
export async function testFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'writ-git-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Runs git with no configuration but its own, as Ana, and gives what it wrote. */
export async function runGit(
  folder: string,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<string> {
  const running = exec('git', ['-C', folder, ...args], {
    env: { ...gitEnvironment, PATH: process.env.PATH ?? '' },
    maxBuffer: 64 * 1024 * 1024,
  })
  // Git may be done before it has read everything.
  running.child.stdin?.on('error', () => undefined).end(input)
  return (await running).stdout
}

/** The environment of git in tests: nobody's configuration, and always Ana. */
const gitEnvironment = {
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ana',
  GIT_AUTHOR_EMAIL: 'ana@example.com',
  GIT_COMMITTER_NAME: 'Ana',
  GIT_COMMITTER_EMAIL: 'ana@example.com',
}

async function put(path: string, content: Files[string]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await rm(path, { force: true })
  if (typeof content === 'string' || Buffer.isBuffer(content)) await writeFile(path, content)
  else if (content) await symlink(content.linkTo, path)
}

/** A sound policy that allows a tool. */
export function policyText(tool: string, name = 'tools'): string {
  return [
    'apiVersion: writ.dev/v1alpha1',
    'kind: AccessPolicy',
    `metadata: { name: ${name} }`,
    'spec:',
    '  tools:',
    `    - { name: ${tool}, rules: [{ action: allow }] }`,
    '',
  ].join('\n')
}
