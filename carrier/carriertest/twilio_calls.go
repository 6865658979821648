package carriertest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/leg/stream/streamtest"
)

// The phones that an Exchange knows; all others are picked up.
const (
	Engaged    = "+15005550486"
	Unanswered = "+15005550480" // rings until Timeout
	Declining  = "+15005550603" // the network says 603
	Dead       = "+15005550404" // the network says 404
	Doubtful   = "+15005550502" // rings and is picked up, though Twilio answers the request with an error of its own
	Lost       = "+15005550503" // the connection breaks, though it rings and is picked up
	Machine    = "+15005550600" // a machine picks up
)

// An Exchange is Twilio's calls: an http.Handler for its REST API, which acts on TwiML and tells of what happens as Twilio does. What is of
// no call is answered by a Carrier.
//
// Goroutines: one per call, from when it is placed until it is over; Close waits for them.
type Exchange struct {
	Carrier
	Ring   time.Duration                             // how long phones ring before they are picked up
	Muddle func(callbacks []url.Values) []url.Values // what becomes of the callbacks of a call that is over: some more come, in that order

	mu     sync.Mutex // guards all below
	phones map[string]*Phone
	placed []*Phone
	tasks  sync.WaitGroup
}

// A Phone is one that rings, or talks.
type Phone struct {
	x                 *Exchange
	SID, From, To     string
	Fields            url.Values // of the request that placed it
	back              string     // where callbacks go; "": nowhere
	status            string     // guarded by x.mu, as all below
	caller            *streamtest.Caller
	told              []url.Values
	answered          time.Time
	refused           string      // by <Reject>
	end               chan string // how it is to end
	connected, over   chan struct{}
	connectOnce, once sync.Once
}

// ServeHTTP is POST Calls.json and POST Calls/<sid>.json; what else there is, is the Carrier's.
func (x *Exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+SID+"/Calls")
	if !ok || r.Method != http.MethodPost {
		x.Carrier.ServeHTTP(w, r)
		return
	}
	refuse := func(status, code int, message string) {
		answer(w, status, map[string]any{"code": code, "message": message, "more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), "status": status})
	}
	if sid, token, ok := r.BasicAuth(); !ok || sid != SID || token != Token {
		refuse(401, 20003, "Authenticate")
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(400, 20001, "Unable to parse the request")
		return
	}
	f := r.PostForm
	if rest != ".json" {
		x.change(w, strings.TrimSuffix(strings.TrimPrefix(rest, "/"), ".json"), f, refuse)
		return
	}
	switch to := f.Get("To"); {
	case f.Get("From") != From:
		refuse(400, 21210, fmt.Sprintf("The source phone number provided, %s, is not yet verified for your account. You may only make calls from phone numbers that you've verified or purchased from Twilio.", f.Get("From")))
	case !e164.MatchString(to) || to == Nobody:
		refuse(400, 21211, fmt.Sprintf("The phone number you are attempting to call, %s, is not valid.", to))
	case to == Unreachable:
		refuse(400, 21215, "Account not authorized to call "+to+". Perhaps you need to enable some international permissions.")
	case f.Get("Twiml") == "" && f.Get("Url") == "":
		refuse(400, 21205, "Url parameter is required.")
	default:
		p := x.phone(f.Get("From"), to, f)
		x.tasks.Go(p.dial)
		switch to {
		case Doubtful:
			refuse(502, 20500, "An internal server error has occurred")
		case Lost:
			breakOff(w)
		default:
			answer(w, 201, map[string]any{"sid": p.SID, "account_sid": SID, "from": p.From, "to": p.To, "status": "queued", "direction": "outbound-api"})
		}
	}
}

func (x *Exchange) change(w http.ResponseWriter, sid string, f url.Values, refuse func(status, code int, message string)) {
	x.mu.Lock()
	p := x.phones[sid]
	status := ""
	if p != nil {
		status = p.status
	}
	x.mu.Unlock()
	switch want := f.Get("Status"); {
	case p == nil:
		refuse(404, 20404, "The requested resource was not found")
	case want != "completed" && want != "canceled":
		refuse(400, 21218, "Invalid ApplicationSid")
	case slices.Contains([]string{"completed", "busy", "failed", "no-answer", "canceled"}, status) || want == "canceled" && status == "in-progress":
		refuse(400, 21220, "Call is not in-progress. Cannot redirect.")
	default:
		if status != "in-progress" {
			want = "canceled"
		}
		p.hangUp(want)
		answer(w, 200, map[string]any{"sid": sid, "status": want})
	}
}

// id makes an id as Twilio's are.
func id(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return prefix + hex.EncodeToString(b[:])
}

func (x *Exchange) phone(from, to string, f url.Values) *Phone {
	p := &Phone{x: x, SID: id("CA"), From: from, To: to, Fields: f, back: f.Get("StatusCallback"), status: "queued", end: make(chan string, 1),
		connected: make(chan struct{}), over: make(chan struct{})}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phones == nil {
		x.phones = map[string]*Phone{}
	}
	x.phones[p.SID] = p
	x.placed = append(x.placed, p)
	return p
}

// Phones are all that rang, in order.
func (x *Exchange) Phones() []*Phone {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.placed)
}

