/** The address as programs on this machine reach it: a server on every interface is reached by loopback. */
export function localUrl(url: URL): URL {
  const local = new URL(url)
  if (local.hostname === '0.0.0.0') local.hostname = '127.0.0.1'
  if (local.hostname === '[::]') local.hostname = '[::1]'
  return local
}
