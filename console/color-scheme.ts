const dark = window.matchMedia('(prefers-color-scheme: dark)')

/** Shows the console light or dark, as the system is, and follows it. */
export function followColorScheme(root: Element): void {
  const show = () => root.classList.toggle('wa-dark', dark.matches)
  show()
  dark.addEventListener('change', show)
}
