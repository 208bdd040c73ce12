// Texts of what admins alone open: loaded together with it. In English they come
// with the other pages.
import admin from './admin'
import gallery from './gallery'

export default { ...admin, ...gallery }
