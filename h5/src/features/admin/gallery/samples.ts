// The messages of one conversation, by type, for looking at how each is shown.
import { fetchConversation, fetchMessages, type Part } from '@/api/queries/chat'
import { type Api, api, call } from '@/api/client'
import type { Message } from '@/chat/rows'

/** What the demo calls the group that has every type. */
export const sampleGroup = '消息类型样例'
/** Messages shown at most. */
export const samplesAtMost = 300
/** Employees whose groups are looked through at most. */
const employeesAsked = 30

/** The messages of one type, oldest first. */
export interface Sample {
  msgtype: string
  kind: Api['Content']['kind']
  messages: Message[]
}

/** A conversation with its newest messages. */
export interface SampleChat {
  detail: Api['ConversationDetail']
  messages: Message[]
  /** Whether there are older ones than these. */
  more: boolean
}

/** Reads the newest messages of a conversation. */
export async function readSamples(cid: string, signal: AbortSignal): Promise<SampleChat> {
  const detail = await fetchConversation(cid, '', signal)
  let messages: Message[] = []
  let part: Part = {}
  for (;;) {
    const page = await fetchMessages(cid, part, signal)
    messages = [...page.items, ...messages]
    const oldest = messages[0]
    if (!page.has_older || !oldest || messages.length >= samplesAtMost) {
      const kept = messages.slice(-samplesAtMost)
      return { detail, messages: kept, more: page.has_older || kept.length < messages.length }
    }
    part = { older: oldest.id }
  }
}

/** Messages by type, types in the order in which they first appear. */
export function byType(messages: readonly Message[]): Sample[] {
  const samples = new Map<string, Sample>()
  for (const message of messages) {
    const msgtype = message.msgtype || message.content.kind
    const found = samples.get(msgtype)
    if (found) found.messages.push(message)
    else samples.set(msgtype, { msgtype, kind: message.content.kind, messages: [message] })
  }
  return [...samples.values()]
}

/** Groups in the viewer's scope that are called as the demo's is. */
export async function findSampleGroups(signal: AbortSignal): Promise<Api['Conversation'][]> {
  const { items } = await call(api.GET('/employees', { params: { query: { limit: employeesAsked } }, signal }))
  const found = await Promise.all(items.map(({ person }) => groupsOf(person.id, signal)))
  return [...new Map(found.flat().map((group) => [group.id, group])).values()]
}

async function groupsOf(id: string, signal: AbortSignal): Promise<Api['Conversation'][]> {
  const query = { tab: 'groups', q: sampleGroup, limit: 5 } as const
  return (await call(api.GET('/employees/{employee_id}/conversations', { params: { path: { employee_id: id }, query }, signal }))).items
}
