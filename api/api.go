// Package api is the REST API: /v1 from the contract in openapi.yaml, bearer keys, the live stream of a call's events, and
// the pages around them. Routes is its table of contents.
//
// Goroutines: none of its own; each request runs in the goroutine its server gave it, a stream of events until the call is
// over, the reader is gone or too slow, or Close.
package api

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/knowledge"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
)

// Store keeps the entities. *store.DB is one.
type Store interface {
	doorStore
	partStore
	agentStore
	numberStore
	callStore
	webhookStore
	tenantStore
}

// tenantStore keeps the tenants, and what is theirs as a whole.
type tenantStore interface {
	environmentStore
	keyStore
	doNotCallStore
	knownStore
	steeringStore
	usageStore
	Ping(ctx context.Context) error
}

// knownStore keeps what agents know beside their prompts.
type knownStore interface {
	memoryStore
	documentStore
}

// doorStore is what a request passes first: whose it is, and whether it was made before.
type doorStore interface {
	loginStore
	LookupKey(ctx context.Context, hash [32]byte) (store.APIKey, error)
	Environment(ctx context.Context, id string) (store.Environment, error)
	BeginRequest(ctx context.Context, env, key, request string) (store.Begun, error)
	EndRequest(ctx context.Context, env, key string, status int, body []byte) error
}

type partStore interface {
	Create(ctx context.Context, env string, k store.Kind, doc store.Doc) (store.Doc, error)
	Get(ctx context.Context, env string, k store.Kind, id string) (store.Doc, error)
	List(ctx context.Context, env string, k store.Kind, p store.Page) (store.List[store.Doc], error)
	Update(ctx context.Context, env string, k store.Kind, id string, patch store.Doc) (store.Doc, error)
	Delete(ctx context.Context, env string, k store.Kind, id string) (store.Doc, error)
}

type agentStore interface {
	CreateAgent(ctx context.Context, env string, doc store.Doc) (store.Doc, error)
	Agent(ctx context.Context, env, id string) (store.Doc, error)
	Agents(ctx context.Context, env string, p store.Page) (store.List[store.Doc], error)
	UpdateAgent(ctx context.Context, env, id string, patch store.Doc) (store.Doc, error)
	DeleteAgent(ctx context.Context, env, id string) (store.Doc, error)
	AssembleAgent(ctx context.Context, env string, given any) (parley.Agent, error)
}

type numberStore interface {
	LinkNumber(ctx context.Context, env string, doc store.Doc, jobs ...store.Job) (store.Doc, error)
	Number(ctx context.Context, env, ref string) (store.Doc, error)
	Numbers(ctx context.Context, env string, p store.Page) (store.List[store.Doc], error)
	UpdateNumber(ctx context.Context, env, ref string, patch store.Doc) (store.Doc, error)
	UnlinkNumber(ctx context.Context, env, ref string) (store.Doc, error)
	DialPolicy(ctx context.Context, env, trunk, from string) (parley.DialPolicy, error)
	PoolTrunks(ctx context.Context, env, tag string) (map[string]string, error) // by connection, a number of its
}

type callStore interface {
	PlaceCall(ctx context.Context, c parley.Call, first []parley.Event, jobs ...store.Job) error
	Call(ctx context.Context, env, id string) (parley.Call, error) // env "" is any
	Calls(ctx context.Context, env string, p store.Page) (store.List[parley.Call], error)
	UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error
	DeleteCall(ctx context.Context, env, id string) (parley.Call, error)
	auditStore
	Enqueue(ctx context.Context, jobs ...store.Job) error
}

type webhookStore interface {
	RotateWebhookSecret(ctx context.Context, env, id, secret, until string) (store.Doc, error)
	Deliveries(ctx context.Context, env string, p store.Page) (store.List[store.Delivery], error)
}

// Log is the event log as the live stream reads it. *store.Log is one.
type Log interface {
	Append(e parley.Event)
	Flush(ctx context.Context) error
	Events(ctx context.Context, callID string, after int64, limit int) ([]parley.Event, error)
	Subscribe(callID string) (events <-chan parley.Event, cancel func())
}

