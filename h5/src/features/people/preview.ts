// What a list says of a conversation's last message.
import type { Api } from '@/api/client'
import { withEmoji } from '@/chat/messages/emoji'
import type { ContentKind } from '@/chat/messages/types'
import { t } from '@/i18n/t'

/** Kinds of content whose msgtype has another name. */
const kinds = new Map<string, ContentKind>([
  ['agree', 'consent'],
  ['disagree', 'consent'],
  ['external_redpacket', 'redpacket'],
  ['meeting_notification', 'notice'],
  ['docmsg', 'doc'],
  ['meeting_voice_call', 'call'],
  ['voiptext', 'call'],
  ['voip_doc_share', 'doc_share'],
  ['sphfeed', 'channel'],
  ['qydiskfile', 'drive_file'],
])

/** Kinds whose msgtype is their own name. */
const plain = new Set<string>([
  'image', 'revoke', 'voice', 'video', 'card', 'location', 'emotion', 'file', 'link', 'weapp', 'chatrecord', 'todo', 'vote',
  'collect', 'redpacket', 'meeting', 'switch', 'markdown', 'news', 'calendar', 'mixed', 'solitaire', 'note',
])

/** The last message in one line: its text, behind the kind in brackets where it is no text. */
export function previewOf(last: Pick<Api['LastMessage'], 'msgtype' | 'text'>): string {
  const text = withEmoji(last.text.replace(/\s+/g, ' ').trim())
  if (last.msgtype === 'text') return text || t('message.noContent')
  const kind = kinds.get(last.msgtype) ?? (plain.has(last.msgtype) ? (last.msgtype as ContentKind) : 'unsupported')
  return `[${t(`kind.${kind}`)}] ${text}`.trim()
}
