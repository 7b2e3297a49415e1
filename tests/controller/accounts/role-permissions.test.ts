import { readFileSync } from 'node:fs'
import t from 'tap'
import { rolePermissions } from '../../../controller/accounts/role-permissions.ts'
import { accountRoles, permissions } from '../../../schemas/account.ts'

const page = readFileSync(new URL('../../../docs/console.md', import.meta.url), 'utf8')

t.test('the page of the console says what each role opens', async t => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\|((?:[^|\n]*\|){6})/gm)].map(
    ([, name, cells = '']) => [
      name,
      cells
        .split('|')
        .slice(0, 6)
        .map(cell => cell.trim() === 'yes'),
    ],
  )
  t.strictSame(
    rows,
    permissions.map(name => [name, accountRoles.map(role => rolePermissions[role].has(name))]),
  )
})
