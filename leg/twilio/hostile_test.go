package twilio_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream/streamtest"
	"github.com/parley-voice/parley/leg/twilio"
)

func sid(n int) string { return fmt.Sprintf("CA%032x", n) }

// webhook is the form of a call that comes in.
func webhook(sid string) url.Values {
	return url.Values{"CallSid": {sid}, "AccountSid": {carriertest.SID}, "From": {"+14155550123"}, "To": {carriertest.From}, "CallStatus": {"ringing"}, "Direction": {"inbound"}}
}

// post makes a request, signed as said.
func post(t *testing.T, address string, f url.Values, signature string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(f.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if signature != "" {
		r.Header.Set("X-Twilio-Signature", signature)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// TestForgedWebhooks: of 1,000 requests that somebody else than Twilio makes, or that Twilio has made of something else, none rings.
func TestForgedWebhooks(t *testing.T) {
	h := open(t)
	var rang atomic.Int32
	h.answers(func(context.Context, leg.Offer) { rang.Add(1) })
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 1000 {
		f, address := webhook(sid(n)), h.voice()
		signature := carriertest.Signature(carriertest.Token, address, f)
		switch n % 10 {
		case 0:
			signature = ""
		case 1: // somebody else's token
			signature = carriertest.Signature("ffffffffffffffffffffffffffffffff", address, f)
		case 2: // another number
			f.Set("To", "+14155550199")
		case 3: // another call
			f.Set("CallSid", sid(n+5000))
		case 4: // one field more
			f.Set("Extra", "1")
		case 5: // for another address
			signature = carriertest.Signature(carriertest.Token, h.status(), f)
		case 6: // a few bits
			b := []byte(signature)
			if at := r.IntN(len(b)); b[at] == 'A' {
				b[at] = 'B'
			} else {
				b[at] = 'A'
			}
			signature = string(b)
		case 7: // of the empty token
			signature = carriertest.Signature("", address, f)
		case 8: // another account's, rightly signed by this one's token
			f.Set("AccountSid", "AC00000000000000000000000000000002")
			signature = carriertest.Signature(carriertest.Token, address, f)
		case 9: // the address has more than was signed
			address += "?x=1"
		}
		if code, body := post(t, address, f, signature); code != http.StatusForbidden || strings.Contains(body, "Response") {
			t.Fatalf("%d: %d %s", n, code, body)
		}
	}
	if n := rang.Load(); n != 0 {
		t.Errorf("%d of 1,000 rang", n)
	}
}

// TestReplayedWebhooks: a request that Twilio has made once rings once, however often it comes; a thousand times after the call it rings nobody.
func TestReplayedWebhooks(t *testing.T) {
	h := open(t)
	var rang atomic.Int32
	release := make(chan struct{})
	h.answers(func(ctx context.Context, o leg.Offer) {
		rang.Add(1)
		<-release
		_ = o.Reject(ctx, parley.Busy)
		<-ctx.Done()
	})
	f := webhook(sid(1))
	signature := carriertest.Signature(carriertest.Token, h.voice(), f)
	answers := make(chan string, 20)
	for range cap(answers) { // Twilio's own retries, while it rings
		go func() {
			_, body := post(t, h.voice(), f, signature)
			answers <- body
		}()
	}
	for rang.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	first := <-answers
	for range cap(answers) - 1 {
		if again := <-answers; again != first || !strings.Contains(again, `<Reject reason="busy"/>`) {
			t.Errorf("one was told %q, another %q", first, again)
		}
	}
	end := url.Values{"CallSid": {sid(1)}, "AccountSid": {carriertest.SID}, "CallStatus": {"completed"}}
	if code, _ := post(t, h.status(), end, carriertest.Signature(carriertest.Token, h.status(), end)); code != http.StatusNoContent {
		t.Errorf("the end was answered %d", code)
	}
	for range 1000 {
		if code, body := post(t, h.voice(), f, signature); code != 200 || !strings.Contains(body, "<Reject") {
			t.Fatalf("%d %s", code, body)
		}
	}
	if n := rang.Load(); n != 1 {
		t.Errorf("it rang %d times", n)
	}
}

// TestForgedStreams: of 1,000 websockets that are not Twilio's, or of no call, or come a second time, none is let in.
func TestForgedStreams(t *testing.T) {
	h := open(t)
	legs := make(chan leg.Leg, 1)
	h.answers(func(ctx context.Context, o leg.Offer) {
		if l, err := o.Answer(ctx, leg.Limits{}); err == nil {
			legs <- l
		}
		<-ctx.Done()
	})
	f := webhook(sid(7))
	_, body := post(t, h.voice(), f, carriertest.Signature(carriertest.Token, h.voice(), f))
	_, rest, _ := strings.Cut(body, `url="`)
	address, _, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(body, `value="`)
	key, _, _ := strings.Cut(rest, `"`)
	if !strings.HasPrefix(address, "ws://") || len(key) < 40 {
		t.Fatal(body)
	}
	right := carriertest.Signature(carriertest.Token, address, nil)
	dial := func(address, signature string) bool {
		conn, res, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: http.Header{"X-Twilio-Signature": {signature}}})
		if err == nil {
			_ = conn.CloseNow()
		} else if res == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %v", address, err)
		}
		return err == nil
	}
	in := 0
	forge := func(n int) bool {
		path := address[:len(address)-43]
		switch n % 5 {
		case 0:
			return dial(address, "")
		case 1:
			return dial(address, carriertest.Signature("ffffffffffffffffffffffffffffffff", address, nil))
		case 2: // another ticket, though signed
			other := path + fmt.Sprintf("%043d", n)
			return dial(other, carriertest.Signature(carriertest.Token, other, nil))
		case 3: // signed as a webhook is
			return dial(address, carriertest.Signature(carriertest.Token, h.voice(), f))
		}
		return dial(address+"x", right)
	}
	for n := range 500 {
		if forge(n) {
			in++
		}
	}
	socket, _, err := streamtest.Dial(t.Context(), address, http.Header{"X-Twilio-Signature": {right}})
	if err != nil {
		t.Fatalf("and the right one is not let in: %v", err)
	}
	caller := streamtest.On(socket, streamtest.Call{Dialect: streamtest.Twilio, ID: fmt.Sprintf("MZ%032x", 1), Start: startOf(sid(7), key, nil)})
	t.Cleanup(caller.Close)
	l := <-legs
	for n := range 500 { // the ticket is used up
		if n%2 == 0 && dial(address, right) || n%2 == 1 && forge(n) {
			in++
		}
	}
	if in != 0 {
		t.Errorf("%d of 1,000 were let in", in)
	}
	_ = l.Hangup(t.Context(), parley.AgentEnded)
}

