// The tabs of a chat's files and links, in order; the values are those of the contract.

/** The tabs. */
export const fileTabs = ['visual', 'file', 'link', 'voice'] as const
/** One of them. */
export type FileTab = (typeof fileTabs)[number]
