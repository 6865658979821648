package webrtc

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/stun/v4"
)

// A Relay is a TURN server that we and browsers may be reached by (RFC 8656): with a user that lasts, or with a secret out of which users are
// made that do not (draft-uberti-behave-turn-rest-00; coturn's static-auth-secret).
type Relay struct {
	URL                string
	Username, Password string
	Secret             string
}

// relayLife is how long a user lasts that is made out of a secret: servers ask for the proof when sound begins to go by them, and some as
// long as it goes.
const relayLife = time.Hour

// credentials are a user's who begins now; who is for the server's log.
func (r *Relay) credentials(who string, now time.Time) (user, password string) {
	if r.Secret == "" {
		return r.Username, r.Password
	}
	user = strconv.FormatInt(now.Add(relayLife).Unix(), 10) + ":" + who
	mac := hmac.New(sha1.New, []byte(r.Secret))
	mac.Write([]byte(user))
	return user, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// A Server is a Relay as a browser's RTCPeerConnection takes it.
type Server struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// SetRelays has calls from now on go by these relays. Calls that run stay with theirs.
func (d *Door) SetRelays(relays []Relay) { d.relays.Store(&relays) }

// Servers are the door's relays for one browser.
func (d *Door) Servers(who string) []Server { return Servers(*d.relays.Load(), who) }

// Servers are relays for one browser; who it is goes into the names of users that are made for it.
func Servers(relays []Relay, who string) []Server {
	all := []Server{}
	for _, r := range relays {
		user, password := r.credentials(who, time.Now())
		all = append(all, Server{[]string{r.URL}, user, password})
	}
	return all
}

// uris are relays as ICE takes them.
func uris(relays []Relay, who string) (all []*stun.URI, err error) {
	for _, r := range relays {
		u, err := stun.ParseURI(r.URL)
		if err != nil {
			return nil, fmt.Errorf("the relay %s: %w", r.URL, err)
		}
		u.Username, u.Password = r.credentials(who, time.Now())
		all = append(all, u)
	}
	return all, nil
}

const (
	gatherMost   = time.Second            // for an address of a relay's, before the browser has its answer
	gatherBriefs = 100 * time.Millisecond // as long as none has answered lately
	relayRest    = 30 * time.Second       // how long that is
	relayTold    = time.Minute            // between two lines in the log
)

// lending is how the relays are doing. The zero value is ready.
type lending struct {
	mu     sync.Mutex // guards all below
	failed time.Time  // when they lent nothing last
	told   time.Time
}

// patience is how long they are worth waiting for.
func (l *lending) patience(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.failed) < relayRest {
		return gatherBriefs
	}
	return gatherMost
}

// lent is told what came of asking them; tell: it is to be in the log.
func (l *lending) lent(ok bool, now time.Time) (tell bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ok {
		l.failed, l.told = time.Time{}, time.Time{}
		return false
	}
	if now.Sub(l.failed) >= relayRest {
		l.failed = now
	}
	if tell = now.Sub(l.told) >= relayTold; tell {
		l.told = now
	}
	return tell
}

// address gathers our candidates; a warning says that the relays have lent none.
func (d *Door) address(ctx context.Context, a *ice.Agent, relays []Relay, said *complaints) (all []ice.Candidate, warning string, err error) {
	if len(relays) == 0 {
		all, err = gather(ctx, a, gatherMost)
		return all, "", err
	}
	all, err = gather(ctx, a, d.lending.patience(time.Now()))
	if err != nil {
		return nil, "", err
	}
	relayed := slices.ContainsFunc(all, func(c ice.Candidate) bool { return c.Type() == ice.CandidateTypeRelay })
	tell := d.lending.lent(relayed, time.Now())
	if relayed {
		return all, "", nil
	}
	var urls []string
	for _, r := range relays {
		urls = append(urls, r.URL)
	}
	why := said.String()
	if why == "" {
		why = "no answer in time"
	}
	warning = fmt.Sprintf("no TURN server gave us an address (%s): %s; a browser that no other way reaches us from has no sound", strings.Join(urls, ", "), why)
	if tell {
		d.conf.Logger.Warn("no TURN server gave us an address: calls go on without", "servers", urls, "error", why)
	}
	return all, warning, nil
}

// gather collects our candidates: those of this machine are there at once, others until most.
func gather(ctx context.Context, a *ice.Agent, most time.Duration) (all []ice.Candidate, err error) {
	ctx, stop := context.WithTimeout(ctx, most)
	defer stop()
	got := make(chan ice.Candidate, 64)
	if err := a.OnCandidate(func(c ice.Candidate) {
		select {
		case got <- c:
		case <-ctx.Done():
		}
	}); err != nil {
		return nil, err
	}
	if err := a.GatherCandidates(); err != nil {
		return nil, fmt.Errorf("beginning ICE: %w", err)
	}
	for {
		select {
		case c := <-got:
			if c == nil {
				return all, nil
			}
			all = append(all, c)
		case <-ctx.Done():
			if len(all) > 0 {
				return all, nil
			}
			return nil, fmt.Errorf("beginning ICE: no address of ours was found: %w", ctx.Err())
		}
	}
}

// complaints are what ICE warns of while it gathers, the last few; it says nothing else. They are its loggers, too.
type complaints struct {
	mu   sync.Mutex // guards said
	said []string
}

const mostComplaints = 4

func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.said, "; ")
}

// NewLogger implements logging.LoggerFactory.
func (c *complaints) NewLogger(string) logging.LeveledLogger {
	return complainer{quiet.NewLogger(""), c}
}

// A complainer keeps warnings only: all else is told by errors.
type complainer struct {
	logging.LeveledLogger
	to *complaints
}

func (c complainer) Warn(msg string) { c.to.add(msg) }

func (c complainer) Warnf(format string, args ...any) { c.to.add(fmt.Sprintf(format, args...)) }

func (c *complaints) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.said, s) && len(c.said) < mostComplaints {
		c.said = append(c.said, s)
	}
}

// quietly is a logger that says nothing.
var quietly = slog.New(slog.DiscardHandler)
