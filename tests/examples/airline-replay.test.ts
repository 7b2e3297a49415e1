import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { environment, root } from '../cli/writ.ts'

const page = readFileSync(join(root, 'examples/airline/README.md'), 'utf8')

function block(language: string): string {
  return page.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''
}

t.test('the replay that the README shows prints what it says', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'writ-proposal-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const commands = block('sh')
    .replaceAll('examples/', `${root}/examples/`)
    .replaceAll('npx writ', `"${process.execPath}" "${root}/cli/main.ts"`)
  const printed = execFileSync('sh', ['-ec', commands], {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
  })
  t.equal(printed, block('text'))
})
