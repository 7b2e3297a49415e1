import { join } from 'node:path'

const isSource = import.meta.filename.endsWith('.ts')

/** Where the console is once it was built: beside the sources, or in the package that is published. */
export const consoleFolder = join(
  import.meta.dirname,
  isSource ? '../../dist/console' : '../../console',
)
