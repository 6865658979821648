package bench

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley/leg/twilio"
)

// The account of the Twilio that callers come by.
const (
	twilioSID   = "AC0123456789abcdef0123456789abcdef"
	twilioToken = "bench"
)

// A carrier is Twilio's part in calls that come by it: its webhooks, and Media Streams, written from its manual. What callers send it as RTP goes to
// the server as messages, and what those bring is played to them at the pace of the ear.
//
// Goroutines, per call: one that reads the caller's packets, one that reads the websocket, one that plays.
type carrier struct {
	site string // origin of the server
	rest *http.Server
	at   string // origin of rest

	mu         sync.Mutex // guards all below
	connection string
	calls      int
}

// newCarrier listens for what the server asks of Twilio: to end calls, which is granted.
func newCarrier() (*carrier, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &carrier{at: "http://" + l.Addr().String()}
	c.rest = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"completed"}`)
	})}
	go func() { _ = c.rest.Serve(l) }() // ends with close
	return c, nil
}

func (c *carrier) close() { _ = c.rest.Close() }

// environment is what a server needs to know of it.
func (c *carrier) environment(site string) []string {
	c.site = site
	return []string{"TWILIO_BASE_URL=" + c.at, "PARLEY_PUBLIC_URL=" + site}
}

// join makes the account at the server.
func (c *carrier) join(ctx context.Context, api client) error {
	var made struct{ ID string }
	err := api.do(ctx, http.MethodPost, "/v1/account_connections/create", map[string]any{"type": "account_connection_twilio",
		"credentials": map[string]string{"twilio_account_sid": twilioSID, "twilio_auth_token": twilioToken}}, &made)
	c.connection = made.ID
	return err
}

var (
	streamURL = regexp.MustCompile(`<Stream url="([^"]+)"`)
	streamKey = regexp.MustCompile(`<Parameter name="([^"]+)" value="([^"]+)"`)
)

// dial rings an agent, and connects the sound with a caller's socket.
func (c *carrier) dial(ctx context.Context, l *line, from, agent string, sound netip.AddrPort) (*dialog, error) {
	c.mu.Lock()
	c.calls++
	n := c.calls
	c.mu.Unlock()
	d := &dialog{line: l, id: fmt.Sprintf("CA%032x", n), user: from, Asked: time.Now()}
	f := url.Values{"CallSid": {d.id}, "AccountSid": {twilioSID}, "From": {from}, "To": {agent}, "CallStatus": {"ringing"}, "Direction": {"inbound"}}
	text, err := c.webhook(ctx, "voice", f)
	if err != nil {
		return nil, err
	}
	at, key := streamURL.FindStringSubmatch(text), streamKey.FindStringSubmatch(text)
	if at == nil || key == nil {
		return nil, fmt.Errorf("the call was answered %s", text)
	}
	conn, _, err := websocket.Dial(ctx, at[1], &websocket.DialOptions{HTTPHeader: http.Header{"X-Twilio-Signature": {twilio.Sign(twilioToken, at[1], nil)}}})
	if err != nil {
		return nil, err
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, errors.Join(err, conn.CloseNow())
	}
	s := &streaming{conn: conn, udp: udp, to: sound, id: fmt.Sprintf("MZ%032x", n), stopped: make(chan struct{}), news: make(chan struct{}, 1)}
	start, _ := json.Marshal(map[string]any{"event": "start", "sequenceNumber": "1", "streamSid": s.id, "start": map[string]any{"accountSid": twilioSID, "streamSid": s.id,
		"callSid": d.id, "tracks": []string{"inbound"}, "customParameters": map[string]string{key[1]: key[2]},
		"mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
	s.say([]byte(`{"event":"connected","protocol":"Call","version":"1.0.0"}`))
	s.say(start)
	d.Sound, d.Answered = udp.LocalAddr().(*net.UDPAddr).AddrPort(), time.Now()
	s.tasks.Go(s.hear)
	s.tasks.Go(func() { s.read(); d.hungUp.Store(true) })
	s.tasks.Go(s.play)
	d.end = func() {
		s.stop()
		_, _ = c.webhook(context.WithoutCancel(ctx), "status", url.Values{"CallSid": {d.id}, "AccountSid": {twilioSID}, "CallStatus": {"completed"}})
	}
	return d, nil
}

// webhook makes a request of Twilio's.
func (c *carrier) webhook(ctx context.Context, what string, f url.Values) (string, error) {
	ctx, done := context.WithTimeout(ctx, ringLimit)
	defer done()
	at := c.site + "/carriers/twilio/" + what + "/" + c.connection
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(f.Encode()))
	if err != nil {
		return "", err
	}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {twilio.Sign(twilioToken, at, f)}}
	r.Close = true // no connection is counted among the server's goroutines
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s: %s", what, res.Status, b)
	}
	return string(b), err
}

