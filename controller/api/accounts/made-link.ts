import type { LinkPurpose, Links } from '../../accounts/links.ts'
import { tellAccountFailure } from './tell-account-failure.ts'

/** A new link, as it is shown once. */
export async function madeLink(links: Links, purpose: LinkPurpose, by: string) {
  const secret = await links.make(purpose, by).catch(tellAccountFailure)
  const view = await links.look(secret)
  return { secret, expiresAt: view?.expiresAt ?? '' }
}
