// Text in a bubble; long text is folded; a quote stands under it.
import { type FunctionalComponent, h, type VNode } from 'vue'
import type { Api } from '@/api/client'
import { t } from '@/i18n/t'
import { clean } from '@/ui/text'
import { type ChatContext, useChat } from '../context'
import type { Message } from '../rows'
import { bubble } from './Bubble'
import { withEmoji } from './emoji'
import Fold from './Fold.vue'
import Marked from './Marked'
import { prose } from './Prose'
import { isLong, isPiled, maxLength, spansInBody } from './tokens'
import type { ContentProps } from './types'
import './text.css'

/** The node of a text message. */
export function textMessage({ content, message, own }: ContentProps, chat: ChatContext): VNode {
  const said = bubble(own, [wordsOf(content.text?.body ?? '', message, chat)])
  const quote = content.text?.quote
  return quote ? h('div', { class: own ? 'quoting own' : 'quoting' }, [said, quoteNode(quote, message, chat)]) : said
}

/** Blanks alone are said to be so, on one line; what is not long does without the elements around it. */
function wordsOf(body: string, message: Message | undefined, chat: ChatContext): VNode {
  if (!body.trim()) return h('span', t('message.noContent'))
  const inBody = (spans: readonly Api['Span'][] | undefined) => (spans?.length ? spansInBody(message?.text ?? '', body, spans) : [])
  const found = inBody(message && chat.marks?.value.get(message.id))
  const words = () => prose(body, inBody(message?.violations?.flatMap((violation) => violation.spans)), chat, found)
  return isLong(body) || isPiled(body) ? h(Fold, { text: body, open: found.length > 0 }, { default: words }) : words()
}

/** The quote; where the original can be looked for, the way to it. */
function quoteNode({ author, body }: Api['Quote'], message: Message | undefined, chat: ChatContext): VNode {
  const line = h('span', { class: 'two-lines' }, [author ? `${clean(author)}：` : '', h(Marked, { text: withEmoji(clean(body, maxLength)), room: 30, of: message })])
  const { openQuote } = chat
  if (!message || !openQuote) return h('blockquote', { class: 'quote', 'aria-label': t('message.quote') }, [h('p', [line])])
  // To the original instead of to the details of this message.
  const onClick = (event: Event) => {
    event.stopPropagation()
    openQuote(message)
  }
  return h('blockquote', { class: 'quote', 'aria-label': t('message.quote') }, [h('button', { type: 'button', onClick }, [line])])
}

const TextMessage: FunctionalComponent<ContentProps> = (props) => textMessage(props, useChat())
TextMessage.props = { content: Object, message: Object, own: Boolean }

export default TextMessage
