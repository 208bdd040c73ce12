// Texts of the gallery of message types, and of what the product is made with.
export default {
  'admin.gallery': 'Message types',
  'admin.galleryHint': 'See how each kind of message is shown',
  'gallery.pickHint': 'Choose a group to see each kind of message in it',
  'gallery.none': 'No group named {name}',
  'gallery.noneHint': 'Every chat has this page in its details; the demo has such a group',
  'gallery.width': 'Width',
  'gallery.width.phone': 'Phone',
  'gallery.width.desktop': 'Desktop',
  'gallery.width.both': 'Side by side',
  'gallery.count': { one: '{n} message, {types} types', other: '{n} messages, {types} types' },
  'gallery.more': 'Only the newest {n} are shown',
  'gallery.open': 'Open chat',
  'me.emoji': 'Emoji graphics: Twemoji, copyright Twitter, Inc and other contributors, licensed under CC-BY 4.0',
}
