import { spawn } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { lockFile } from './lock-file.ts'
import { builtFolder, findProgram, type Program, programs, releaseOf } from './programs.ts'

// Builds what the cluster suite runs, unless it is there: node tests/cluster/assets/build.ts
// The caches of Go take some gigabytes while it builds; they are its own, and gone afterwards.

/** So that each program says its own release. */
function versionFlags(): string {
  const kubernetes = releaseOf('k8s.io/kubernetes')
  const [major, minor] = kubernetes.slice(1).split('.')
  const told = {
    'k8s.io/component-base/version.gitVersion': kubernetes,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    'helm.sh/helm/v4/internal/version.version': releaseOf('helm.sh/helm/v4'),
  }
  return Object.entries(told)
    .map(([name, value]) => `-X ${name}=${value}`)
    .join(' ')
}

async function go(args: readonly string[], work: string): Promise<void> {
  const env = {
    ...process.env,
    GOCACHE: process.env.GOCACHE ?? join(work, 'cache'),
    GOMODCACHE: process.env.GOMODCACHE ?? join(work, 'modules'),
    GOTMPDIR: work,
    GOFLAGS: '-mod=readonly -modcacherw -buildvcs=false -trimpath',
    GOWORK: 'off',
    CGO_ENABLED: '0',
  }
  const child = spawn('go', args, { cwd: import.meta.dirname, env, stdio: ['ignore', 2, 2] })
  const stop = () => child.kill()
  process.once('exit', stop)
  await new Promise<void>((resolve, reject) => {
    child.once('error', error => reject(new Error(`go: ${error.message}`)))
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`go ${args[0]} failed`))))
  })
  process.off('exit', stop)
}

const folder = builtFolder()
const names = Object.keys(programs) as Program[]
const missing = () => names.filter(name => findProgram(name) === null)
const say = (text: string) => process.stderr.write(`${text}\n`)

/** Each program is put in place whole, so that one that is there can be run. */
async function build(work: string): Promise<void> {
  const started = Date.now()
  say(`building ${missing().join(', ')}: some minutes, and some gigabytes in ${work}`)
  for (const name of missing()) {
    const made = join(work, name)
    await go(['build', '-ldflags', `-s -w ${versionFlags()}`, '-o', made, programs[name]], work)
    renameSync(made, join(folder, name))
    say(`${name} is built, after ${Math.round((Date.now() - started) / 1000)} s`)
  }
}

mkdirSync(folder, { recursive: true })
const unlock = await lockFile(join(folder, 'lock'), pid => say(`process ${pid} is building`))
const work = join(folder, 'work')
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
process.once('exit', () => {
  rmSync(work, { recursive: true, force: true })
  unlock()
})
rmSync(work, { recursive: true, force: true })
mkdirSync(work)
if (missing().length > 0) {
  try {
    await build(work)
  } catch (error) {
    say(`${(error as Error).message}: the cluster suite needs Go ${releaseOf('go')} or newer, or`)
    say(`KUBEBUILDER_ASSETS as a folder with ${names.join(', ')}`)
    process.exit(1)
  }
}
for (const name of names) process.stdout.write(`${findProgram(name)}\n`)
