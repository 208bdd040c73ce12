// A simulated WeCom and a huicun that archives it: the real programs, with a
// database of their own, on free ports of the loopback.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cleanEnv, freePort, Program } from './processes'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const logs = fileURLToPath(new URL('../../../test-results/e2e/', import.meta.url))
const bin = process.env.HUICUN_TEST_BIN ?? join(root, 'bin')

/** The admin that the settings name. */
export const admin = 'QinZhiyuan'

/** What must never be read in a log. They guard nothing but this test. */
export const secrets = {
  app: 'e2e-app-secret-5Jq8Vw2',
  archive: 'e2e-archive-secret-9Xk3Rz7',
  contact: 'e2e-contact-secret-1Ty6Bn4',
  appToken: 'E2eAppToken7Lm',
  appKey: 'kWxGz7RbT2mVq9LdYc4NsHf6PjUa1EoXi8ZtCwB3MDy',
  archiveToken: 'E2eArchiveToken2Pd',
  archiveKey: 'Qn5VtZ8cLw2RyXk7BmJd4HgPs9FaUe1ToIi6YqCxM3N',
}

/** Where the programs answer; what the test files get of a world. */
export interface Addresses {
  /** Address of huicun. */
  huicun: string
  /** Address of wecomsim. */
  sim: string
  /** File that huicun logs to. */
  log: string
  /** Process of huicun. */
  pid: number
}

/** What wecomsim prints when it is ready. */
interface Announcement {
  url: string
  proxy: string
  ca_file: string
  data_dir: string
  corpid: string
  agentid: number
}

/** What differs from one world to another. */
export interface Options {
  /** Settings of huicun besides its own. */
  env?: NodeJS.ProcessEnv
  /** How long everything that WeCom has may take to be stored, ms. */
  storedWithinMs?: number
}

/** The two programs and the folder with their data. */
export class World {
  private constructor(
    readonly addresses: Addresses,
    private readonly programs: Program[],
    private readonly data: string,
  ) {}

  /**
   * Starts both and waits until everything that WeCom has is stored. The logs
   * stay in test-results/e2e/<name>; the data goes when the world stops.
   */
  static async start(name: string, simArgs: string[], options: Options = {}): Promise<World> {
    for (const program of ['wecomsim', 'huicun']) {
      if (!existsSync(join(bin, program))) throw new Error(`${join(bin, program)} is missing: run make build`)
    }
    const data = mkdtempSync(join(tmpdir(), 'huicun-e2e-'))
    const folder = join(logs, name)
    mkdirSync(folder, { recursive: true })
    const programs: Program[] = []
    try {
      const port = await freePort()
      const sim = await startSim(`http://127.0.0.1:${port}`, simArgs, data, folder, programs)
      const addresses = { huicun: `http://127.0.0.1:${port}`, sim: sim.url, log: join(folder, 'huicun.log'), pid: 0 }
      addresses.pid = await startHuicun(addresses, sim, data, folder, programs, options)
      return new World(addresses, programs, data)
    } catch (error) {
      await stopAll(programs, data)
      throw error
    }
  }

  /** Stops both and removes their data; fails when something is in a log that belongs in none. */
  async stop(): Promise<void> {
    for (const program of [...this.programs].reverse()) await program.stop()
    const told = toldSecrets(this.addresses.log, this.data)
    await stopAll(this.programs, this.data)
    if (told.length) throw new Error(`what belongs in no log:\n${told.join('\n')}`)
  }
}

/** Chinese is what people say and are called: huicun itself logs in English. */
const said = /\p{Script=Han}/u

/** Lines of the logs of huicun, its helpers and its Postgres that hold a secret, a text or a name. */
function toldSecrets(log: string, data: string): string[] {
  const text = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  const keys = readdirSync(join(data, 'wecom')).filter((name) => name.startsWith('private_key'))
  const pem = keys.flatMap((name) => text(join(data, 'wecom', name)).split('\n')).filter((line) => line && !line.startsWith('---'))
  const forbidden = [...Object.values(secrets), ...pem, text(join(data, 'postgres', 'password')).trim()].filter(Boolean)
  return [log, log.replace(/log$/, 'out'), join(data, 'postgres', 'server.log')].flatMap((path) =>
    text(path)
      .split('\n')
      .filter((line) => said.test(line) || forbidden.some((one) => line.includes(one)))
      .map((line) => `${path}: ${line.slice(0, 200)}`),
  )
}

async function stopAll(programs: Program[], data: string): Promise<void> {
  for (const program of [...programs].reverse()) await program.stop()
  rmSync(data, { recursive: true, force: true })
}

