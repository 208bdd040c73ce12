// Texts of features/me; keys start with 'me.'.
export default {
} as const
