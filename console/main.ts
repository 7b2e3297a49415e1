import '@awesome.me/webawesome/dist/styles/themes/default.css'
import './style/page.css'
import './app.ts'
import { followColorScheme } from './color-scheme.ts'
import { registerIcons } from './icons.ts'

registerIcons()
followColorScheme(document.documentElement)
