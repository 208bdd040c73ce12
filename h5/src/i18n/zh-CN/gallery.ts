// Texts of the gallery of message types, and of what the product is made with.
export default {
  'admin.gallery': '消息类型样例',
  'admin.galleryHint': '逐一查看每种消息的显示效果',
  'gallery.pickHint': '选择一个群聊，查看其中每一种消息',
  'gallery.none': '没有名为“{name}”的群聊',
  'gallery.noneHint': '可以在任意会话的详情中打开它的样例页；演示环境自带这个群聊',
  'gallery.width': '宽度',
  'gallery.width.phone': '手机',
  'gallery.width.desktop': '桌面',
  'gallery.width.both': '并排',
  'gallery.count': '{n} 条消息，{types} 种类型',
  'gallery.more': '只显示最新的 {n} 条',
  'gallery.open': '打开会话',
  'me.emoji': '表情图片：Twemoji，版权归 Twitter, Inc 及其他贡献者，按 CC-BY 4.0 许可使用',
} as const
