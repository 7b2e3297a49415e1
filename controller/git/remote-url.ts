import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { GitFailure } from './failure.ts'

/** Where a repository is, in one form for each place. */
export interface RemoteUrl {
  /** As git takes it; no credentials in it. */
  readonly href: string
  /** The same for every way to write the place. */
  readonly place: string
  readonly scheme: 'https' | 'http' | 'ssh' | 'file'
  /** Host with port, or the empty text for a folder of this machine. */
  readonly host: string
  /** Absolute path of a folder of this machine. */
  readonly folder?: string
}

/**
 * Reads https://, ssh://, user@host:path, file:// or an absolute path, and http:// on this machine.
 * Fails with `url_unusable`: on credentials in it as well, which would end in logs.
 */
export function remoteUrl(text: string): RemoteUrl {
  if (text.length > 2048 || /[\s\p{Cc}]/u.test(text))
    throw unusable('it holds spaces or is too long')
  if (text.startsWith('/')) return folderUrl(text)
  const short = /^([A-Za-z0-9._]+)@([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)\/?([^:]+)$/.exec(text)
  if (short !== null) {
    // Its path may begin at the home of the user, which no other form can say everywhere.
    return { ...sshUrl(new URL(`ssh://${short[1]}@${short[2]}/${short[3]}`)), href: text }
  }
  const url = URL.parse(text)
  switch (url?.protocol) {
    case 'https:':
    case 'http:':
      return webUrl(url)
    case 'ssh:':
      return sshUrl(url)
    case 'file:':
      if (url.host !== '') throw unusable('file:// names a folder of this machine')
      return folderUrl(decodeURIComponent(url.pathname))
    default:
      throw unusable('it is none of https://, ssh://, user@host:path, file:// or an absolute path')
  }
}

/** The same text for every way to write one place, or null when the address cannot be used. */
export function placeOf(text: string): string | null {
  try {
    return remoteUrl(text).place
  } catch (error) {
    if (error instanceof GitFailure) return null
    throw error
  }
}

/** Whether a text is meant as the URL of a repository and not as a path of this machine. */
export function isRemote(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[A-Za-z0-9._]+@[A-Za-z0-9.-]+:/.test(text)
}

function webUrl(url: URL): RemoteUrl {
  if (url.username !== '' || url.password !== '') {
    throw unusable('credentials do not belong in it: name a secret')
  }
  if (url.search !== '' || url.hash !== '') throw unusable('it has a query or a fragment')
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw unusable('http:// would send everything in the clear: write https://')
  }
  return {
    href: `${url.protocol}//${url.host}${url.pathname}`,
    place: `${url.host}${trimmed(url.pathname)}`,
    scheme: url.protocol === 'http:' ? 'http' : 'https',
    host: url.host,
  }
}

function sshUrl(url: URL): RemoteUrl {
  if (url.password !== '') throw unusable('credentials do not belong in it: name a secret')
  const user = url.username === '' ? 'git' : url.username
  const name = url.hostname.toLowerCase()
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && isIP(name.replace(/^\[|\]$/g, '')) === 0) {
    throw unusable('its host has no name')
  }
  const path = url.pathname
  // A path that begins with a dash or a tilde means something to the shell at the other end.
  if (!/^\/[A-Za-z0-9._+@/-]+$/.test(path) || path.startsWith('/-')) {
    throw unusable('its path holds characters that are not taken')
  }
  const port = url.port === '' || url.port === '22' ? '' : `:${url.port}`
  return {
    href: `ssh://${user}@${name}${port}${path}`,
    place: `${name}${port}${trimmed(path)}`,
    scheme: 'ssh',
    host: `${name}${port}`,
  }
}

function folderUrl(path: string): RemoteUrl {
  const folder = resolve(path)
  return { href: `file://${folder}`, place: folder, scheme: 'file', host: '', folder }
}

function trimmed(path: string): string {
  return path
    .replace(/\/+$/, '')
    .replace(/(?<=[^/])\.git$/, '')
    .toLowerCase()
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function unusable(why: string): GitFailure {
  return new GitFailure('url_unusable', `The address of the repository cannot be used: ${why}.`)
}
