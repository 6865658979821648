package carriertest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Fate is what becomes of a call that is placed. The zero value: it is answered at once.
type Fate struct {
	After time.Duration // of ringing
	Cause string        // hangup_cause; "": it is answered
	Code  string        // sip_hangup_cause
	Who   string        // what the detector says, where it was asked
	Early bool          // the websocket is opened before the answer
	Deaf  bool          // and never
	Quiet bool          // POST /v2/calls breaks off, though the call is placed
	Never bool          // it breaks off, and the call is not placed
}

// TelnyxCalls is Telnyx' Call Control v2 as its documentation has it: commands, signed webhooks, media streaming. It is an http.Handler,
// made by NewTelnyxCalls. All methods are safe from any goroutine.
//
// Goroutines: one per call.
type TelnyxCalls struct {
	Webhook string               // webhook_event_url of the application
	Fate    func(to string) Fate // of calls that are placed; nil: they are answered

	private ed25519.PrivateKey
	public  string
	tasks   sync.WaitGroup

	mu      sync.Mutex // guards all below
	lines   []*TelnyxLine
	n       int // ids given
	stumble int
	told    []Told
	refused []string
}

// Told is a webhook as it was sent.
type Told struct {
	Type   string
	Header http.Header
	Body   []byte
	Status int // what was answered; 0: nothing
}

// NewTelnyxCalls makes one with keys of its own.
func NewTelnyxCalls() *TelnyxCalls {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // there is no such error (crypto/rand)
	}
	return &TelnyxCalls{private: private, public: base64.StdEncoding.EncodeToString(public)}
}

// PublicKey is what a user finds under Keys & Credentials.
func (x *TelnyxCalls) PublicKey() string { return x.public }

// Stumble has the next n commands obeyed, and answered with an error.
func (x *TelnyxCalls) Stumble(n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stumble = n
}

// Lines are the calls there were.
func (x *TelnyxCalls) Lines() []*TelnyxLine {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.lines)
}

// Told are the webhooks so far.
func (x *TelnyxCalls) Told() []Told {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.told)
}

// Refused are the requests that were refused, in Telnyx' words.
func (x *TelnyxCalls) Refused() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.refused)
}

// Close hangs up what is left, and waits.
func (x *TelnyxCalls) Close() {
	for _, l := range x.Lines() {
		l.Hangup()
	}
	x.tasks.Wait()
}

// Sign makes the headers of a webhook that was sent at a time.
func (x *TelnyxCalls) Sign(body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signature := ed25519.Sign(x.private, append([]byte(stamp+"|"), body...))
	return http.Header{"Content-Type": {"application/json"}, "Telnyx-Timestamp": {stamp}, "Telnyx-Signature-Ed25519": {base64.StdEncoding.EncodeToString(signature)}}
}

// id is a UUID that was not given before.
func (x *TelnyxCalls) id() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.n++
	return fmt.Sprintf("0ccc7b54-4df3-4bca-a65a-%012d", x.n)
}

// Event is the body of a webhook about a call.
func (x *TelnyxCalls) Event(kind string, payload map[string]any) []byte {
	b, err := json.Marshal(map[string]any{
		"data": map[string]any{"record_type": "event", "event_type": kind, "id": x.id(), "occurred_at": time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), "payload": payload},
		"meta": map[string]any{"attempt": 1, "delivered_to": x.Webhook}})
	if err != nil {
		panic(err) // of maps of texts there is no error
	}
	return b
}

