// What a test prepares through huicun's API instead of the pages.
import { setTimeout } from 'node:timers/promises'
import { type APIRequestContext, type APIResponse, request } from 'playwright-core'
import type { Api } from '../../../src/api/client'
import type { Addresses } from './world'

/** A conversation of an employee with a customer. */
export interface Chat {
  id: string
  /** userid */
  employee: string
  /** external_userid */
  customer: string
  /** What the customer calls himself. */
  name: string
  /** What the lists call it. */
  title: string
  /** Where it opens, with the employee on the right. */
  path: string
}

/** A member who is signed in and calls the API. */
export class Caller {
  private constructor(
    private readonly http: APIRequestContext,
    private readonly csrf: string,
    private readonly origin: string,
    readonly me: Api['Me'],
  ) {}

  /** Signs userid in, as a WeCom client that is bound to the member does. */
  static async signIn(at: Addresses, userid: string): Promise<Caller> {
    const bound = { name: 'wecomsim_member', value: userid, domain: '127.0.0.1', path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Lax' as const }
    const http = await request.newContext({
      baseURL: at.huicun,
      userAgent: 'e2e wxwork/5.0.0',
      storageState: { cookies: [bound], origins: [] },
    })
    const page = await http.get('/auth/login?return_to=/')
    if (!page.ok()) throw new Error(`${userid} cannot sign in: ${page.status()}`)
    const me = (await (await http.get('/api/v1/me')).json()) as Api['Me']
    return new Caller(http, me.csrf, at.huicun, me)
  }

  /** Calls an operation; fails unless it succeeds. */
  async call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, data?: object): Promise<T> {
    const headers = { 'X-CSRF-Token': this.csrf, Origin: this.origin }
    const answer = await this.patiently(() => this.http.fetch(`/api/v1${path}`, { method, data, headers }))
    const text = await answer.text()
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${text}`)
    return (text ? JSON.parse(text) : undefined) as T
  }

  /** Makes userid a viewer of departments, unless the account exists. */
  async giveAccount(userid: string, departments: string[]): Promise<Api['Viewer']> {
    const { items } = await this.call<{ items: Api['Viewer'][] }>('GET', '/viewers')
    const found = items.find((viewer) => viewer.userid.toLowerCase() === userid.toLowerCase())
    const wanted = { userid, role: 'viewer', disabled: false, departments, employees: [] }
    return found ?? this.call('POST', '/viewers', wanted)
  }

  /** The nth newest conversation of an employee with a customer who is still one. */
  async conversation(userid: string, nth = 0): Promise<Chat> {
    const path = `/employees/${userid.toLowerCase()}/conversations?tab=customers`
    const { items } = await this.call<{ items: Api['Conversation'][] }>('GET', path)
    const found = items.filter((one) => one.state === 'active')[nth]
    if (!found?.peer) throw new Error(`${userid} has no conversation ${nth} among ${items.length}`)
    const title = found.remark || found.title
    return { id: found.id, employee: userid, customer: found.peer.id, name: found.peer.name, title, path: `/c/${found.id}?as=${userid.toLowerCase()}` }
  }

  /** The messages of a chat by their seq, newest hundred. */
  async bySeq(chat: Chat): Promise<Map<number, Api['Message']>> {
    const { items } = await this.call<Api['MessagePage']>('GET', `/conversations/${chat.id}/messages?limit=100`)
    return new Map(items.map((message) => [Number(message.seq), message]))
  }

  /** Opens a link of this site as a browser does. */
  open(link: string): Promise<APIResponse> {
    return this.patiently(() => this.http.get(link))
  }

  /** Asks again when the server says that it was too much, after the time that it gives. */
  private async patiently(ask: () => Promise<APIResponse>): Promise<APIResponse> {
    for (let left = 20; ; left--) {
      const answer = await ask()
      if (answer.status() !== 429 || left === 0) return answer
      await setTimeout(1000 * Number(answer.headers()['retry-after'] ?? 1))
    }
  }

  /** Text of the newest message of a chat; empty when it has none. */
  async lastOf(chat: Chat): Promise<string> {
    const { items } = await this.call<{ items: Api['Message'][] }>('GET', `/conversations/${chat.id}/messages?limit=1`)
    return items.at(-1)?.text ?? ''
  }

  /** Forgets the session on this side. */
  dispose(): Promise<void> {
    return this.http.dispose()
  }
}