// startOf is what Twilio says of a stream; change changes it.
func startOf(sid, key string, change func(start map[string]any)) map[string]any {
	m := map[string]any{"accountSid": carriertest.SID, "callSid": sid, "streamSid": fmt.Sprintf("MZ%032x", 1), "tracks": []string{"inbound"},
		"customParameters": map[string]string{"parley": key}, "mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}
	if change != nil {
		change(m)
	}
	return m
}

// TestWrongStarts: a stream that says it is of something else is sent away, and its ticket is used up.
func TestWrongStarts(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"another call":    func(m map[string]any) { m["callSid"] = sid(99) },
		"another account": func(m map[string]any) { m["accountSid"] = "AC2" },
		"no key":          func(m map[string]any) { m["customParameters"] = map[string]string{} },
		"another format": func(m map[string]any) {
			m["mediaFormat"] = map[string]any{"encoding": "audio/l16", "sampleRate": 8000, "channels": 1}
		},
		"no stream":         func(m map[string]any) { m["streamSid"] = "MZ1" },
		"not what it is at": func(m map[string]any) { m["customParameters"] = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.answers(func(ctx context.Context, o leg.Offer) {
				if _, err := o.Answer(ctx, leg.Limits{}); err == nil {
					t.Error("it was answered")
				}
			})
			f := webhook(sid(7))
			_, body := post(t, h.voice(), f, carriertest.Signature(carriertest.Token, h.voice(), f))
			_, rest, _ := strings.Cut(body, `url="`)
			address, _, _ := strings.Cut(rest, `"`)
			_, rest, _ = strings.Cut(body, `value="`)
			key, _, _ := strings.Cut(rest, `"`)
			socket, _, err := streamtest.Dial(t.Context(), address, http.Header{"X-Twilio-Signature": {carriertest.Signature(carriertest.Token, address, nil)}})
			if err != nil {
				t.Fatal(err)
			}
			c := streamtest.On(socket, streamtest.Call{Dialect: streamtest.Twilio, ID: "MZ1", Start: startOf(sid(7), key, change)})
			<-c.Gone()
			c.Close()
			end := url.Values{"CallSid": {sid(7)}, "AccountSid": {carriertest.SID}, "CallStatus": {"completed"}}
			post(t, h.status(), end, carriertest.Signature(carriertest.Token, h.status(), end))
		})
	}
}

