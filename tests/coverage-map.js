import { globSync } from 'node:fs'

const policy = globSync('policy/**/*.ts')

/** The pure core is covered whole, by its own tests; what stands around it is tested from outside. */
// biome-ignore lint/style/noDefaultExport: tap loads the default export of a coverage map
export default test => (test.startsWith('tests/policy/') ? policy : null)
