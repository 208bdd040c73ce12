// The component that draws each kind of content. A kind that the contract gains
// does not compile until it has one here or in rare.ts.
import { type Component, defineAsyncComponent } from 'vue'
import type { Api } from '@/api/client'
import FileCard from './FileCard.vue'
import LinkCard from './LinkCard.vue'
import MediaBox from './MediaBox.vue'
import NoticeLine from './NoticeLine.vue'
import TextMessage from './TextMessage'
import type { ContentKind } from './types'
import VoiceMessage from './VoiceMessage.vue'

/** Kinds that most chats do without: their components come in a file of their own. */
const rareKinds = ['news', 'card', 'location', 'todo', 'vote', 'collect', 'meeting', 'calendar', 'call', 'channel', 'redpacket', 'markdown', 'solitaire', 'chatrecord', 'mixed', 'note', 'unsupported'] as const

/** One of them. */
export type RareKind = (typeof rareKinds)[number]

let rareLoaded: Promise<void> | undefined
let rareHere = false

/** Loads the components of the rare kinds; a failed attempt is made again by the next call. */
export function loadRare(): Promise<void> {
  rareLoaded ??= import('./rare').then(
    ({ rare }) => {
      Object.assign(registry, rare)
      rareHere = true
    },
    (failure: unknown) => {
      rareLoaded = undefined
      throw failure
    },
  )
  return rareLoaded
}

/**
 * Settles when whatever the messages hold can be drawn at its full height; undefined
 * when it can be already. Where that fails, it is drawn as soon as it can be.
 */
export function kindsReady(messages: readonly { content: Api['Content'] }[]): Promise<void> | undefined {
  if (!rareHere && messages.some(({ content }) => holdsRare(content))) return loadRare().catch(() => undefined)
}

function holdsRare(content: Api['Content']): boolean {
  return rareKinds.some((kind) => kind === content.kind) || !isKnown(content.kind) || (content.parts ?? []).some(holdsRare)
}

/** A component that stands for one that is still to be loaded. */
function later(kind: RareKind): Component {
  return defineAsyncComponent(() => loadRare().then(() => registry[kind]))
}

/** Component by kind. */
export const registry: Record<ContentKind, Component> = {
  ...(Object.fromEntries(rareKinds.map((kind) => [kind, later(kind)])) as Record<RareKind, Component>),
  text: TextMessage,
  image: MediaBox,
  video: MediaBox,
  emotion: MediaBox,
  voice: VoiceMessage,
  file: FileCard,
  doc_share: FileCard,
  link: LinkCard,
  doc: LinkCard,
  drive_file: LinkCard,
  weapp: LinkCard,
  revoke: NoticeLine,
  consent: NoticeLine,
  notice: NoticeLine,
  switch: NoticeLine,
}

function isKnown(kind: string): kind is ContentKind {
  return Object.prototype.hasOwnProperty.call(registry, kind)
}

/** The component for kind; a newer server may send one that this page does not know. */
export function componentOf(kind: string): Component {
  return registry[isKnown(kind) ? kind : 'unsupported']
}
