import { registerIconLibrary } from '@awesome.me/webawesome/dist/components/icon/library.js'

/** Draws icons from a file of this server, in place of those that would be fetched from elsewhere. */
export function registerIcons(): void {
  for (const library of ['default', 'system']) {
    registerIconLibrary(library, { resolver: name => `/icons.svg#${name}`, spriteSheet: true })
  }
}
