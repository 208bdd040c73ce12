// Texts of the files, links and days of a chat.
export default {
  'files.title': 'Photos, files and links',
  'files.tab.visual': 'Media',
  'files.tab.file': 'Files',
  'files.tab.link': 'Links',
  'files.tab.voice': 'Voice',
  'files.empty.visual': 'No photos or videos in this chat',
  'files.empty.file': 'No files in this chat',
  'files.empty.link': 'No links in this chat',
  'files.empty.voice': 'No voice messages in this chat',
  'files.locate': 'Show in chat',
  'files.quoteNotFound': 'The quoted message was not found',
  'days.time': 'From',
  'days.jump': 'Go',
  'days.years': 'Years',
}
