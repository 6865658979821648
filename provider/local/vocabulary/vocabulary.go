// Package vocabulary prepares what a speech recogniser is to expect: language models in ARPA form, pronouncing
// dictionaries, and the words of an agent's own text as a caller would say them. It starts no goroutine.
package vocabulary

// An Ngram is up to three words, oldest first, with its log10 probability and, where it is a history of longer ones, its
// log10 back-off weight.
type Ngram struct {
	Words   [3]uint32 // indices into Model.Words; only the first Order count
	Prob    float32
	Backoff float32
}

// A Model is a back-off language model of order three. Grams[0] are single words, in the order of Words.
type Model struct {
	Words []string
	Grams [3][]Ngram
}

// The sentence marks of every model.
const (
	Begin = "<s>"
	End   = "</s>"
)
