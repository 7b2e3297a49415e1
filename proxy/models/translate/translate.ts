import type { Translated, TranslateNeeds, Translation } from './translation.ts'

/**
 * Asks a provider of another dialect and answers in the client's. Resolves to a stream once its first part is there,
 * so that a failure before it can still be answered, or another provider asked.
 */
export function translate(translation: Translation, needs: TranslateNeeds): Promise<Translated> {
  needs.now()
  return Promise.reject(new Error(translation.dialect))
}