// TestNoWebhooks: what is no webhook of an account is refused by what it is.
func TestNoWebhooks(t *testing.T) {
	h := open(t)
	sign := func(address string, f url.Values) string { return carriertest.Signature(carriertest.Token, address, f) }
	elsewhere := h.url + "/carriers/twilio/voice/" + "11111111-2f43-4a3c-8b2a-1f6f1f0a7d11"
	for name, tc := range map[string]struct {
		address string
		f       url.Values
		code    int
	}{
		"no such account": {elsewhere, webhook(sid(1)), 404},
		"no call":         {h.voice(), url.Values{"AccountSid": {carriertest.SID}, "Direction": {"inbound"}, "CallSid": {"CA1"}}, 400},
		"one of ours":     {h.voice(), url.Values{"AccountSid": {carriertest.SID}, "Direction": {"outbound-api"}, "CallSid": {sid(1)}}, 400},
		"no status":       {h.status(), url.Values{"AccountSid": {carriertest.SID}, "CallSid": {"x"}}, 400},
		"nobody's status": {h.status(), url.Values{"AccountSid": {carriertest.SID}, "CallSid": {sid(4)}, "CallStatus": {"completed"}}, 204},
		"too long":        {h.voice(), url.Values{"AccountSid": {carriertest.SID}, "x": {strings.Repeat("x", 70000)}}, 413},
	} {
		if code, body := post(t, tc.address, tc.f, sign(tc.address, tc.f)); code != tc.code {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if res, err := http.Get(h.voice()); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", res, err)
	}
}

// TestJSONWebhook: a body in JSON is signed by its hash in the address.
func TestJSONWebhook(t *testing.T) {
	h := open(t)
	body := `{"CallSid":"` + sid(3) + `","AccountSid":"` + carriertest.SID + `","CallStatus":"completed","CallDuration":7}`
	sum := sha256.Sum256([]byte(body))
	for hash, want := range map[string]int{hex.EncodeToString(sum[:]): 204, strings.Repeat("0", 64): 403, "": 403} {
		address := h.status() + "?bodySHA256=" + hash
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Twilio-Signature": {carriertest.Signature(carriertest.Token, address, nil)}}
		res, err := http.DefaultClient.Do(r)
		if err != nil || res.StatusCode != want {
			t.Errorf("%s: %v %v", hash, res, err)
		}
	}
}

// TestMuddledCallbacks: a call of which the callbacks come in any order, and more than once, ends as it does when they come in theirs.
func TestMuddledCallbacks(t *testing.T) {
	var one sync.Mutex // r is not for several
	r := rand.New(rand.NewPCG(3, 4))
	h := open(t)
	h.twilio.Ring = 0
	h.twilio.Muddle = func(told []url.Values) []url.Values {
		one.Lock()
		defer one.Unlock()
		again := slices.Concat(told, told)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		return again
	}
	for n := range 60 {
		for to, want := range map[string]string{carriertest.Engaged: "not answered: busy (486)", carriertest.Dead: "not answered: unreachable (404)", "+14155550123": ""} {
			l, err := h.Dial(t.Context(), h.call(to))
			switch {
			case want != "":
				if err == nil || err.Error() != want {
					t.Fatalf("%d, %s: %v, want %s", n, to, err, want)
				}
			case err != nil:
				t.Fatalf("%d, %s: %v", n, to, err)
			default:
				_ = l.Hangup(t.Context(), parley.AgentEnded)
			}
		}
	}
	for _, p := range h.twilio.Phones() {
		<-p.Over()
	}
}

// TestSignature is Twilio's own example (twilio.com/docs/usage/security).
func TestSignature(t *testing.T) {
	f := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	if s := twilio.Sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", f); s != "RSOYDt4T1cUTdK1PDd93/VVr8B8=" {
		t.Error(s)
	}
	f["Digits"] = []string{"2", "1", "2"}
	if a, b := twilio.Sign("12345", "x", f), carriertest.Signature("12345", "x", url.Values{"CallSid": f["CallSid"], "Caller": f["Caller"], "Digits": {"1", "2"}, "From": f["From"], "To": f["To"]}); a != b {
		t.Errorf("%s and %s", a, b)
	}
}

// bare is a door with the accounts a and b, who sign by tokens of their own. Nothing goes by a network, so that time may be virtual.
type bare struct {
	*twilio.Door
	stop func()
	told chan string // what a call is changed to
}

func (b *bare) Place(context.Context, url.Values) (string, error) { return "", errors.ErrUnsupported }

