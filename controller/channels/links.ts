import type { ApprovalRequest } from '../../schemas/approval.ts'

/** Addresses of this controller, as others reach them. */
export interface Links {
  /** The page of a request where one person decides, once; minted anew at every call. */
  personal(request: ApprovalRequest, user: string, channel: string): Promise<URL>
  /** Where other programs reach this controller under `path`; null when only this machine does. */
  callback(path: string): Promise<URL | null>
  /** Who sends, for services that want to know whom to turn to. */
  origin(): Promise<URL>
}

interface LinksNeeds {
  /** Where people reach this controller. */
  readonly address: Promise<URL>
  /** Whether somebody has said that others reach that address. */
  readonly isPublic: boolean
  readonly mint: (of: {
    readonly request: ApprovalRequest
    readonly user: string
    readonly channel: string
  }) => Promise<string>
}

/** Links to a controller at its public address. */
export function linksTo({ address, isPublic, mint }: LinksNeeds): Links {
  return {
    async personal(request, user, channel) {
      const url = under(await address, `approval/${request.id}`)
      url.searchParams.set('token', await mint({ request, user, channel }))
      return url
    },
    callback: async path => (isPublic ? under(await address, path) : null),
    origin: async () => new URL((await address).origin),
  }
}

/** A public address may have a path of its own. */
function under(base: URL, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
  return url
}
