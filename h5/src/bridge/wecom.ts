// WeCom's JS-SDK. The only file that imports it; it is loaded only inside WeCom.
// developer.work.weixin.qq.com/document/path/94313
import * as ww from '@wecom/jssdk'
import { browserBridge } from './browser'
import type { Bridge } from './types'

/** How long a call to the host may take before the fallback is used, in ms. */
export const callTimeoutMs = 3000

/** Menu entries that would let a reader pass the page on. */
const sharingMenu = [
  'menuItem:share:appMessage',
  'menuItem:share:wechat',
  'menuItem:favorite',
  'menuItem:addToCommon',
  'menuItem:copyUrl',
  'menuItem:openWithSafari',
  'menuItem:share:email',
]

/** A signature of the current address, made by the server. */
export interface Signature {
  timestamp: number
  nonceStr: string
  signature: string
}

/** Who the page is and how it gets its signatures. */
export interface Identity {
  corpId: string
  agentId: string
  /** Signs url (without its hash) with the corp's or the agent's ticket. */
  sign(kind: 'config' | 'agent_config', url: string): Promise<Signature>
}

/** Settles with the call, or with fallback when it fails or takes too long. */
export async function within<T>(call: Promise<T>, fallback: T, ms = callTimeoutMs): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(fallback), ms)
  })
  try {
    return await Promise.race([call, late])
  } catch {
    return fallback
  } finally {
    clearTimeout(timer)
  }
}

/** The bridge inside WeCom. */
export function wecomBridge(identity: Identity): Bridge {
  return {
    async start() {
      ww.register({
        corpId: identity.corpId,
        agentId: identity.agentId,
        jsApiList: ['hideMenuItems', 'hideOptionMenu', 'closeWindow', 'openDefaultBrowser'],
        getConfigSignature: (url) => identity.sign('config', url),
        getAgentConfigSignature: (url) => identity.sign('agent_config', url),
      })
      await within(ww.hideMenuItems({ menuList: sharingMenu }).then(noop), undefined)
      await within(ww.hideOptionMenu().then(noop), undefined)
    },
    close: () => within(ww.closeWindow().then(() => true), false),
    async openInBrowser(url) {
      const opened = await within(ww.openDefaultBrowser({ url }).then(() => true), false)
      return opened || browserBridge.openInBrowser(url)
    },
  }
}

function noop(): void {
  // The host's answer carries nothing of use.
}
