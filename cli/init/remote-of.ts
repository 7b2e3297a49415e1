import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Where a repository is. */
export interface Remote {
  /** As git clones it, without credentials. */
  readonly url: string
  /** owner/name, where it is at GitHub. */
  readonly repository: string | null
}

/** The repository of that name at GitHub. */
export function atGithub(repository: string): Remote {
  return { url: `https://github.com/${repository}.git`, repository }
}

/** The remote `origin` of the work tree around a folder, or null when there is none. */
export async function remoteOf(folder: string): Promise<Remote | null> {
  const args = ['-C', folder, 'remote', 'get-url', 'origin']
  const answer = await exec('git', args, { timeout: 5000 }).catch(() => null)
  const url = answer?.stdout.trim() ?? ''
  const name =
    /^(?:https:\/\/(?:[^/@]*@)?|ssh:\/\/git@|git@)github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/
  const [, repository] = name.exec(url) ?? []
  if (repository !== undefined) return atGithub(repository)
  return /^https:\/\/[^\s@]+$/.test(url) ? { url, repository: null } : null
}
