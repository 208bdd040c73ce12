// Texts of features/alerts; keys start with 'alerts.'.
export default {
} as const
