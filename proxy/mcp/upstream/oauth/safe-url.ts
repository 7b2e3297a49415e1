/**
 * Whether credentials may travel to the address: by https, or within this machine when the tool server
 * that named it is here as well. A server elsewhere cannot send Writ to a port of its own machine.
 */
export function isSafe(url: URL, server: URL): boolean {
  if (url.username !== '' || url.password !== '') return false
  const http = url.protocol === 'http:' || url.protocol === 'https:'
  return isLoopback(url) ? http && isLoopback(server) : url.protocol === 'https:'
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
