// npm run perf:webkit: the shift rows in WebKit, which has no scroll anchoring that
// could hide a mistake. Needs Debian's webkit2gtk-driver and xvfb; the built front
// end has the mock server behind it. Docs: docs/performance-h5.md.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { freePort } from '../e2e/program/processes'
import { start } from '../mock/server.mjs'
import { type Change, type Shift, shiftOf } from './inpage'
import { pause } from './phone'
import { Report } from './report'
import { changes, checkShift, shiftBudgetPx } from './steady'

const driverPath = '/usr/bin/WebKitWebDriver'
const target = 'm100-002607'
const readyWithinMs = 60_000

/** WebKit's browser of the installed library, newest first. */
function miniBrowser(): string {
  const folder = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('webkit2gtk-')).sort().reverse() : []
  const found = names.map((name) => `${folder}/${name}/MiniBrowser`).find((path) => existsSync(path))
  if (!found || !existsSync(driverPath)) throw new Error('WebKit is missing: apt-get install webkit2gtk-driver xvfb')
  return found
}

/** Programs that end with the run. */
const running: ChildProcess[] = []
function run(file: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  child.on('error', (error) => console.error(`${file}: ${error.message}`))
  running.push(child)
  return child
}
process.once('exit', () => running.forEach((child) => child.kill('SIGTERM')))

/** A display that nobody sees; gives its name. */
function display(): Promise<string> {
  const child = run('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x1024x24', '-nolisten', 'tcp'])
  return new Promise((resolve, reject) => {
    child.stdio[3]?.once('data', (number: Buffer) => resolve(`:${number.toString().trim()}`))
    child.once('error', reject)
    child.once('exit', () => reject(new Error('Xvfb has ended')))
  })
}

/** A session of the WebDriver protocol. */
class Session {
  private constructor(private readonly base: string) {}

  static async open(port: number): Promise<Session> {
    const root = `http://127.0.0.1:${port}`
    const deadline = Date.now() + readyWithinMs
    while (!(await fetch(`${root}/status`).then((answer) => answer.ok, () => false))) {
      if (Date.now() > deadline) throw new Error('WebKitWebDriver does not answer')
      await pause(100)
    }
    const options = { binary: miniBrowser(), args: ['--automation'] }
    const { sessionId } = await ask<{ sessionId: string }>('POST', `${root}/session`, {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options, timeouts: { script: 120_000 } } },
    })
    return new Session(`${root}/session/${sessionId}`)
  }

  go(url: string): Promise<unknown> {
    return ask('POST', `${this.base}/url`, { url })
  }

  /** Calls an asynchronous function in the page. */
  async evaluate<A, T>(act: (arg: A) => Promise<T>, arg: A): Promise<T> {
    const script = `const done = arguments[1]; (${act})(arguments[0]).then((value) => done({ value }), (error) => done({ error: String(error) }))`
    const found = await ask<{ value?: T; error?: string }>('POST', `${this.base}/execute/async`, { script, args: [arg] })
    if (found.error !== undefined) throw new Error(found.error)
    return found.value as T
  }

  resize(width: number, height: number): Promise<unknown> {
    return ask('POST', `${this.base}/window/rect`, { width, height })
  }

  close(): Promise<unknown> {
    return ask('DELETE', this.base)
  }
}

async function ask<T>(method: string, url: string, body?: object): Promise<T> {
  const answer = await fetch(url, { method, body: body && JSON.stringify(body) })
  const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } }
  if (!answer.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`)
  return value
}

/** Runs in the page: waits until the row of message id is there, and says what engine it is. */
async function arrival(id: string): Promise<string> {
  const deadline = performance.now() + 30_000
  while (!document.querySelector(`article[data-id="${id}"]`)) {
    if (performance.now() > deadline) throw new Error('the message did not appear')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return `${navigator.userAgent}; scroll anchoring: ${CSS.supports('overflow-anchor', 'auto')}`
}

/** Measures the shift rows; gives the exit status. */
export async function main(): Promise<number> {
  const { server, url } = await start()
  const report = new Report(true)
  let session: Session | undefined
  try {
    const env = { ...process.env, DISPLAY: await display(), WEBKIT_DISABLE_COMPOSITING_MODE: '1' }
    const port = await freePort()
    run(driverPath, [`--port=${port}`, '--host=127.0.0.1'], env)
    session = await Session.open(port)
    await session.resize(390, 844)
    let shownEngine = ''
    for (const [i, { name, change }] of changes.entries()) {
      // Another address each time: at the same one the place left is opened again.
      await session.go(`${url}/c/100?m=${target}&a=${i}`)
      const engine = await session.evaluate(arrival, target)
      if (engine !== shownEngine) console.log((shownEngine = engine))
      const found: Shift = await session.evaluate<Change, Shift>(shiftOf, change)
      checkShift(change, found)
      report.add({ name: `WebKit: shift of rows in view, ${name}`, measured: found.worst, unit: 'px', budget: shiftBudgetPx })
    }
    return report.close()
  } finally {
    await session?.close().catch(() => undefined)
    for (const child of running.splice(0).reverse()) child.kill('SIGTERM')
    server.closeAllConnections()
    server.close()
  }
}
