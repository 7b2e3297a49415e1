import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Writes the package that is published, `dist` or the folder given: JavaScript in place of TypeScript, the
 * quickstart, and a manifest without what only developing needs. Node has nothing to strip when it starts.
 */
const root = join(import.meta.dirname, '../..')
const folder = resolve(process.argv[2] ?? join(root, 'dist'))

rmSync(folder, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', folder],
  { cwd: root, stdio: 'inherit' },
)
execFileSync(
  process.execPath,
  [
    join(root, 'node_modules/vite/bin/vite.js'),
    'build',
    '--config',
    'console/vite.config.ts',
    '--outDir',
    join(folder, 'console'),
    '--logLevel',
    'warn',
  ],
  { cwd: root, stdio: 'inherit' },
)
for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'examples/quickstart']) {
  cpSync(join(root, path), join(folder, path), { recursive: true })
}
const { scripts, devDependencies, tap, allowScripts, ...manifest } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)
const bin = Object.entries<string>(manifest.bin).map(([name, path]) => [name, built(path)])
const published = { ...manifest, bin: Object.fromEntries(bin) }
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
process.stdout.write(`${folder}\n`)

function built(path: string): string {
  return path.replace(/\.ts$/, '.js')
}