// Live acts on calls that run. A call that does not run here: parley.NotFound.
type Live interface {
	// End hangs up and returns once the call is over.
	End(ctx context.Context, callID string) error
	// Control hands the conversation a command.
	Control(ctx context.Context, callID string, c Command) error
	// Listen writes the sound of a call, as a WAV without an end, until it is over. Too many listeners: 429, and nothing is written.
	Listen(ctx context.Context, callID string, channels int, w io.Writer, flush func() error) error
	// Runs says whether the call runs in this process, and not in another node.
	Runs(callID string) bool
	// Discreet says whether nothing of what is said on a call may be written down now.
	Discreet(callID string) bool
}

// A Command is what a client wants of a running conversation.
type Command struct {
	Act      string // one of those below
	Text     string
	On       bool             // of Mute; of Whisper: the agent is to act on it now
	Transfer *parley.Transfer // of Transfer, where Text does not say all; of TakeOver, where Text is what is announced
}

// The acts of a Command.
const (
	Say        = "say"         // speak Text as it is
	AddContext = "add_context" // tell the model Text before its next turn
	Press      = "dtmf"        // send the digits in Text
	Transfer   = "transfer"    // hand the call over to Text: E.164, a sip: address or an extension
	Mute       = "mute"        // On: the agent falls silent; else it speaks again

	Whisper  = "whisper"   // tell the model Text, which a supervisor says
	TakeOver = "take_over" // call somebody who takes the call over from the agent
	Listen   = "listen"    // to the sound of the call
	End      = "end"       // the call

	PauseRecording  = "recording_pause"  // nothing that is said or pressed is kept from now on
	ResumeRecording = "recording_resume" // it is again, once what is being said and answered is over
)

// Traces shows the signalling of calls, those that run here and those that are over. *trace.Keeper is one.
type Traces interface {
	// WriteTrace writes it as json, ladder or pcap. carrierIDs are legs of the call that may not be known as its. Nothing is
	// known: parley.NotFound, and nothing is written.
	WriteTrace(ctx context.Context, w io.Writer, format, callID string, carrierIDs ...string) error
	// Capture writes the packets of a call that runs here until it is over, calling flush after every few. A call that does not run
	// here: parley.NotFound, and nothing is written.
	Capture(ctx context.Context, w io.Writer, flush func() error, callID string, carrierIDs ...string) error
}

// Vendors are those who hear and speak, as far as they can be asked. Both checks say whether all options together would do, as a
// *parley.Error on voice.… or transcriber.…; no vendor is asked for them over the network.
type Vendors interface {
	CheckVoice(voice store.Doc) error
	CheckTranscriber(transcriber store.Doc) error
	// Voices are those that the vendor of a type of voice has, as an account connection sees them; "": whoever would pay without one.
	Voices(ctx context.Context, env, voiceType, account string) ([]provider.Voice, error)
	// Say speaks a text with the voice of an agent, and with no other in its place.
	Say(ctx context.Context, env string, a parley.Agent, text string) iter.Seq2[audio.Frame, error]
}

// Blobs has the recordings. *store.Blobs is one.
type Blobs interface {
	Open(name string) (io.ReadSeekCloser, int64, error)
	Path(name string) (string, error)
	Delete(name string) error
}

// Signer signs addresses that need no key. *secret.Key is one.
type Signer interface {
	Sign(msg string) string
	Verify(msg, sig string) bool
}

// Courier sends what a delivery carried once more. *webhook.Courier is one.
type Courier interface {
	Redeliver(ctx context.Context, env, id string) (store.Delivery, error)
}

// Meter counts requests, and shows all that is counted. *metrics.Metrics is one. status 0 is one that was not answered.
type Meter interface {
	Request(route, method string, status int, took time.Duration)
	http.Handler
}

