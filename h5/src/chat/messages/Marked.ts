// A part of a message that is not its text: a file's name, a card's title. What a
// search has found in it is marked; what marks comes with the search.
import { type FunctionalComponent, inject } from 'vue'
import { type MarkedPart, useChat } from '../context'
import { partKey } from './types'

const Marked: FunctionalComponent<MarkedPart> = (part) => useChat().marks?.value.draw?.(part, part.of ?? inject(partKey, undefined)?.()) ?? part.text
Marked.props = ['text', 'whole', 'room', 'of']

export default Marked
