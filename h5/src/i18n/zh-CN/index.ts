// Texts that come with the entry chunk.
import chat from './chat'
import common from './common'
import messages from './messages'

export default { ...common, ...chat, ...messages }
