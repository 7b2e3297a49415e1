import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A private folder with the only configuration that git reads here, and what bounds it. */
export interface GitHome {
  readonly folder: string
  /** Path of the configuration. */
  readonly config: string
  /** Path of the shell script that runs git within bounds. */
  readonly bounded: string
}

/** Most bytes of a pack that is fetched, and of any file that git writes. */
export const mostBytesOfPack = 64 * 1024 * 1024

/** Makes the folder, with mode 0700, and writes what belongs in it. `trusted` are folders of other users that may be fetched from. */
export async function openGitHome(
  folder: string,
  trusted: readonly string[] = [],
): Promise<GitHome> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // A process that was killed could not remove what it had written for one call, such as a key.
  const left = (await readdir(folder)).filter(name => /^(ssh|index)-/.test(name))
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
  const home = { folder, config: join(folder, 'gitconfig'), bounded: join(folder, 'bounded-git') }
  await writeFile(home.config, configuration(trusted), { mode: 0o600 })
  await writeFile(home.bounded, script, { mode: 0o600 })
  return home
}

/**
 * Limits of the kernel, inherited by everything that git starts: a pack that unpacks into more than it
 * weighs, or a server that never ends, meets them whatever git itself would do. Blocks of 512 bytes, kilobytes, seconds.
 */
const script = `ulimit -c 0 2>/dev/null
ulimit -f ${mostBytesOfPack / 512} 2>/dev/null
ulimit -v ${768 * 1024} 2>/dev/null
ulimit -t 60 2>/dev/null
exec git "$@"
`

function configuration(trusted: readonly string[]): string {
  return `${settings}${trusted.map(path => `[safe]\n\tdirectory = ${quoted(path)}\n`).join('')}`
}

/** A value of a configuration file; whoever calls has refused control characters. */
function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

const settings = `[core]
	hooksPath = /dev/null
	fsmonitor = false
	untrackedCache = false
	attributesFile = /dev/null
	excludesFile = /dev/null
	bigFileThreshold = 1m
	packedGitLimit = 256m
	deltaBaseCacheLimit = 32m
[init]
	templateDir = ""
	defaultBranch = main
[credential]
	helper = ""
[protocol]
	allow = never
	version = 2
[transfer]
	fsckObjects = true
	bundleURI = false
	credentialsInUrl = die
[fetch]
	recurseSubmodules = false
	unpackLimit = 1
	writeCommitGraph = false
[submodule]
	recurse = false
[push]
	recurseSubmodules = no
	gpgSign = false
[commit]
	gpgSign = false
[gc]
	auto = 0
[maintenance]
	auto = false
[http]
	followRedirects = false
	lowSpeedLimit = 100
	lowSpeedTime = 20
	sslVerify = true
[pack]
	threads = 1
	windowMemory = 64m
[index]
	threads = 1
[uploadpack]
	allowFilter = true
[log]
	showSignature = false
	mailmap = false
[gpg "x509"]
	program = /bin/false
`
