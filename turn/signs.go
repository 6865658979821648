package turn

// Listens reports whether a text is nothing but signs of listening, in a language of the contract.
func Listens(language, text string) bool { return languageOf(language).backchannel(text) }
