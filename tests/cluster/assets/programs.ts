import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Package by program, all of them tools of go.mod. */
export const programs = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  etcd: 'go.etcd.io/etcd/server/v3',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  helm: 'helm.sh/helm/v4/cmd/helm',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
} as const

export type Program = keyof typeof programs

/** Where the programs are once they are built: a folder of the user's cache, by what go.mod and go.sum say. */
export function builtFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const pins = ['go.mod', 'go.sum'].map(name => readFileSync(join(import.meta.dirname, name)))
  const hash = createHash('sha256').update(Buffer.concat(pins)).digest('hex').slice(0, 16)
  return join(cache, 'writ', 'kube-assets', hash)
}

/** Where a program is, or null: KUBEBUILDER_ASSETS comes first, then what was built. */
export function findProgram(program: Program): string | null {
  const folders = [process.env.KUBEBUILDER_ASSETS, builtFolder()]
  const paths = folders.flatMap(folder => (folder ? [join(folder, program)] : []))
  return paths.find(path => existsSync(path)) ?? null
}

/** Where a program is; throws with the command that builds it when it is nowhere. */
export function programPath(program: Program): string {
  const path = findProgram(program)
  if (path === null) {
    throw new Error(`no ${program}: build it with node tests/cluster/assets/build.ts`)
  }
  return path
}

/** The release that go.mod names for a module, such as `v1.37.1`, or for `go` itself. */
export function releaseOf(module: string): string {
  const text = readFileSync(join(import.meta.dirname, 'go.mod'), 'utf8')
  const release = text
    .split('\n')
    .map(line => line.trim().split(' '))
    .find(([name, version]) => name === module && /^v?\d/.test(version ?? ''))?.[1]
  if (release === undefined) throw new Error(`go.mod names no release of ${module}`)
  return release
}