func (b *bare) Change(_ context.Context, _ string, f url.Values) error {
	b.told <- f.Get("Status")
	return nil
}

func newBare(t *testing.T, answer func(context.Context, leg.Offer)) *bare {
	b := &bare{told: make(chan string, 4)}
	b.Door = twilio.New(twilio.Config{PublicURL: "http://parley.test", Logger: slog.New(slog.DiscardHandler),
		Account: func(_ context.Context, id string) (twilio.Account, error) {
			return twilio.Account{SID: carriertest.SID, Token: "token of " + id, API: b, Plain: true, Trunk: parley.TrunkAccount{ID: id, Carrier: parley.CarrierTwilio}}, nil
		}})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- b.Serve(ctx, answer) }()
	synctest.Wait()
	b.stop = func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
	return b
}

// says makes a webhook of an account.
func (b *bare) says(kind, id string, f url.Values) string {
	path := "/carriers/twilio/" + kind + "/" + id
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(f.Encode()))
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {twilio.Sign("token of "+id, "http://parley.test"+path, f)}}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Body.String()
}

// TestAnotherAccountsCalls: whoever can sign for an account of their own moves no call of another's, though they know its id.
func TestAnotherAccountsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rang, left := make(chan string, 4), make(chan string, 4)
		b := newBare(t, func(ctx context.Context, o leg.Offer) {
			rang <- o.Ringing().Trunk
			<-ctx.Done()
			_ = o.Reject(ctx, parley.Busy)
			left <- o.Ringing().Trunk
		})
		var both sync.WaitGroup
		for _, id := range []string{"a", "b"} {
			both.Go(func() { b.says("voice", id, webhook(sid(1))) })
			if got := <-rang; got != id {
				t.Errorf("%s rang", got)
			}
		}
		end := url.Values{"CallSid": {sid(1)}, "AccountSid": {carriertest.SID}, "CallStatus": {"completed"}}
		for _, id := range []string{"b", "a"} {
			b.says("status", id, end)
			if got := <-left; got != id {
				t.Errorf("%s hung up, and %s was told", id, got)
			}
		}
		both.Wait()
		b.stop()
	})
}

// TestNoStream: a call is picked up, and no stream comes: it is ended, and the cause is no caller's.
func TestNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		b := newBare(t, func(ctx context.Context, o leg.Offer) {
			_, err := o.Answer(ctx, leg.Limits{})
			failed <- err
		})
		if text := b.says("voice", "a", webhook(sid(1))); !strings.Contains(text, "<Stream") {
			t.Error(text)
		}
		var gone *leg.GoneError
		if err := <-failed; !errors.As(err, &gone) || gone.Cause != parley.MediaTimeout {
			t.Errorf("%v", err)
		}
		if told := <-b.told; told != "completed" {
			t.Errorf("it is to be %s", told)
		}
		b.stop()
	})
}

// TestRingsOn: a call that takes its time to be answered rings on for it, up to ringsMost; when Twilio asks no more the caller has gone.
func TestRingsOn(t *testing.T) {
	for name, tc := range map[string]struct {
		decides, asks, rings time.Duration
		want                 string
	}{
		"taken late":      {40 * time.Second, time.Hour, 40 * time.Second, "<Stream"},
		"never":           {time.Hour, time.Hour, 80 * time.Second, "<Reject"},
		"the caller goes": {time.Hour, 20 * time.Second, 37 * time.Second, "<Redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rang := make(chan time.Duration, 1)
				b := newBare(t, func(ctx context.Context, o leg.Offer) {
					began := time.Now()
					select {
					case <-time.After(tc.decides):
						rang <- time.Since(began)
						_, _ = o.Answer(ctx, leg.Limits{})
					case <-ctx.Done():
						rang <- time.Since(began)
					}
				})
				text := "<Redirect"
				for began := time.Now(); strings.Contains(text, "<Redirect") && time.Since(began) < tc.asks; time.Sleep(time.Second) {
					if text = b.says("voice", "a", webhook(sid(1))); strings.Contains(text, "<Redirect") && !strings.Contains(text, `<Pause length="1"/><Redirect method="POST">http://parley.test/carriers/twilio/voice/a<`) {
						t.Error(text)
					}
				}
				if d := <-rang; d < tc.rings-2*time.Second || d > tc.rings+14*time.Second || !strings.Contains(text, tc.want) {
					t.Errorf("it rang for %v: %s", d, text)
				}
				b.stop()
			})
		})
	}
}
