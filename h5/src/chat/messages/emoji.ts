// WeCom archives its built-in emoticons as text, for example [微笑]. The names of
// clients in Chinese are here; those of others come when one of them is met.
import { shallowRef } from 'vue'

/** The character that stands for each emoticon. */
export const table: Record<string, string> = {
  微笑: '🙂', 撇嘴: '😟', 色: '😍', 发呆: '😳', 得意: '😎', 流泪: '😢', 害羞: '☺️', 闭嘴: '🤐', 睡: '😴',
  大哭: '😭', 尴尬: '😅', 发怒: '😡', 调皮: '😜', 呲牙: '😁', 惊讶: '😮', 难过: '🙁', 囧: '😖', 抓狂: '😫',
  吐: '🤮', 偷笑: '🤭', 愉快: '😊', 白眼: '🙄', 傲慢: '😤', 困: '😪', 惊恐: '😨', 憨笑: '😄', 悠闲: '😌',
  咒骂: '🤬', 疑问: '🤔', 嘘: '🤫', 晕: '😵', 衰: '😩', 骷髅: '💀', 敲打: '🔨', 再见: '👋', 擦汗: '😓',
  抠鼻: '😏', 鼓掌: '👏', 坏笑: '😏', 右哼哼: '😤', 鄙视: '😒', 委屈: '🥺', 快哭了: '😥', 阴险: '😈',
  亲亲: '😘', 可怜: '🥺', 笑脸: '😀', 生病: '🤒', 脸红: '😳', 破涕为笑: '😂', 恐惧: '😱', 失望: '😞',
  无语: '😑', 嘿哈: '💪', 捂脸: '🤦', 奸笑: '😼', 机智: '🤓', 皱眉: '😣', 耶: '✌️', 吃瓜: '🍉', 加油: '💪',
  汗: '😓', 天啊: '😱', Emm: '🤨', 社会社会: '🤝', 旺柴: '🐶', 好的: '👌', 打脸: '🤕', 哇: '🤩', 翻白眼: '🙄',
  666: '👍', 让我看看: '👀', 叹气: '😮‍💨', 苦涩: '🥲', 裂开: '💔', 嘴唇: '👄', 爱心: '❤️', 心碎: '💔',
  拥抱: '🤗', 强: '👍', 弱: '👎', 握手: '🤝', 胜利: '✌️', 抱拳: '🙏', 勾引: '👉', 拳头: '👊', OK: '👌',
  合十: '🙏', 啤酒: '🍺', 咖啡: '☕', 蛋糕: '🎂', 玫瑰: '🌹', 凋谢: '🥀', 菜刀: '🔪', 炸弹: '💣', 便便: '💩',
  月亮: '🌙', 太阳: '☀️', 庆祝: '🎉', 礼物: '🎁', 红包: '🧧', 發: '🤑', 福: '🧧', 烟花: '🎆', 爆竹: '🧨',
  猪头: '🐷', 跳跳: '🐸', 发抖: '🥶', 转圈: '💃', 飞吻: '😚', 礼花: '🎊', 爱你: '🤟', NO: '🙅', 蜡烛: '🕯️',
}

/** What may be the code of an emoticon, such as [微笑] or [Let Down]: the name stands inside. */
export const codePattern = String.raw`\[[\p{L}\p{N}][\p{L}\p{N} !！-]{0,13}\]`
const codes = new RegExp(codePattern, 'gu')

const others = shallowRef<Record<string, string>>()
let asked = false

/** Names in other languages and older ones, all of them once they are here. */
function otherNames(): Record<string, string> | undefined {
  if (!asked) {
    asked = true
    void import('../emojiNames').then((found) => (others.value = found.characters(table))).catch(() => (asked = false))
  }
  return others.value
}

function own(names: Record<string, string> | undefined, name: string): string | undefined {
  return names && Object.prototype.hasOwnProperty.call(names, name) ? names[name] : undefined
}

/** The character for an emoticon's name, if there is one. */
export function emojiOf(name: string): string | undefined {
  return own(table, name) ?? own(otherNames(), name)
}

/** Where the picture of a character is: files of public/emoji, named by its code points. */
export function emojiPicture(character: string): string {
  const points = Array.from(character, (one) => (one.codePointAt(0) ?? 0).toString(16))
  return `/emoji/${points.filter((point) => point !== 'fe0f').join('-')}.svg`
}

/** text with the codes of emoticons replaced by their characters. */
export function withEmoji(text: string): string {
  return text.replace(codes, (code) => emojiOf(code.slice(1, -1)) ?? code)
}
