package twilio

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/rtp"
)

var streamSID = regexp.MustCompile(`^MZ[0-9a-fA-F]{32}$`)

// media is the websocket of a call's sound. It is Twilio's by its signature, and a call's by the ticket in its path, which is good once.
func (d *Door) media(w http.ResponseWriter, r *http.Request) {
	c := d.take(r)
	if c == nil {
		d.conf.Logger.Warn("a stream that is of no call was refused", "from", r.RemoteAddr)
		http.Error(w, "no ticket for the sound of a call, or not signed by Twilio", http.StatusForbidden)
		return
	}
	socket, err := stream.Accept(w, r)
	if err != nil {
		d.conf.Logger.Warn("the sound of a call by Twilio", "error", err)
		return
	}
	l, err := c.open(r.Context(), socket)
	if err != nil {
		d.conf.Logger.Warn("the sound of a call by Twilio", "call_sid", c.id(), "error", err)
		return
	}
	<-l.Stopped()                                  // the socket belongs to this request
	_ = l.Hangup(r.Context(), parley.CallerHungUp) // whoever holds the leg need not, once it has ended
}

// take uses up the ticket of a request; nil: it has none, or is not Twilio's. One that is not signed uses up nothing.
func (d *Door) take(r *http.Request) *call {
	ticket := r.PathValue("ticket")
	d.mu.Lock()
	c := d.tickets[ticket]
	d.mu.Unlock()
	if c == nil {
		return nil
	}
	at := d.wss(mediaPath + ticket)
	if !signed(c.account.Token, r.Header.Get(signatureHeader), append(spellings(at), spellings(at+"/")...), nil) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tickets[ticket] != c || !time.Now().Before(c.expires) {
		return nil
	}
	delete(d.tickets, ticket)
	return c
}

// A start is what Twilio says of a stream before its sound.
type start struct {
	Start struct {
		AccountSID string            `json:"accountSid"`
		CallSID    string            `json:"callSid"`
		StreamSID  string            `json:"streamSid"`
		Parameters map[string]string `json:"customParameters"`
		Format     struct {
			Encoding   string `json:"encoding"`
			SampleRate int    `json:"sampleRate"`
			Channels   int    `json:"channels"`
		} `json:"mediaFormat"`
	} `json:"start"`
}

var (
	errStart  = errors.New("twilio: the stream is of another call")
	errFormat = errors.New("twilio: the stream is not in µ-law at 8 kHz")
)

// open makes the leg of a call on its socket.
func (c *call) open(ctx context.Context, socket stream.Socket) (*line, error) {
	ctx, done := context.WithTimeout(ctx, greetMost)
	defer done()
	text, err := stream.Greet(ctx, socket)
	if err != nil {
		return nil, err
	}
	var m start
	s := &m.Start
	err = json.Unmarshal(text, &m)
	switch {
	case err != nil:
	case s.AccountSID != c.account.SID || !streamSID.MatchString(s.StreamSID) || !callSID.MatchString(s.CallSID) ||
		subtle.ConstantTimeCompare([]byte(s.Parameters[keyParameter]), []byte(c.key)) != 1 || !c.name(s.CallSID):
		err = errStart
	case s.Format.Encoding != "audio/x-mulaw" || s.Format.SampleRate != 8000 || s.Format.Channels != 1:
		err = errFormat
	}
	if err != nil {
		socket.Close()
		return nil, err
	}
	l := &line{c: c, stream: s.StreamSID}
	l.Stream = stream.New(socket, stream.Options{Words: words(s.StreamSID), Codec: rtp.PCMU, Clock: c.d.conf.Clock, Limits: c.limits})
	c.mu.Lock()
	who := c.state.who
	if c.closed || c.state.final != "" {
		c.mu.Unlock()
		l.Stop()
		return nil, errors.New("twilio: the call is over")
	}
	c.line = l
	c.state.answered = true
	l.Begin() // before a callback finds the leg: it tells of nothing that came earlier
	if who != 0 {
		l.Tell(leg.Event{Kind: leg.Detected, Who: who})
	}
	c.mu.Unlock()
	c.sound <- l
	return l, nil
}

// words are those of Twilio (twilio.com/docs/voice/media-streams/websocket-messages).
func words(streamSID string) stream.Words {
	id := `","streamSid":"` + streamSID + `"`
	return stream.Words{
		Media: [2]string{`{"event":"media` + id + `,"media":{"payload":"`, `"}}`},
		Mark:  [2]string{`{"event":"mark` + id + `,"mark":{"name":"`, `"}}`},
		Clear: `{"event":"clear` + id + `}`,
	}
}
