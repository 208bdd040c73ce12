// The host is an ordinary browser: nothing to register, nothing to hide.
import type { Bridge } from './types'

/** The bridge of a plain browser. */
export const browserBridge: Bridge = {
  start: () => Promise.resolve(),
  close: () => Promise.resolve(false),
  openInBrowser(url) {
    // With noopener the call returns null also when it succeeds.
    window.open(url, '_blank', 'noopener,noreferrer')
    return Promise.resolve(true)
  },
}
