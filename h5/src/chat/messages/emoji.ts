// WeCom archives its built-in emoticons as text, for example [微笑]. Those that are
// in every chat are here; the others come when one of them is met.
import { shallowRef } from 'vue'

/** The characters that stand for the commonest emoticons. */
export const table: Record<string, string> = {
  微笑: '🙂', 撇嘴: '😟', 色: '😍', 发呆: '😳', 得意: '😎', 流泪: '😢', 害羞: '☺️', 大哭: '😭', 发怒: '😡', 调皮: '😜', 呲牙: '😁',
  惊讶: '😮', 难过: '🙁', 抓狂: '😫', 偷笑: '🤭', 愉快: '😊', 憨笑: '😄', 疑问: '🤔', 再见: '👋', 擦汗: '😓', 鼓掌: '👏', 坏笑: '😏',
  可怜: '🥺', 破涕为笑: '😂', 捂脸: '🤦', 奸笑: '😼', 机智: '🤓', 耶: '✌️', 加油: '💪', 旺柴: '🐶', 好的: '👌', 爱心: '❤️', 拥抱: '🤗',
  强: '👍', 握手: '🤝', 胜利: '✌️', 抱拳: '🙏', OK: '👌', 合十: '🙏', 咖啡: '☕', 玫瑰: '🌹', 庆祝: '🎉', 礼物: '🎁',
}

/** What may be the code of an emoticon, such as [微笑] or [Let Down]: the name stands inside. */
export const codePattern = String.raw`\[[\p{L}\p{N}][\p{L}\p{N} !！-]{0,13}\]`
const codes = new RegExp(codePattern, 'gu')

const others = shallowRef<Record<string, string>>()
let asked = false

/** All other names, once they are here. */
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
