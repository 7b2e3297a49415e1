import { join } from 'node:path'
import type { Test } from 'tap'
import { openRepository, type RepositoryNeeds } from '../../../controller/git/open-repository.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import type { GitRepository } from '../../../controller/git/repository.ts'
import { testFolder } from './repositories.ts'

/** Opens a copy of the repository at the URL, in a folder that goes with the test. */
export async function opened(
  t: Test,
  url: string,
  needs: Partial<Omit<RepositoryNeeds, 'url'>> = {},
): Promise<GitRepository> {
  return openRepository({
    folder: join(await testFolder(t), 'copy'),
    url: remoteUrl(url),
    branch: 'main',
    credentials: async () => ({ secret: null, knownHosts: [] }),
    signatures: () => ({ required: false, signers: [] }),
    ...needs,
  })
}

/** A signal that nobody aborts. */
export const forever = new AbortController().signal
