// The component that draws each kind of content. A kind that the contract gains
// does not compile until it has one here.
import type { Component } from 'vue'
import FieldsCard from './FieldsCard.vue'
import FileCard from './FileCard.vue'
import LinkCard from './LinkCard.vue'
import LocationCard from './LocationCard.vue'
import MarkdownMessage from './MarkdownMessage.vue'
import MediaBox from './MediaBox.vue'
import MixedMessage from './MixedMessage.vue'
import NewsCard from './NewsCard.vue'
import NoticeLine from './NoticeLine.vue'
import PacketCard from './PacketCard.vue'
import PersonCard from './PersonCard.vue'
import RecordCard from './RecordCard.vue'
import SolitaireCard from './SolitaireCard.vue'
import TextMessage from './TextMessage.vue'
import type { ContentKind } from './types'
import Unknown from './Unknown.vue'
import VoiceMessage from './VoiceMessage.vue'

/** Component by kind. */
export const registry: Record<ContentKind, Component> = {
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
  news: NewsCard,
  card: PersonCard,
  location: LocationCard,
  chatrecord: RecordCard,
  mixed: MixedMessage,
  note: MixedMessage,
  todo: FieldsCard,
  vote: FieldsCard,
  collect: FieldsCard,
  meeting: FieldsCard,
  calendar: FieldsCard,
  call: FieldsCard,
  channel: FieldsCard,
  redpacket: PacketCard,
  markdown: MarkdownMessage,
  solitaire: SolitaireCard,
  revoke: NoticeLine,
  consent: NoticeLine,
  notice: NoticeLine,
  switch: NoticeLine,
  unsupported: Unknown,
}

/** The component for kind; a newer server may send one that this page does not know. */
export function componentOf(kind: string): Component {
  return Object.prototype.hasOwnProperty.call(registry, kind) ? registry[kind as ContentKind] : Unknown
}
