import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

/** Builds the console, unless what was built is newer than everything that it is built from; `--always` builds it anyway. */
const root = join(import.meta.dirname, '../..')

if (process.argv.includes('--always') || builtAt() < changedAt()) {
  await build({ configFile: join(root, 'console/vite.config.ts'), logLevel: 'warn' })
}

function builtAt(): number {
  return timeOf(join(root, 'dist/console/index.html'))
}

function changedAt(): number {
  const sources = ['console', 'schemas'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name =>
      join(root, folder, name),
    ),
  )
  return Math.max(...[...sources, join(root, 'package-lock.json')].map(timeOf))
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
