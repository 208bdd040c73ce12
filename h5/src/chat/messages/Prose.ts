// Text as tokens: links, emoticons, @names, marked hits. A function makes the nodes,
// which rows call by itself: components of their own are what makes many rows slow.
import { type FunctionalComponent, h, inject, type VNode } from 'vue'
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'
import { type ChatContext, useChat } from '../context'
import type { Message } from '../rows'
import { emoticon } from './emoticon'
import { maxLength, type Token, tokenize } from './tokens'
import { partKey } from './types'
import './prose.css'

/** The node of text; spans are marked where the chat marks hits, and what a search has found in it. */
export function prose(text: string, spans: readonly Api['Span'][], chat: ChatContext, found: readonly Api['Span'][] = []): VNode {
  const tokens = tokenize(text, chat.highlight.value ? spans : [], found.length ? found : chat.find.value, text.includes('@') ? chat.names?.value : [])
  const pieces = tokens.map((token) => pieceOf(token, chat))
  if (text.length > maxLength) pieces.push(h('em', t('message.hidden')))
  const [only] = pieces
  return h('span', { class: 'prose' }, pieces.length === 1 && typeof only === 'string' ? only : pieces)
}

function pieceOf(token: Token, chat: ChatContext): VNode | string {
  const inner = token.code ? emoticon(token.text, token.code) : token.text
  const said = token.mark ? h('mark', { class: token.mark }, [inner]) : inner
  if (token.kind === 'url') return linkTo(token.href ?? '', said, chat)
  return token.kind === 'mention' && !token.mark ? h('span', { class: 'mention' }, token.text) : said
}

/** A link that is asked about before it is followed. */
function linkTo(href: string, said: VNode | string, chat: ChatContext): VNode {
  const onClick = (event: Event) => {
    event.preventDefault()
    event.stopPropagation()
    chat.openLink(href)
  }
  return h('a', { class: 'url', href, rel: 'noopener noreferrer nofollow', onClick }, [said])
}

const Prose: FunctionalComponent<{ text: string; of?: Message }> = ({ text, of }) => {
  const chat = useChat()
  return prose(text, [], chat, chat.marks?.value.spans?.(text, of ?? inject(partKey, undefined)?.()))
}
Prose.props = ['text', 'of']

export default Prose
