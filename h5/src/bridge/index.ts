// Chooses the host's bridge. Callers never import the SDK themselves.
import { browserBridge } from './browser'
import type { Bridge } from './types'
import { insideWecom } from './ua'
import type { Identity } from './wecom'

let chosen: Bridge = browserBridge

/** The bridge in use: the browser's until startBridge has found a better one. */
export function bridge(): Bridge {
  return chosen
}

/**
 * Loads and registers WeCom's bridge when the page runs inside WeCom. A failure
 * leaves the browser's bridge in place: the app works without the SDK.
 */
export async function startBridge(identify: () => Promise<Identity | undefined>): Promise<void> {
  if (!insideWecom()) return
  try {
    const [{ wecomBridge }, identity] = await Promise.all([import('./wecom'), identify()])
    if (!identity) return
    const found = wecomBridge(identity)
    await found.start()
    chosen = found
  } catch {
    chosen = browserBridge
  }
}
