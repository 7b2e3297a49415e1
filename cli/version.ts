import manifest from '../package.json' with { type: 'json' }

/** The version of Writ. */
export const version = manifest.version
