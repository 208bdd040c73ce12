// Answers that boot.js has asked for while the app's code was on its way.

declare global {
  interface Window {
    /** By address; each is taken once. */
    huicunEarly?: Map<string, Promise<Response>>
  }
}

/** An answer this long after the navigation has waited too long to be used, ms. */
const freshForMs = 30_000

/** The answer to request that is on its way already, if there is one. */
export function early(request: Request): Promise<Response> | undefined {
  const asked = window.huicunEarly
  if (!asked || request.method !== 'GET') return undefined
  const { pathname, search } = new URL(request.url)
  const found = asked.get(pathname + search)
  asked.delete(pathname + search)
  return performance.now() < freshForMs ? found : undefined
}
