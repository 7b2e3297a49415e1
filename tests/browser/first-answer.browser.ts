import t from 'tap'
import { call, connect, textOf, up, workplace } from '../cli/quickstart.ts'
import { findings } from './accessibility.ts'
import { keepPicture, looks, openBrowser, openWindow } from './browser.ts'

const password = 'correct horse battery staple'

for (const look of looks) {
  t.test(
    `from the printed link to the first answer, ${look.size}, ${look.colorScheme}`,
    async t => {
      const running = await up(t, workplace(t))
      const { controller, join } = running.ready as typeof running.ready & { readonly join: string }
      const { context, page } = await openWindow(t, await openBrowser(t), controller, look)
      await page.goto(join)
      await page.getByLabel('Your name').fill('Ana Ask')
      await page.getByLabel('Name to sign in with').fill('ana')
      await page.getByRole('textbox', { name: 'Password' }).fill(password)
      await keepPicture(page, 'join', look)
      t.strictSame(await findings(page), [])
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByRole('heading', { name: 'Activity' }).waitFor()
      t.notMatch(page.url(), 'writ_lnk', 'the link is not kept')

      const client = await connect(t, running)
      await call(client, 'echo', { message: 'hello' })
      await page.getByRole('cell', { name: 'echo' }).first().waitFor()
      await keepPicture(page, 'activity', look)
      t.strictSame(await findings(page), [])

      const made = call(client, 'create_directory', { path: 'new' })
      await page.getByRole('link', { name: 'Approvals' }).click()
      await page.getByRole('heading', { name: 'create_directory' }).waitFor()
      await keepPicture(page, 'approvals', look)
      t.strictSame(await findings(page), [])
      await page.getByLabel('Reason').fill('it is meant')
      await page.getByRole('button', { name: 'Approve' }).click()
      await page.getByText('it is meant').waitFor()
      t.match(textOf(await made), 'new', 'the agent has its result')
      await keepPicture(page, 'answered', look)
      await context.close()
      t.equal(await running.stop(), 0)
    },
  )
}