// streaming is the sound of one call at the carrier.
type streaming struct {
	conn    *websocket.Conn
	udp     *net.UDPConn
	to      netip.AddrPort // the caller
	id      string
	stopped chan struct{}
	once    sync.Once
	tasks   sync.WaitGroup
	news    chan struct{} // a token: there is something to play

	mu     sync.Mutex // guards all below
	buffer []byte     // of sound
	marks  []streamMark
}

// A streamMark stands so many bytes from the ear.
type streamMark struct {
	at   int
	name string
}

func (s *streaming) say(b []byte) { _ = s.conn.Write(context.Background(), websocket.MessageText, b) } // its reader learns of an end

// stop hangs up.
func (s *streaming) stop() {
	s.once.Do(func() {
		close(s.stopped)
		s.say([]byte(`{"event":"stop","streamSid":"` + s.id + `","stop":{"accountSid":"` + twilioSID + `"}}`))
		_ = s.conn.CloseNow()
		_ = s.udp.Close()
	})
	s.tasks.Wait()
}

// hear makes messages of the caller's packets.
func (s *streaming) hear() {
	var b [1500]byte
	var text []byte
	for chunk := int64(1); ; chunk++ {
		n, err := s.udp.Read(b[:])
		if err != nil {
			return
		}
		if n <= rtpHeader {
			continue
		}
		text = append(text[:0], `{"event":"media","sequenceNumber":"`...)
		text = append(strconv.AppendInt(text, chunk+1, 10), `","media":{"track":"inbound","chunk":"`...)
		text = append(strconv.AppendInt(text, chunk, 10), `","timestamp":"`...)
		text = append(strconv.AppendInt(text, 20*chunk, 10), `","payload":"`...)
		text = append(append(base64.StdEncoding.AppendEncode(text, b[rtpHeader:n]), `"},"streamSid":"`...), s.id...)
		s.say(append(text, `"}`...))
	}
}

// read takes what the server sends.
func (s *streaming) read() {
	for {
		_, b, err := s.conn.Read(context.Background())
		if err != nil {
			return
		}
		var m struct {
			Event string
			Media struct{ Payload []byte }
			Mark  struct{ Name string }
		}
		if json.Unmarshal(b, &m) != nil {
			continue
		}
		s.mu.Lock()
		switch m.Event {
		case "media":
			s.buffer = append(s.buffer, m.Media.Payload...)
		case "mark":
			s.marks = append(s.marks, streamMark{len(s.buffer), m.Mark.Name})
		case "clear":
			s.buffer = nil
			s.echo(len(s.marks))
		}
		s.mu.Unlock()
		select {
		case s.news <- struct{}{}:
		default:
		}
	}
}

// echo tells of the first n marks; mu is held.
func (s *streaming) echo(n int) {
	for _, m := range s.marks[:n] {
		s.say(fmt.Appendf(nil, `{"event":"mark","streamSid":"%s","mark":{"name":"%s"}}`, s.id, m.name))
	}
	s.marks = s.marks[n:]
}

// play plays what there is, 20 ms every 20 ms: the first at once.
func (s *streaming) play() {
	began, due := time.Now(), time.Now()
	var b [rtpHeader + packet]byte
	b[0] = 0x80
	for seq := uint16(0); ; {
		s.mu.Lock()
		reached := 0
		for reached < len(s.marks) && s.marks[reached].at == 0 {
			reached++
		}
		s.echo(reached)
		n := min(packet, len(s.buffer))
		copy(b[rtpHeader:], s.buffer[:n])
		s.buffer = s.buffer[n:]
		for i := range s.marks {
			s.marks[i].at = max(0, s.marks[i].at-n)
		}
		s.mu.Unlock()
		if n == 0 {
			select {
			case <-s.news:
				due = time.Now()
				continue
			case <-s.stopped:
				return
			}
		}
		binary.BigEndian.PutUint16(b[2:], seq)
		binary.BigEndian.PutUint32(b[4:], uint32(due.Sub(began)*samplesPerSec/time.Second))
		_, _ = s.udp.WriteToUDPAddrPort(b[:rtpHeader+n], s.to)
		seq, due = seq+1, due.Add(20*time.Millisecond)
		select {
		case <-time.After(time.Until(due)):
		case <-s.stopped:
			return
		}
	}
}
