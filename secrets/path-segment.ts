/**
 * Whether a name can be one step of a path: a name of DNS letters and digits, or a key as a Kubernetes Secret
 * may have it. Nothing that is one leads out of its folder or into the bookkeeping of a mounted volume (`..data`).
 */
export function isPathSegment(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,253}$/.test(text) && text !== '.' && !text.startsWith('..')
}
