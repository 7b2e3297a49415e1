import {
  AuthorizationServerMismatchError,
  InsecureTokenEndpointError,
  IssuerMismatchError,
  OAuthError,
  RegistrationRejectedError,
} from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'

/**
 * What went wrong with an authorization server, in words of our own: what it said may hold secrets that it
 * was sent, and is not repeated.
 */
export function oauthFailure(error: unknown): ProxyFailure {
  if (error instanceof ProxyFailure) return error
  return new ProxyFailure('unauthorized', wordsFor(error))
}

/** An error code of OAuth, when it is one. */
export function oauthCode(error: unknown): string | null {
  return error instanceof OAuthError ? safeCode(error.code) : null
}

/** A code as an authorization server wrote it, when it looks like one. */
export function safeCode(code: string): string {
  return /^[a-z_]{1,40}$/.test(code) ? code : 'an unknown error'
}

function wordsFor(error: unknown): string {
  const code = oauthCode(error)
  if (code !== null) return `the authorization server answered ${code}`
  if (error instanceof RegistrationRejectedError)
    return `the authorization server registers no clients (${error.status}): register one there and write it as auth.clientId`
  if (error instanceof IssuerMismatchError || error instanceof AuthorizationServerMismatchError)
    return 'the answer is from another authorization server than the one that was asked'
  if (error instanceof InsecureTokenEndpointError)
    return 'the authorization server wants secrets without TLS'
  return 'the answer of the authorization server cannot be used'
}
