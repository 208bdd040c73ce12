// Texts that come with the entry chunk.
import type { CoreMessages } from '../t'
import chat from './chat'
import common from './common'
import messages from './messages'
import people from './people'

const core: CoreMessages = { ...common, ...people, ...chat, ...messages }
export default core
