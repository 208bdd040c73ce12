// Texts that come with the entry chunk.
import chat from './chat'
import common from './common'
import messages from './messages'
import people from './people'

export default { ...common, ...people, ...chat, ...messages }
