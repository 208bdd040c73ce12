// Texts of the files, links and days of a chat.
export default {
  'files.title': '图片、文件与链接',
  'files.tab.visual': '图片与视频',
  'files.tab.file': '文件',
  'files.tab.link': '链接',
  'files.tab.voice': '语音',
  'files.empty.visual': '这个会话里没有图片和视频',
  'files.empty.file': '这个会话里没有文件',
  'files.empty.link': '这个会话里没有链接',
  'files.empty.voice': '这个会话里没有语音',
  'files.locate': '定位到聊天',
  'files.quoteNotFound': '没有找到被引用的消息',
  'days.time': '从几点开始',
  'days.jump': '跳转',
  'days.years': '年份',
} as const
