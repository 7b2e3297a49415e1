/** Codes are the contract: what a process is told about telemetry cannot be used. */
export class TelemetryFailure extends Error {
  override readonly name = 'TelemetryFailure'
  readonly code = 'telemetry_unusable'
}
