/** Secrets that an answer told, this once, by the id of what they are of; they are gone once their page is left, or the login ends. */
export const revealed = $state<Record<string, string>>({})

export function conceal() { for (const id of Object.keys(revealed)) delete revealed[id] }
