// Texts of features/admin; keys start with 'admin.'.
export default {
} as const