// Close waits until all calls are over.
func (x *Exchange) Close() {
	for _, p := range x.Phones() {
		p.Hangup()
	}
	x.tasks.Wait()
}

// dial is a call that was placed by REST.
func (p *Phone) dial() {
	defer p.finish()
	p.step("initiated", nil)
	how := map[string][2]string{Engaged: {"busy", "486"}, Declining: {"failed", "603"}, Dead: {"failed", "404"}}[p.To]
	ring := p.x.Ring
	if p.To == Unanswered {
		seconds, _ := strconv.Atoi(p.Fields.Get("Timeout"))
		ring, how = time.Duration(seconds)*time.Second, [2]string{"no-answer", "487"}
	}
	if how[0] != "failed" {
		p.step("ringing", nil)
	}
	select {
	case <-time.After(ring):
	case want := <-p.end:
		p.step(want, url.Values{"SipResponseCode": {"487"}, "CallDuration": {"0"}})
		return
	}
	if how[0] != "" {
		p.step(how[0], url.Values{"SipResponseCode": {how[1]}, "CallDuration": {"0"}})
		return
	}
	p.step("in-progress", nil)
	if p.Fields.Get("MachineDetection") != "" {
		who := "human"
		if p.To == Machine {
			who = "machine_start"
		}
		p.x.post(p.Fields.Get("AsyncAmdStatusCallback"), url.Values{"CallSid": {p.SID}, "AccountSid": {SID}, "AnsweredBy": {who}, "MachineDetectionDuration": {"2100"}})
	}
	p.run(p.Fields.Get("Twiml"))
}

// RingUp has somebody call: the webhook of their number is asked, and what it says is done. It returns when there is an answer.
func (x *Exchange) RingUp(ctx context.Context, webhook, back, from, to string) (*Phone, error) {
	p := x.phone(from, to, url.Values{})
	p.back = back
	f := p.fields("ringing", url.Values{"FromCity": {"SAN FRANCISCO"}, "FromState": {"CA"}, "FromCountry": {"US"}, "CallerName": {"JANE DOE"}})
	text, err := x.ask(ctx, webhook, f)
	if err != nil {
		return p, err
	}
	x.tasks.Go(func() {
		defer p.finish()
		p.run(text)
	})
	return p, nil
}

// run does what TwiML says, as far as calls of Parley's need it.
func (p *Phone) run(text string) {
	var t struct {
		XMLName xml.Name `xml:"Response"`
		Pause   *struct {
			Length int `xml:"length,attr"`
		}
		Redirect string
		Reject   *struct {
			Reason string `xml:"reason,attr"`
		}
		Connect *struct {
			Stream struct {
				URL        string `xml:"url,attr"`
				Parameters []struct {
					Name  string `xml:"name,attr"`
					Value string `xml:"value,attr"`
				} `xml:"Parameter"`
			}
		}
	}
	err := xml.Unmarshal([]byte(text), &t)
	switch {
	case err != nil:
		p.note("no TwiML: " + err.Error())
		p.step("failed", nil)
	case t.Reject != nil:
		reason := t.Reject.Reason
		if reason == "" {
			reason = "rejected"
		}
		p.note(reason)
		p.step(map[string]string{"busy": "busy", "rejected": "no-answer"}[reason], nil)
	case t.Pause != nil && t.Redirect != "": // the phone rings on
		select {
		case <-time.After(time.Duration(t.Pause.Length) * time.Second):
		case <-p.end:
			p.step("completed", nil)
			return
		}
		if text, err = p.x.ask(context.Background(), t.Redirect, p.fields("ringing", nil)); err != nil {
			p.note(err.Error())
			p.step("failed", nil)
			return
		}
		p.run(text)
	case t.Connect != nil:
		parameters := map[string]string{}
		for _, x := range t.Connect.Stream.Parameters {
			parameters[x.Name] = x.Value
		}
		p.talk(t.Connect.Stream.URL, parameters)
	default:
		p.note("the TwiML says nothing that is known here")
		p.step("completed", nil)
	}
}

