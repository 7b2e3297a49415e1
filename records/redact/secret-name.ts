/**
 * The ends of `secretWords` in a text: what is rare in ordinary texts goes first and the rest is looked back at, which is
 * several times faster.
 */
export const secretWordEnds =
  /k(?:en(?<=token)|ey(?:[-_]?data|(?<=(?:api|access|private|account|shared|signing|encryption|master|service|ssh|hmac|license|subscription|auth|client|session)[-_ .]?key))|ie(?<=cookie))|w(?:or)?d(?<=pass[-_ ]?wo?r?d|pwd)|cr(?:et(?<=secret)|edential)|zation(?<=authorization)|phrase(?<=(?:pass|seed)[-_ ]?phrase)|code(?<=pass[-_ ]?code)|mnemonic|connection[-_ ]?string/i

/** What names of secrets hold, however they are joined and spelt. */
const secretWords =
  /pass[-_ ]?(?:word|wd|phrase|code)|secret|token|(?:api|access|private|account|shared|signing|encryption|master|service|ssh|hmac|license|subscription|auth|client|session)[-_ .]?key|key[-_]?data|credential|authorization|cookie|bearer|connection[-_ ]?string|mnemonic|seed[-_ ]?phrase|pwd/i

/** Names that are secret as a whole, or as the last part of a name. */
const secretEnd =
  /^auth$|(?:^|[-_. ])(?:pass|pin|otp|totp|cvv2?|cvc2?|ssn|creds?|psk)$|[a-z](?:Pass|Pin|Otp|Totp|Cvv|Cvc|Ssn|Creds?)$/

/** Names that speak about a secret and do not hold it. */
const aboutSecrets =
  /(?:secret|token|password|passwd|pwd|credentials?|cookie|key)s?[-_. ]?(?:key[-_]?)?(?:names?|refs?|types?|counts?|limits?|budget|usage|polic(?:y|ies)|length|expir\w{0,8}|enabled|required|files?|paths?|ur[il]s?|endpoints?|izers?|ary|aries)$|(?:key|token)[-_]?ids?$|(?:in|out)put[-_]?tokens$|(?:max|min|total|prompt|completion|read|write|reasoning|cached)[-_]?(?:new[-_]?)?tokens$/i

const secretNumber = /pass(?:word|wd|code)|(?:^|[-_. ])(?:pwd|pin|otp|totp|cvv2?|cvc2?|ssn)$/i

/** Whether what has this name is a secret. */
export function isSecretName(name: string): boolean {
  return (secretWords.test(name) || hasSecretEnd(name)) && !aboutSecrets.test(name)
}

/** Whether a number of this name is a secret: under most names it is a count (`max_tokens`). */
export function isSecretNumberName(name: string): boolean {
  return secretNumber.test(name)
}

function hasSecretEnd(name: string): boolean {
  return secretEnd.test(name) || secretEnd.test(name.toLowerCase())
}
