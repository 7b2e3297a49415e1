import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, devices, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { root } from '../cli/writ.ts'

/** Where Debian puts it. */
const usual = '/usr/bin/chromium'

/** The browser of this machine; it fails with what to install where there is none. */
export async function openBrowser(t: Test): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? usual
  if (!existsSync(executablePath)) {
    throw new Error(
      `no browser at ${executablePath}: \`apt-get install chromium\`, or name one in CHROMIUM_PATH`,
    )
  }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.teardown(() => browser.close())
  return browser
}

/** How a screen looks. */
export interface Look {
  readonly size: 'desktop' | 'phone'
  readonly colorScheme: 'light' | 'dark'
}

/** Every look that is tried. */
export const looks: readonly Look[] = [
  { size: 'desktop', colorScheme: 'light' },
  { size: 'desktop', colorScheme: 'dark' },
  { size: 'phone', colorScheme: 'light' },
  { size: 'phone', colorScheme: 'dark' },
]

/**
 * A window of its own, in which everything that goes wrong fails the test: errors of scripts, what the content policy
 * forbids, and requests to anywhere but the server.
 */
export async function openWindow(
  t: Test,
  browser: Browser,
  origin: string,
  { size, colorScheme }: Look,
): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const screen = size === 'phone' ? devices['Pixel 7'] : { viewport: { width: 1280, height: 800 } }
  const context = await browser.newContext({ ...screen, colorScheme, baseURL: origin })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.on('pageerror', error => t.fail(`error on the page: ${error.message}`))
  page.on('console', message => {
    if (message.type() === 'error') t.fail(`console: ${message.text()}`)
  })
  page.on('request', request => {
    const { protocol, origin: asked } = new URL(request.url())
    if (protocol !== 'data:' && asked !== origin) t.fail(`request to ${request.url()}`)
  })
  return { context, page }
}

/** Keeps what the page looks like, as an artefact of the run. */
export async function keepPicture(page: Page, name: string, { size, colorScheme }: Look) {
  const folder = join(root, '.tap/pictures')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) })
}
