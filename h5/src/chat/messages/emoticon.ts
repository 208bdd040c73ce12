// An emoticon as a picture, which says its code; the character where it has none.
import { type FunctionalComponent, h, shallowReactive, type VNode } from 'vue'
import { emojiPicture } from './emoji'

/** Characters whose picture could not be had. */
const broken = shallowReactive(new Set<string>())

/** The node of an emoticon. */
export function emoticon(character: string, code: string): VNode {
  if (broken.has(character)) return h('span', { role: 'img', 'aria-label': code }, character)
  return h('img', { class: 'emoji', src: emojiPicture(character), alt: code, loading: 'lazy', onError: () => broken.add(character) })
}

const Emoticon: FunctionalComponent<{ character: string; code: string }> = (props) => emoticon(props.character, props.code)
Emoticon.props = ['character', 'code']

export default Emoticon
