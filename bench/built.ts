import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')

/** Builds the measured processes as what is published is built; returns the folder of their modules, as a URL. */
export function built(): URL {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', 'bench'], { cwd: root, stdio: 'inherit' })
  return pathToFileURL(`${join(root, 'dist/bench/bench')}/`)
}
