// What WeCom's web view gives a page, as far as the app uses it.

declare global {
  interface Window {
    /** Names of the calls that the page made, in order. */
    bridgeCalls: string[]
    WeixinJSBridge: unknown
  }
}

/** Runs in the page before its own scripts: a bridge that agrees to everything. */
export function bridgeStub(): void {
  window.bridgeCalls = []
  window.WeixinJSBridge = {
    invoke(name: string, _params: unknown, callback?: (answer: object) => void) {
      window.bridgeCalls.push(name)
      setTimeout(() => callback?.({ err_msg: `${name}:ok` }))
    },
    on() {
      // No events come from this host.
    },
  }
}
