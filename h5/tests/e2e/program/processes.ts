// Starts and stops the programs that the tests drive.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const startWithinMs = 150_000
const stopWithinMs = 20_000
const lookEveryMs = 100

/** One running program. */
export class Program {
  private constructor(
    readonly name: string,
    /** What it writes to standard error. */
    readonly log: string,
    private readonly child: ChildProcess,
  ) {
    // Nothing stays behind when the test run itself is cut short.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
  }

  /** Starts it; standard error goes to the file log, standard output to the file out. */
  static start(name: string, command: string[], env: NodeJS.ProcessEnv, log: string, out: string): Program {
    const [file, ...args] = command
    if (!file) throw new Error(`${name}: no command`)
    const streams = [openSync(out, 'w'), openSync(log, 'w')]
    const child = spawn(file, args, { env, stdio: ['ignore', ...streams] })
    for (const stream of streams) closeSync(stream)
    const program = new Program(name, log, child)
    // An error that nobody listens to would end the run without a word.
    child.on('error', (error) => process.stderr.write(`${name}: ${error.message}\n`))
    return program
  }

  /** Waits until ask gives something; fails when the program ends before. */
  async until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, withinMs = startWithinMs): Promise<T> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const found = await ask()
      if (found !== undefined) return found
      if (this.ended) throw new Error(`${this.name} ended while waiting for ${what}:\n${this.lastLines()}`)
      if (Date.now() > deadline) throw new Error(`${this.name}: no ${what} within ${withinMs / 1000} s:\n${this.lastLines()}`)
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  }

  /** Asks it to end, and ends it by force when it takes too long. */
  async stop(): Promise<void> {
    if (this.ended) return
    const over = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    const force = setTimeout(() => this.child.kill('SIGKILL'), stopWithinMs)
    await over
    clearTimeout(force)
  }

  /** Its number; 0 when it could not be started. */
  get pid(): number {
    return this.child.pid ?? 0
  }

  private get ended(): boolean {
    return this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null
  }

  private lastLines(): string {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  }
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** The environment without settings of some other huicun. */
export function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HUICUN_')))
}
