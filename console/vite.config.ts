import { join } from 'node:path'
import { defineConfig } from 'vite'

const root = import.meta.dirname

/** Builds the console to `dist/console`. Nothing is inlined: the pages are served under a strict content policy. */
// biome-ignore lint/style/noDefaultExport: Vite reads it so
export default defineConfig({
  root,
  base: '/',
  publicDir: join(root, 'public'),
  build: {
    outDir: join(root, '../dist/console'),
    emptyOutDir: true,
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 250,
  },
})
