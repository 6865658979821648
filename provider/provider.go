// Package provider is what a vendor says of itself (Spec) and the plumbing they share: keys and addresses, HTTP, websockets, gRPC.
// Each vendor is a folder below, one file per skill; the table of them is provider/all. Only Pieces, Ear, Spare and
// Wire start goroutines: those of the first two end with the loop over their stream, the others with Close.
package provider

import (
	"context"
	"encoding/json"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// A Spec is a vendor: its names in the contract and in the environment, and what it can do. A skill it lacks is nil.
type Spec struct {
	Name           string            // openai: the contract's provider, and the suffix of transcriber_… and voice_…
	Title          string            // OpenAI
	Env            string            // OPENAI: prefix of OPENAI_API_KEY and OPENAI_BASE_URL; "" when it needs no key
	ConnectionType string            // account_connection_openai
	KeyField       string            // name of the key in that connection's credentials: openai_api_key
	BaseURL        string            // default; http(s), from which its websocket address follows
	Vars           []string          // further credentials that the environment may hold: region, of AZURE_SPEECH_REGION
	Presets        map[string]string // addresses that a connection's preset stands for
	Hearing        *Hearing
	Thinking       *Thinking
	Speaking       *Speaking
	Checks         []Check // of all skills that need a key
}

// Access is how a vendor is reached and paid.
type Access struct {
	Key     string
	BaseURL string
	Extra   map[string]string // other credentials of the connection, by their names
	Net     *Net              // nil: BaseURL is the operator's, not a tenant's

	Language string // of the agent, in the contract's code, for what is opened before the first words; "": not known
}

// VoiceType is the type of the vendor's voices in the contract, such as voice_deepgram.
func (s Spec) VoiceType() string {
	if s.Speaking != nil && s.Speaking.Type != "" {
		return s.Speaking.Type
	}
	return "voice_" + s.Name
}

// Hearing opens transcribers of a vendor. One transcriber serves one call. Without Open the vendor is known by name alone: what
// agents say of it is kept, and another stands in.
type Hearing struct {
	Options any // pointer to a zero struct: json tags name the fields of the contract's transcriber object, doc tags explain them
	Open    func(a Access, options json.RawMessage) (stt.Transcriber, error)
}

// By is how a skill is reached whose keys are other than the vendor's.
type By struct {
	Env, ConnectionType string
	Vars                []string
}

// Thinks is the vendor as it is reached to think.
func (s Spec) Thinks() Spec {
	if s.Thinking != nil && s.Thinking.By != nil {
		s.Env, s.ConnectionType, s.Vars = s.Thinking.By.Env, s.Thinking.By.ConnectionType, s.Thinking.By.Vars
	}
	return s
}

// Thinking opens models of a vendor. Without Open the vendor is known by name alone.
type Thinking struct {
	Default string // model taken when the agent names none
	By      *By    // nil: reached as the vendor itself
	Options any    // as in Hearing, of the agent's own fields; nil: none
	Open    func(a Access, model string, options json.RawMessage) (llm.Model, error)
}

// Speaking opens voices of a vendor. One synthesizer serves one call. A synthesizer that keeps a connection between replies
// is an io.Closer: whoever opened it, or the tts.Fallback around it, closes it when the call is over. Without Open the vendor is
// known by name alone.
type Speaking struct {
	Type    string // of the contract's voice, where it is not voice_ and the vendor's name
	Options any    // as in Hearing, of the contract's voice object
	Open    func(a Access, options json.RawMessage) (tts.Synthesizer, error)
	Voices  func(ctx context.Context, a Access) ([]Voice, error) // which there are, MaxVoices at most; nil: it cannot be asked
}

// A Warmer has something worth doing while the phone rings: connections to open, a model to load. Transcribers, models and
// synthesizers may implement it. Warm returns when done, or when
// ctx is; an error is not fatal.
type Warmer interface {
	Warm(ctx context.Context) error
}
