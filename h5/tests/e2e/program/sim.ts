// What tests do through wecomsim: people speak, delete each other, get messages.
import { expect } from 'vitest'

/** A text, and who says it to whom. */
export interface Said {
  from: string
  to: string
  text: string
}

/** A message that an app has sent to a member. */
export interface AppMessage {
  id: number
  userid: string
  msgtype: string
  content: { title?: string; description?: string; url?: string }
}

/** A message that somebody has sent, where the simulator's stream has it. */
export interface Sent {
  seq: number
  msgid: string
}

/** What a posted file's message claims besides the truth. */
export interface Claims {
  kind?: 'file' | 'image' | 'voice' | 'video' | 'emotion'
  name?: string
  md5?: string
  size?: string
}

/** A simulated WeCom. */
export class Sim {
  constructor(readonly url: string) {}

  /** Lets somebody say something; gives the msgid. */
  async say(said: Said): Promise<string> {
    return (await this.post<{ msgid: string }>('/sim/messages', said)).msgid
  }

  /** Lets from take back the message msgid. */
  async revoke(from: string, to: string, msgid: string): Promise<void> {
    await this.post('/sim/messages', { from, to, msgtype: 'revoke', pre_msgid: msgid })
  }

  /** Lets the customer delete the employee, or the reverse. */
  async remove(by: 'customer' | 'employee', userid: string, externalUserid: string): Promise<void> {
    await this.post('/sim/delete', { by, userid, external_userid: externalUserid })
  }

  /** Sends a message of any type, with a file of its own where the type has one. */
  sample(name: string, from: string, to: string): Promise<Sent> {
    return this.post<Sent>('/sim/samples', { name, from, to })
  }

  /** Sends any bytes as a file. */
  async file(from: string, to: string, claims: Claims, bytes: Uint8Array): Promise<Sent & { sha256: string }> {
    const query = new URLSearchParams({ from, to, ...claims })
    const answer = await fetch(`${this.url}/sim/files?${query}`, { method: 'POST', body: bytes as BodyInit })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`POST /sim/files: ${answer.status} ${text}`)
    return JSON.parse(text) as Sent & { sha256: string }
  }

  /** The bytes of the file that a message announces. */
  async bytesOf(seq: number): Promise<Buffer> {
    const answer = await fetch(`${this.url}/sim/messages?from_seq=${seq}&limit=1`)
    const { messages } = (await answer.json()) as { messages: { body: string }[] }
    const body = Buffer.from(messages[0]?.body ?? '', 'base64').toString()
    const id = /"sdkfileid"\s*:\s*"([^"]+)"/.exec(body)?.[1]
    if (!id) throw new Error(`message ${seq} has no file`)
    const file = await fetch(`${this.url}/sim/files?sdkfileid=${encodeURIComponent(id)}`)
    if (!file.ok) throw new Error(`GET /sim/files: ${file.status}`)
    return Buffer.from(await file.arrayBuffer())
  }

  /** Lets these faults strike, and no others. */
  async faults(...faults: { kind: string }[]): Promise<void> {
    await this.post('/sim/faults', { faults })
  }

  /** The app messages on a member's phone, oldest first. */
  async appMessages(userid: string): Promise<AppMessage[]> {
    const answer = await fetch(`${this.url}/sim/app-messages?userid=${userid}`)
    return ((await answer.json()) as { messages: AppMessage[] }).messages
  }

  /** The newest app message on a member's phone, once there are more than known. */
  async nextAppMessage(userid: string, known: number): Promise<AppMessage> {
    await expect.poll(async () => (await this.appMessages(userid)).length).toBeGreaterThan(known)
    const newest = (await this.appMessages(userid)).at(-1)
    if (!newest) throw new Error(`no app message for ${userid}`)
    return newest
  }

  private async post<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(this.url + path, { method: 'POST', body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
}
