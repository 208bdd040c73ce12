// What the SDK leaves behind that is no failure.

/**
 * Whether reason is the SDK giving up a registration because the address has
 * changed meanwhile: it registers anew, and leaves the former promise unhandled.
 */
export function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.message === 'SDK Error: Aborted'
}
