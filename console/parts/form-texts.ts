/** What was filled into a form, by name. */
export function formTexts(event: SubmitEvent): Readonly<Record<string, string>> {
  const form = event.currentTarget
  if (!(form instanceof HTMLFormElement)) return {}
  const texts = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  )
  return Object.fromEntries(texts)
}
