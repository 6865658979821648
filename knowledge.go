package parley

import (
	"encoding/json"
	"slices"
	"time"
)

// Limits of what an environment's agents can look up.
const (
	DocumentContent  = 300_000    // characters of a document
	DocumentName     = 200        // characters
	DocumentTags     = 20         // of a document
	DocumentTag      = 100        // characters
	LibraryDocuments = 1000       // of an environment
	LibraryContent   = 10_000_000 // characters of all its documents
)

// The types of a Document.
const (
	PlainText = "text"
	Markdown  = "markdown"
	HTML      = "html"
)

// A Document is something an environment's agents may look up.
type Document struct {
	ID, UserID string
	Name       string
	Type       string // PlainText, Markdown or HTML
	Language   string // of the contract's; "" is en
	Tags       []string
	Content    string // not in lists
	Size       int    // characters of Content
	Revision   int64  // of the environment's library in which it became what it is
	Created    time.Time
	Updated    time.Time
}

// Knowledge is which documents an agent looks up.
type Knowledge struct {
	All       bool
	Documents []string // ids
}

// None reports whether nothing is looked up.
func (k Knowledge) None() bool { return !k.All && len(k.Documents) == 0 }

// Has reports whether a document is among them.
func (k Knowledge) Has(id string) bool { return k.All || slices.Contains(k.Documents, id) }

// UnmarshalJSON reads "all", or a list of ids.
func (k *Knowledge) UnmarshalJSON(b []byte) error {
	*k = Knowledge{}
	if string(b) == `"all"` {
		k.All = true
		return nil
	}
	return json.Unmarshal(b, &k.Documents)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (k Knowledge) MarshalJSON() ([]byte, error) {
	if k.All {
		return []byte(`"all"`), nil
	}
	return json.Marshal(k.Documents)
}

// A Passage is a piece of a document that may answer what was asked.
type Passage struct {
	DocumentID string  `json:"document_id"`
	Document   string  `json:"document"` // its name
	Heading    string  `json:"heading"`  // where in it, outermost first; "" at its beginning
	Text       string  `json:"text"`
	Score      float64 `json:"score"`
}

// A Lookup is the payload of EventKnowledge.
type Lookup struct {
	Query  string    `json:"query"`
	Asked  string    `json:"asked,omitempty"` // by the agent before
	TookMS float64   `json:"ms"`
	Chunks []Passage `json:"chunks"`
	Error  string    `json:"error,omitempty"` // the model was asked without
}
