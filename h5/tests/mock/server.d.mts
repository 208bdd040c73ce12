import type { Server } from 'node:http'

/** A person as the mock server answers it. */
interface MockPerson {
  id: string
  kind: string
  name: string
}

/** A message as the mock server answers it. */
export interface MockMessage {
  id: string
  conversation_id: string
  seq: string
  sent_at: string
  msgtype: string
  text: string
  sender: MockPerson
  content: { kind: string; [part: string]: unknown }
}

/** Conversations by id. */
export const chats: Map<string, { messages: MockMessage[] }>
/** Customers, in the order of their conversations. */
export const customers: MockPerson[]
/** The employee who is watched. */
export const me: MockPerson
/** Links to files that were followed, oldest first: file and form. */
export const followed: string[]
/** Makes every link to a file invalid that was given so far. */
export function endLinks(id: string): void
/** What is known of a file changes. */
export function changeFile(id: string, more: Record<string, unknown>): void
/** Sends a live event to every open stream. */
export function push(event: string, data: unknown): void
/** Starts on a free port of the loopback. */
export function start(options?: { port?: number; delayMs?: number }): Promise<{ server: Server; url: string }>
