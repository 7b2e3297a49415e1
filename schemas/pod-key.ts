const prefix = 'pod:'

/** The name under which policies and records know that a pod called without a key, by its service account. */
export function podKeyName(serviceAccount: string): string {
  return `${prefix}${serviceAccount}`
}

/** The service account in such a name; null for the name of any other key. */
export function serviceAccountOfKey(name: string): string | null {
  return name.startsWith(prefix) ? name.slice(prefix.length) : null
}

/**
 * What stands for the key of an agent that calls from its pod without one: its SHA-256 is where that of a key would be.
 * It holds a character that no header carries, so nobody can show it as a key.
 */
export function podKeyText(namespace: string, agent: string): string {
  return `pod\0${namespace}\0${agent}`
}