async function startSim(huicun: string, more: string[], data: string, folder: string, programs: Program[]): Promise<Announcement> {
  const out = join(folder, 'wecomsim.json')
  const command = [
    join(bin, 'wecomsim'),
    ...['-listen', '127.0.0.1:0', '-proxy-listen', '127.0.0.1:0', '-data', join(data, 'wecom'), '-huicun-url', huicun],
    ...['-app-secret', secrets.app, '-archive-secret', secrets.archive, '-contact-secret', secrets.contact],
    ...['-callback-url', `app=${huicun}/wecom/callback/app`, '-callback-url', `archive=${huicun}/wecom/callback/archive`],
    ...['-callback-token', `app=${secrets.appToken}`, '-callback-token', `archive=${secrets.archiveToken}`],
    ...['-callback-aeskey', `app=${secrets.appKey}`, '-callback-aeskey', `archive=${secrets.archiveKey}`],
    ...more,
  ]
  const sim = Program.start('wecomsim', command, cleanEnv(), join(folder, 'wecomsim.log'), out)
  programs.push(sim)
  return sim.until('announcement', () => {
    const line = readFileSync(out, 'utf8')
    return line.endsWith('\n') ? (JSON.parse(line) as Announcement) : undefined
  })
}

async function startHuicun(
  at: Addresses,
  sim: Announcement,
  data: string,
  folder: string,
  programs: Program[],
  options: Options,
): Promise<number> {
  const env = { ...cleanEnv(), ...settings(at, sim, data), ...options.env }
  const out = join(folder, 'huicun.out')
  const huicun = Program.start('huicun', [join(bin, 'huicun'), 'serve'], env, at.log, out)
  programs.push(huicun)
  await huicun.until('readiness', () => fetch(`${at.huicun}/readyz`).then((answer) => answer.ok || undefined, () => undefined))
  const { last_seq: last } = (await (await fetch(`${sim.url}/sim/stats`)).json()) as { last_seq: number }
  await huicun.until(`message ${last}`, () => (storedSeq(env) >= last ? true : undefined), options.storedWithinMs)
  return huicun.pid
}

/** Number of the newest message that huicun has taken in. */
function storedSeq(env: NodeJS.ProcessEnv): number {
  // It fails while old messages are waiting, and prints where things stand all the same.
  const { stdout } = spawnSync(join(bin, 'huicun'), ['status', '-json'], { env, encoding: 'utf8' })
  return (JSON.parse(stdout) as { seq: number }).seq
}

function settings(at: Addresses, sim: Announcement, data: string): NodeJS.ProcessEnv {
  const library = financeLibrary()
  return {
    HUICUN_DATA_DIR: data,
    HUICUN_SERVER_LISTEN: new URL(at.huicun).host,
    HUICUN_SERVER_PUBLIC_URL: at.huicun,
    HUICUN_WECOM_CORP_ID: sim.corpid,
    HUICUN_WECOM_AGENT_ID: String(sim.agentid),
    HUICUN_WECOM_APP_SECRET: secrets.app,
    HUICUN_WECOM_ARCHIVE_SECRET: secrets.archive,
    HUICUN_WECOM_CONTACT_SECRET: secrets.contact,
    HUICUN_WECOM_API_BASE: sim.url,
    HUICUN_WECOM_OAUTH_BASE: sim.url,
    HUICUN_WECOM_WEB_LOGIN_BASE: sim.url,
    HUICUN_FINANCE_CLIENT: library ? 'sdk' : 'pure',
    HUICUN_FINANCE_LIBRARY: library,
    HUICUN_FINANCE_WORKERS: '1',
    HUICUN_FINANCE_INTERVAL: '1s', // WeCom announces new messages only every 15 s
    HUICUN_FINANCE_KEYS_DIR: sim.data_dir,
    HUICUN_FINANCE_PROXY: `http://${sim.proxy}`,
    HUICUN_FINANCE_CA_FILE: sim.ca_file,
    HUICUN_CALLBACK_APP_TOKEN: secrets.appToken,
    HUICUN_CALLBACK_APP_AES_KEY: secrets.appKey,
    HUICUN_CALLBACK_ARCHIVE_TOKEN: secrets.archiveToken,
    HUICUN_CALLBACK_ARCHIVE_AES_KEY: secrets.archiveKey,
    HUICUN_ACCESS_ADMINS: admin,
    HUICUN_LOG_LEVEL: 'debug',
  }
}

/** WeCom's own library where it can run: the copy in the Go module cache. */
function financeLibrary(): string {
  try {
    const go = (...args: string[]) => execFileSync('go', args, { cwd: root, encoding: 'utf8' }).trim().split('\n')
    if (go('env', 'GOOS', 'GOARCH', 'CGO_ENABLED').join('/') !== 'linux/amd64/1') return ''
    const [folder = ''] = go('list', '-m', '-f', '{{.Dir}}', 'github.com/silenceper/wechat/v2')
    const library = join(folder, 'work/msgaudit/lib/libWeWorkFinanceSdk_C.so')
    return existsSync(library) ? library : ''
  } catch {
    return '' // without Go there is no library, and the pure client does it
  }
}