// Doors are the ways of calls.
type Doors struct {
	Trunks    Trunks          // nil: no trunk is served by this process
	Prober    Prober          // nil: connections cannot be tested
	DirectSIP bool            // calls may go to sip: addresses without a trunk
	Web       *WebCalls       // of browsers; nil: there are none
	Shared    bool            // calls may run in other processes, too
	Lacking   func() []string // roles that no process has; nil: this one has all
}

// Config is what an API is made of.
type Config struct {
	Doors
	Store    Store
	Log      Log
	Blobs    Blobs
	Signer   Signer
	Live     Live               // nil: no call runs in this process
	Traces   Traces             // nil: none are kept
	Courier  Courier            // nil: no webhooks are delivered by this process
	Carriers map[string]Carrier // who sells numbers, by telephony_provider
	Meter    Meter              // nil: nothing is counted
	Specs    []provider.Spec    // the vendors that agents may name
	Logger   *slog.Logger       // nil: slog.Default()

	// RatePerSecond is how many requests a second each key may make, in bursts of twice as many. 0 is 1000; less is no limit.
	RatePerSecond float64
	// DialJob is the kind of the job that dials a call; its subject is the call's id. "" is "dial".
	DialJob string
	// CheckAction says whether an action's config would work; nil: only its form is checked.
	CheckAction func(a parley.Action) error
	// Vendors are asked about what agents name; nil: only the form of that is checked, and no vendor's voices are listed.
	Vendors Vendors
	// CheckURL says whether an address that the server is to fetch may be saved in a field, as *fetch.Client does; nil: only its
	// form is checked.
	CheckURL func(field, url string) error
	// Ready says whether the server can take calls; nil: when the store answers.
	Ready func(ctx context.Context) error
	// PublicURL is where clients reach this server, without a slash at the end; signed addresses begin with it.
	PublicURL string
}

// An API is an http.Handler. Close it when the server shuts down.
type API struct {
	Config
	contract *contract
	named    *vendors                     // what agents may name
	routes   map[string]map[string]*route // path, method
	encoding chan struct{}                // a slot for each recording being encoded, or played to the engine once more
	watching chan struct{}                // and for each call being captured
	limits   *limits
	probes   *limits            // tests, of a connection
	speaks   *limits            // samples of voices, by a key
	wrong    *limits            // wrong keys, of an address
	library  *knowledge.Library // of its own: searches are few, and an index that nobody uses is let go
	inShort  []byte             // llms.txt

	closing sync.Once
	closed  chan struct{}
}

const (
	maxBody       = 1 << 20          // bytes of a request body
	maxEncodings  = 2                // recordings encoded at once; more wait
	maxCaptures   = 8                // calls captured at once; more are refused
	heartbeat     = 15 * time.Second // between signs of life on a quiet stream
	writePatience = 10 * time.Second // a reader that takes nothing for so long is dropped
	bodyPatience  = 30 * time.Second // for a body to arrive whole
)

// New reads the contract and lays out the routes. It fails when the two do not fit.
func New(c Config) (*API, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.DialJob == "" {
		c.DialJob = "dial"
	}
	c.Store = &remembering{Store: c.Store}
	a := &API{Config: c, limits: newLimits(c.RatePerSecond), wrong: newWrongs(), probes: newProbeLimits(), speaks: newSpeakLimits(), encoding: make(chan struct{}, maxEncodings), watching: make(chan struct{}, maxCaptures), closed: make(chan struct{})}
	a.named, a.library = newVendors(c.Specs), knowledge.NewLibrary(c.Store)
	var err error
	if a.contract, err = readContract(a.named); err != nil {
		return nil, err
	}
	if a.routes, err = a.contract.lay(a.Routes()); err != nil {
		return nil, err
	}
	a.inShort = a.contract.inShort()
	return a, nil
}

// Close ends the live streams, so that a server can shut down. Requests that come later still work.
func (a *API) Close() { a.closing.Do(func() { close(a.closed) }) }

// Contract is the whole contract as JSON, vendors' options included.
func (a *API) Contract() json.RawMessage { return a.contract.json }

var _ http.Handler = (*API)(nil)