// tell sends a webhook, again when it is not taken.
func (x *TelnyxCalls) tell(kind string, payload map[string]any) {
	body := x.Event(kind, payload)
	for range 3 {
		t := Told{Type: kind, Header: x.Sign(body, time.Now()), Body: body}
		if req, err := http.NewRequest(http.MethodPost, x.Webhook, bytes.NewReader(body)); err == nil {
			req.Header = t.Header
			if res, err := http.DefaultClient.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				t.Status = res.StatusCode
			}
		}
		x.mu.Lock()
		x.told = append(x.told, t)
		x.mu.Unlock()
		if t.Status/100 == 2 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

var commandPath = regexp.MustCompile(`^/v2/calls/([^/]+)/actions/([a-z_]+)$`)

// ServeHTTP takes commands.
func (x *TelnyxCalls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, title, detail string) {
		x.mu.Lock()
		x.refused = append(x.refused, r.URL.Path+": "+code+" "+title+": "+detail)
		x.mu.Unlock()
		telnyxRefuses(w, status, code, title, detail)
	}
	if r.Header.Get("Authorization") != "Bearer "+Key {
		refuse(401, "10009", "Authentication failed", "Could not understand the provided credentials.")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in map[string]any
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil {
		refuse(400, "10015", "Bad Request", "The request body is not valid JSON.")
		return
	}
	if r.URL.Path == "/v2/calls" {
		x.dial(w, in, refuse)
		return
	}
	m := commandPath.FindStringSubmatch(r.URL.Path)
	if m == nil || commands[m[2]] == nil {
		refuse(404, "10005", "Resource not found", "The requested resource or URL could not be found.")
		return
	}
	if why := check(commands[m[2]], in); why != "" {
		refuse(422, "10015", "Bad Request", why)
		return
	}
	l := x.line(m[1])
	if l == nil {
		refuse(404, "10005", "Resource not found", "The requested resource or URL could not be found.")
		return
	}
	if why := l.obey(m[2], in); why != "" {
		refuse(422, "90018", "Call has already ended", why)
		return
	}
	x.mu.Lock()
	stumbles := x.stumble > 0
	x.stumble = max(0, x.stumble-1)
	x.mu.Unlock()
	if stumbles {
		telnyxRefuses(w, 500, "10007", "Unexpected error", "An unexpected error occured.")
		return
	}
	answer(w, 200, map[string]any{"data": map[string]any{"result": "ok"}})
}

func (x *TelnyxCalls) line(control string) *TelnyxLine {
	for _, l := range x.Lines() {
		if l.ControlID == control {
			return l
		}
	}
	return nil
}

// dial places a call.
func (x *TelnyxCalls) dial(w http.ResponseWriter, in map[string]any, refuse func(status int, code, title, detail string)) {
	to, _ := in["to"].(string)
	from, _ := in["from"].(string)
	why := check(dialParams, in)
	switch {
	case why != "":
		refuse(422, "10015", "Bad Request", why)
		return
	case in["connection_id"] != App:
		refuse(422, "10015", "Invalid value for connection_id (Call Control App ID)", "The requested connection_id (Call Control App ID) is either invalid or does not exist. Only Call Control Apps with valid webhook URL are accepted.")
		return
	case from == Unreachable:
		refuse(403, "90010", "Dialed number is not whitelisted", "The origination number is not verified.")
		return
	case !e164.MatchString(to) && !strings.HasPrefix(to, "sip:") || to == Nobody:
		refuse(422, "10016", "Phone number must be in +E.164 format", "The 'to' parameter must be in +E.164 format.")
		return
	case to == Busy:
		refuse(429, "10011", "Too many requests", "You have exceeded the maximum number of allowed requests.")
		return
	}
	fate := Fate{}
	if x.Fate != nil {
		fate = x.Fate(to)
	}
	if fate.Never {
		breakOff(w)
		return
	}
	l := x.open(from, to, false)
	l.place(in)
	x.tasks.Go(func() { l.outgoing(fate) })
	if fate.Quiet {
		breakOff(w)
		return
	}
	answer(w, 200, map[string]any{"data": map[string]any{"call_control_id": l.ControlID, "call_leg_id": l.LegID, "call_session_id": l.SessionID, "is_alive": false,
		"record_type": "call", "client_state": in["client_state"]}})
}

// open makes a call.
func (x *TelnyxCalls) open(from, to string, incoming bool) *TelnyxLine {
	l := &TelnyxLine{x: x, From: from, To: to, Incoming: incoming, ControlID: "v3:" + rand.Text() + "-" + rand.Text(), LegID: x.id(), SessionID: x.id(),
		gone: make(chan struct{}), talks: make(chan struct{}), did: make(chan string, 64)}
	x.mu.Lock()
	x.lines = append(x.lines, l)
	x.mu.Unlock()
	return l
}

// Ring has somebody call a number of the application's; more is laid over what call.initiated says.
func (x *TelnyxCalls) Ring(from, to string, more map[string]any) *TelnyxLine {
	l := x.open(from, to, true)
	x.tasks.Go(func() { l.incoming(more) })
	return l
}
