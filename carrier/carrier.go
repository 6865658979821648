// Package carrier speaks to those who carry numbers and messages, by the accounts that users have with them: Twilio and Telnyx, over
// their REST APIs. It sends text messages, and finds, buys, points and releases numbers.
//
// Goroutines: none of its own; a Client and its accounts may be used by any.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

// Net makes requests. *fetch.Client is one.
type Net interface {
	Do(ctx context.Context, r fetch.Request) (*fetch.Response, error)
}

// A Client reaches carriers.
type Client struct {
	Net   Net
	Bases map[string]string // by carrier: where it is reached, unless an account says otherwise; none: where all its customers do

	// Own gives the credentials of the operator's own account with Twilio as they are now; nil, or what gives nil: there is none.
	Own   func() map[string]any
	Looks []time.Duration // waits before each look at what became of an order; nil: 1, 2, 4 and 5 s
}

// An Account is one with a carrier.
type Account interface {
	// Send sends a text message. The error is an *Error, and says whether it may have been sent all the same: no carrier knows
	// a request that it has had before, so that one is not to be made again.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// A Message is a text message between two E.164 numbers.
type Message struct {
	From, To, Text string
}

// LongestText is how many characters of a message both carriers take.
const LongestText = 1600

// A Receipt says that a carrier has taken a message. Whether it arrives is not known then.
type Receipt struct {
	ID     string // the carrier's, "" when it said none
	Status int    // of HTTP
}

// An Error is why something was not done, or may not have been.
type Error struct {
	Carrier string // twilio, telnyx
	Status  int    // of HTTP; 0: there was no answer
	Code    string // the carrier's own; "" it gave none
	Message string // in its words
	Act     Act    // what it was to do, where it may not be done twice
	Doubt   bool   // it may have been done
	Later   bool   // it was not, and the same may succeed later
	After   string // its Retry-After
	Account bool   // the account's credentials are at fault
	Err     error  // why there was no answer
}

func (e *Error) Error() string {
	said := e.Message
	switch {
	case e.Err != nil:
		said = e.Err.Error()
	case said == "":
		said = fmt.Sprintf("it answered %d", e.Status)
	}
	if e.Code != "" {
		said = e.Code + ": " + said
	}
	if e.Doubt {
		said += "; " + doubts[e.Act]
	}
	return e.Carrier + ": " + said
}

// Unwrap is why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// Errors of Open.
var (
	ErrNoCarrier     = errors.New("messages are sent by an account connection of type account_connection_twilio or account_connection_telnyx")
	ErrNoCredentials = errors.New("the account connection lacks its credentials")
	ErrNoOwn         = errors.New("this server has no Twilio account of its own: its operator sets PARLEY_TWILIO_ACCOUNT_SID and PARLEY_TWILIO_AUTH_TOKEN")
)

// Open is the account of an account connection, by its type and its credentials in clear. base_url among these is where the carrier is
// reached, such as in another region; without one it is where all its customers do.
func (c *Client) Open(kind string, credentials map[string]any) (Account, error) {
	if kind == parley.OperatorsTwilio {
		var own map[string]any
		if c.Own != nil {
			own = c.Own()
		}
		if own == nil {
			return nil, ErrNoOwn
		}
		kind, credentials = "account_connection_twilio", own // whatever the connection holds: it must not lead the operator's token elsewhere
	}
	given := func(name string) string { s, _ := credentials[name].(string); return s }
	switch kind {
	case "account_connection_twilio":
		sid, token := given("twilio_account_sid"), given("twilio_auth_token")
		if sid == "" || token == "" {
			return nil, ErrNoCredentials
		}
		return &Twilio{client: c, base: given("base_url"), sid: sid, token: token}, nil
	case "account_connection_telnyx":
		key := given("api_key")
		if key == "" {
			return nil, ErrNoCredentials
		}
		return &Telnyx{client: c, base: given("base_url"), key: key, app: given("connection_id")}, nil
	}
	return nil, ErrNoCarrier
}

// sendWithin is how long a carrier may take to say whether it takes a message.
const sendWithin = 10 * time.Second

// post makes a request that must not be made twice, and reads whether it may have been. The request has no Idempotency-Key: net/http
// would take it for one that can be repeated.
func (c *Client) post(ctx context.Context, carrier string, r fetch.Request) (*fetch.Response, *Error) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	res, err := c.Net.Do(ctx, r)
	if err != nil && !errors.Is(err, fetch.ErrTooLarge) {
		var blocked *fetch.BlockedError
		return nil, &Error{Carrier: carrier, Err: err, Doubt: wrote.Load(), Later: !wrote.Load() && !errors.As(err, &blocked)}
	}
	if res.Status >= 200 && res.Status <= 299 {
		return res, nil
	}
	return res, &Error{Carrier: carrier, Status: res.Status, Doubt: res.Status >= 500 || res.Status == 408 || res.Status < 400,
		Later: res.Status == 429, After: res.Header.Get("Retry-After")}
}

// most is how much of a carrier's words is told, in bytes.
const most = 300

func clip(s string) string {
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
