// The frame of what is said: rounded, with a tail towards the sender.
import { type FunctionalComponent, h, type VNode, type VNodeArrayChildren } from 'vue'
import './bubble.css'

/** The node of a bubble around what is said. */
export function bubble(own: boolean, said: VNodeArrayChildren): VNode {
  return h('div', { class: own ? 'bubble own' : 'bubble' }, said)
}

const Bubble: FunctionalComponent<{ own: boolean }> = (props, { slots }) => bubble(props.own, slots.default?.() ?? [])
Bubble.props = { own: Boolean }

export default Bubble
