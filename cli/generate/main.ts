import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedFiles } from './generated-files.ts'
import { priceCatalogue } from './prices.ts'

const root = join(import.meta.dirname, '../..')
const owned = ['schemas/generated', 'crds']

const files = generatedFiles(path => readFileSync(join(root, path), 'utf8'))
const outdated = [...files].filter(([path, text]) => present(path) !== text).map(([path]) => path)
const orphans = owned.flatMap(listed).filter(path => !files.has(path))

const [, , asked, list = '', version = '', date = ''] = process.argv
if (asked === '--prices') {
  // `--prices LIST VERSION DATE`: the list is not part of the repository, so this is not done each time.
  const prices = priceCatalogue(JSON.parse(readFileSync(list, 'utf8')), { version, date })
  write('policy/spend/prices/catalogue.json', `${JSON.stringify(prices)}\n`)
} else if (asked === '--check') {
  for (const path of outdated) process.stderr.write(`${path} is not current\n`)
  for (const path of orphans) process.stderr.write(`${path} belongs to no kind\n`)
  if (outdated.length + orphans.length > 0) {
    process.stderr.write('run `npm run generate` and commit what it writes\n')
    process.exitCode = 1
  }
} else {
  for (const path of outdated) write(path, files.get(path) ?? '')
  for (const path of orphans) rmSync(join(root, path))
}

function present(path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return null
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(join(root, folder)).map(name => `${folder}/${name}`)
  } catch {
    return []
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  process.stdout.write(`${path}\n`)
}
