// The components of the kinds that most chats do without.
import type { Component } from 'vue'
import FieldsCard from './FieldsCard.vue'
import LocationCard from './LocationCard.vue'
import MarkdownMessage from './MarkdownMessage.vue'
import MixedMessage from './MixedMessage.vue'
import NewsCard from './NewsCard.vue'
import PacketCard from './PacketCard.vue'
import PersonCard from './PersonCard.vue'
import RecordCard from './RecordCard.vue'
import SolitaireCard from './SolitaireCard.vue'
import Unknown from './Unknown.vue'
import type { RareKind } from './registry'

/** Component by kind. */
export const rare: Record<RareKind, Component> = {
  news: NewsCard,
  card: PersonCard,
  location: LocationCard,
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
  chatrecord: RecordCard,
  mixed: MixedMessage,
  note: MixedMessage,
  unsupported: Unknown,
}