// stream opens the sound of a call, as Twilio does.
func (p *Phone) stream(address string, parameters map[string]string) error {
	ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	socket, res, err := streamtest.Dial(ctx, address, http.Header{"X-Twilio-Signature": {Signature(Token, address, nil)}})
	if err != nil {
		if res != nil {
			return fmt.Errorf("31920 the handshake was answered %d: %w", res.StatusCode, err)
		}
		return err
	}
	mz := id("MZ")
	c := streamtest.On(socket, streamtest.Call{Dialect: streamtest.Twilio, ID: mz, Stop: map[string]any{"accountSid": SID, "callSid": p.SID},
		Start: map[string]any{"accountSid": SID, "streamSid": mz, "callSid": p.SID, "tracks": []string{"inbound"}, "customParameters": parameters,
			"mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
	p.x.mu.Lock()
	p.caller = c
	p.x.mu.Unlock()
	return nil
}

// talk is a call with its sound.
func (p *Phone) talk(address string, parameters map[string]string) {
	p.x.mu.Lock()
	p.answered = time.Now()
	inbound := p.Fields.Get("To") == ""
	p.x.mu.Unlock()
	if inbound {
		p.step("in-progress", nil)
	}
	err := p.stream(address, parameters)
	p.connectOnce.Do(func() { close(p.connected) })
	if err != nil {
		p.note(err.Error())
	} else {
		c := p.Caller()
		select {
		case <-p.end:
			c.Hangup()
		case <-c.Gone(): // there is no other verb
		}
		c.Close()
	}
	p.step("completed", url.Values{"CallDuration": {"1"}, "SipResponseCode": {"200"}})
}

// hangUp ends the call, from whichever side.
func (p *Phone) hangUp(how string) {
	select {
	case p.end <- how:
	default:
	}
}

// Hangup is done by whoever holds the phone.
func (p *Phone) Hangup() { p.hangUp("completed") }

// finish tells once more what Muddle says.
func (p *Phone) finish() {
	p.connectOnce.Do(func() { close(p.connected) })
	p.x.mu.Lock()
	told := slices.Clone(p.told)
	p.x.mu.Unlock()
	if p.x.Muddle != nil {
		for _, f := range p.x.Muddle(told) {
			p.x.post(p.back, f)
		}
	}
	p.once.Do(func() { close(p.over) })
}

// fields are those of every request of Twilio's on a call.
func (p *Phone) fields(status string, more url.Values) url.Values {
	f := url.Values{"CallSid": {p.SID}, "AccountSid": {SID}, "ApiVersion": {"2010-04-01"}, "From": {p.From}, "To": {p.To}, "Caller": {p.From}, "Called": {p.To},
		"CallStatus": {status}, "Direction": {"outbound-api"}}
	if p.Fields.Get("To") == "" {
		f.Set("Direction", "inbound")
	}
	maps.Copy(f, more)
	return f
}

// step is the next state of the call; a callback tells of it.
func (p *Phone) step(status string, more url.Values) {
	p.x.mu.Lock()
	p.status = status
	f := p.fields(status, more)
	f.Set("SequenceNumber", strconv.Itoa(len(p.told)))
	f.Set("Timestamp", time.Now().UTC().Format(time.RFC1123Z))
	f.Set("CallbackSource", "call-progress-events")
	p.told = append(p.told, f)
	p.x.mu.Unlock()
	p.x.post(p.back, f)
}

func (p *Phone) note(what string) {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	p.refused = what
}

// Refused is why the phone never talked; "" where it did.
func (p *Phone) Refused() string {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	return p.refused
}

// Status is Twilio's word for where the call is.
func (p *Phone) Status() string {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	return p.status
}

// Told are the callbacks so far.
func (p *Phone) Told() []url.Values {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	return slices.Clone(p.told)
}

// Caller is who talks, nil when nobody does. Connected is closed once that is known.
func (p *Phone) Caller() *streamtest.Caller {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	return p.caller
}

// Connected is closed once there is a Caller, or will be none.
func (p *Phone) Connected() <-chan struct{} { return p.connected }

// Over is closed once the call is.
func (p *Phone) Over() <-chan struct{} { return p.over }

// Signature is what X-Twilio-Signature says (twilio.com/docs/usage/security#validating-requests).
func Signature(token, address string, f url.Values) string {
	var b bytes.Buffer
	b.WriteString(address)
	for _, k := range slices.Sorted(maps.Keys(f)) {
		for _, v := range f[k] {
			b.WriteString(k + v)
		}
	}
	h := hmac.New(sha1.New, []byte(token))
	h.Write(b.Bytes())
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

var errWebhook = errors.New("11200 the webhook failed")

// ask makes a signed request of a webhook. One that fails for the connection's sake is made once more, as Twilio does.
func (x *Exchange) ask(ctx context.Context, address string, f url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(f.Encode()))
	if err != nil {
		return "", err
	}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}, "X-Twilio-Signature": {Signature(Token, address, f)},
		"I-Twilio-Idempotency-Token": {id("")}, "User-Agent": {"TwilioProxy/1.1"}}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%w: %s answered %d: %s", errWebhook, address, res.StatusCode, body)
	}
	return string(body), err
}

// post tells of something; nobody waits for what is said to it.
func (x *Exchange) post(address string, f url.Values) {
	if address == "" {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	_, _ = x.ask(ctx, address, f)
}
