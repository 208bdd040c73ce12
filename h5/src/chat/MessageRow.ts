// One message with what stands around it: time, face, name, badges. Of functions that
// make nodes, and one component a row: a fast scroll brings a hundred rows a second.
import { defineComponent, h, type PropType, type VNode } from 'vue'
import { t } from '@/i18n/t'
import { momentLabel } from '@/i18n/time'
import Avatar from '@/ui/Avatar.vue'
import { tileOf } from '@/ui/colors'
import PersonName from '@/ui/PersonName.vue'
import { nameOf } from '@/ui/person'
import { clean } from '@/ui/text'
import { type ChatContext, useChat } from './context'
import { componentOf } from './messages/registry'
import { summary } from './messages/summary'
import { textMessage } from './messages/TextMessage'
import { isCentred, type Message, type Row } from './rows'
import './row.css'

const spokenLength = 200
const faceSize = 40

function rowNode(row: Row, chat: ChatContext): VNode {
  const { message, separator } = row
  const name = nameOf(message.sender)
  const time = momentLabel(new Date(message.sent_at))
  const label = t('chat.article', {
    sender: name,
    time,
    kind: t(`kind.${message.content.kind}`),
    text: clean(summary(message.content), spokenLength),
  })
  const said = isCentred(message) ? contentNode(message, false, chat) : lineNode(row, name, chat)
  return h(
    'article',
    {
      class: chat.flash.value === message.id ? 'message flash' : 'message',
      'data-id': message.id,
      tabindex: '-1',
      'aria-setsize': '-1',
      'aria-label': label,
    },
    separator ? [h('p', { class: 'time' }, time), said] : [said],
  )
}

/** Somebody's face and what he says. */
function lineNode(row: Row, name: string, chat: ChatContext): VNode {
  const { message } = row
  const own = message.sender.id === chat.right.value
  const body: VNode[] = []
  if (row.named && !own && chat.group.value) body.push(h('p', { class: 'name one-line' }, [h(PersonName, { person: message.sender })]))
  body.push(h('div', { class: message.revoked ? 'said revoked' : 'said' }, [contentNode(message, own, chat)]))
  if (message.revoked) body.push(revokedNode(message.revoked.at))
  if (message.violations?.length && chat.highlight.value) body.push(hitsNode(message.violations))
  return h('div', { class: own ? 'line own' : 'line' }, [faceNode(message.sender, name, chat), h('div', { class: 'body' }, body)])
}

function faceNode(sender: Message['sender'], name: string, chat: ChatContext): VNode {
  const onClick = (event: Event) => {
    event.stopPropagation()
    chat.openPerson(sender)
  }
  return h('button', { type: 'button', class: 'face', 'aria-label': t('chat.openProfile', { name }), onClick }, [
    sender.avatar ? h(Avatar, { id: sender.id, name, src: sender.avatar, size: faceSize }) : tileNode(sender.id, name),
  ])
}

/** As Avatar draws it for somebody without a picture. */
function tileNode(id: string, name: string): VNode {
  const { look, label } = tileOf(id, name, faceSize)
  return h('span', { class: 'avatar', style: look, 'aria-hidden': 'true' }, label)
}

function contentNode(message: Message, own: boolean, chat: ChatContext): VNode {
  const given = { content: message.content, message, own }
  return message.content.kind === 'text' ? textMessage(given, chat) : h(componentOf(message.content.kind), given)
}

function revokedNode(at: string): VNode {
  const time = momentLabel(new Date(at))
  return h('p', { class: 'badges' }, [h('span', { class: 'tag' }, t('message.revoked')), h('span', t('message.revokedAt', { time }))])
}

function hitsNode(violations: NonNullable<Message['violations']>): VNode {
  const tags = violations.map(({ id, rule_name, private: own }) => h('span', { key: id, class: `tag ${own ? '' : 'bad '}one-line` }, clean(rule_name)))
  return h('p', { key: 'hits', class: 'badges' }, tags)
}

export default defineComponent({
  name: 'MessageRow',
  props: { row: { type: Object as PropType<Row>, required: true } },
  setup(props) {
    const chat = useChat()
    return () => rowNode(props.row, chat)
  },
})
