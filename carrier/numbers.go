package carrier

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-voice/parley/fetch"
)

// Numbers is what a carrier does with the numbers of an account. An error is an *Error, or ErrNotOwned where a method says so.
type Numbers interface {
	// Search finds numbers that are for sale.
	Search(ctx context.Context, s Search) ([]Offer, error)
	// Buy buys one number, whose calls then come to o.Hooks. It is asked for once; where the answer was lost it is looked up for
	// some seconds (Client.Looks) whether the account has the number now. An *Error with Doubt: that is still not known. A Line that is Pending: it is
	// ordered, and the carrier needs more time.
	Buy(ctx context.Context, o Order) (Line, error)
	// Find is a number of the account's, or one that an order with that reference ("": none) is to bring. ErrNotOwned: there is neither.
	Find(ctx context.Context, phone, reference string) (Line, error)
	// Point sends a number's calls to us. note says what it did to others, "" nothing.
	Point(ctx context.Context, l Line, h Hooks) (note string, err error)
	// Unpoint takes that back, where it has not been changed since.
	Unpoint(ctx context.Context, l Line, h Hooks) error
	// Release gives a number back. One that is gone already is no error.
	Release(ctx context.Context, l Line) error
}

var (
	_ Numbers = (*Twilio)(nil)
	_ Numbers = (*Telnyx)(nil)
)

// ErrNotOwned says that an account has no such number.
var ErrNotOwned = errors.New("the account does not have the number")

// A Search is what numbers are wanted. What is "" is any.
type Search struct {
	Country    string // ISO 3166-1 alpha-2, upper case; "": US
	AreaCode   string
	Contains   string // digits and letters of a keypad in a row; * is any digit
	Region     string // a state or province, such as CA
	Locality   string
	PostalCode string
	Type       string // local, toll_free, mobile, national; "": what the country has first of these
	SMS        bool   // it must take text messages
	Limit      int
}

// An Offer is a number for sale.
type Offer struct {
	Phone, Country, Locality string
	Monthly                  *float64 // nil: the carrier does not say
	Currency                 string
	SMS                      bool
}

// An Order is for one number.
type Order struct {
	Phone     string
	Reference string            // ours, which the carrier keeps where it can
	Papers    map[string]string // what a country wants to know of who has its numbers, by the carrier's own names
	Hooks     Hooks
}

// Hooks are where a carrier tells of calls; "" is nowhere.
type Hooks struct{ Voice, Status string }

// A Line is a number of an account.
type Line struct {
	ID      string // the carrier's; "": it has none yet
	Phone   string
	Pending bool // it is ordered, and not there yet
	SMS     bool // it takes text messages, as far as the carrier says
	Voice   string
	status  string // where its calls are told of
}

// Act is what a request was to do, for the words about it.
type Act int

// The acts that must not be done twice.
const (
	Sending Act = iota
	Buying
	Dialling
	Commanding // of a call
)

var doubts = [...]string{
	Sending:    "the message may have been sent, and is not sent again",
	Buying:     "the number may have been bought, and is not bought again",
	Dialling:   "the call may have been placed, and is not placed again",
	Commanding: "it may have been done",
}

// base is where a carrier is reached: where the account connection says, else the operator, else where all its customers do.
func (c *Client) base(carrier, own, everybody string) string {
	if own != "" {
		return own
	}
	if s := c.Bases[carrier]; s != "" {
		return s
	}
	return everybody
}

// Waits between a request that may be made again and the next of its kind; how long a carrier may ask us to wait.
var waits = []time.Duration{250 * time.Millisecond, time.Second}

const longestWait = 5 * time.Second

// again makes a request that may be made twice, up to three times: until there is an answer that is not the carrier's own fault.
func (c *Client) again(ctx context.Context, carrier string, r fetch.Request) (*fetch.Response, *Error) {
	for i := 0; ; i++ {
		res, failed := c.once(ctx, carrier, r)
		if failed == nil || !failed.Later || i == len(waits) || !rest(ctx, pause(failed, waits[i])) {
			return res, failed
		}
	}
}

func (c *Client) once(ctx context.Context, carrier string, r fetch.Request) (*fetch.Response, *Error) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	res, err := c.Net.Do(ctx, r)
	if err != nil {
		var blocked *fetch.BlockedError
		return nil, &Error{Carrier: carrier, Err: err, Later: !errors.As(err, &blocked) && !errors.Is(err, fetch.ErrTooLarge)}
	}
	if res.Status >= 200 && res.Status <= 299 {
		return res, nil
	}
	return res, &Error{Carrier: carrier, Status: res.Status, After: res.Header.Get("Retry-After"),
		Later: res.Status >= 500 || res.Status == http.StatusRequestTimeout || res.Status == http.StatusTooManyRequests}
}

// pause is how long to wait, which the carrier may say.
func pause(failed *Error, otherwise time.Duration) time.Duration {
	if n, err := strconv.Atoi(failed.After); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, longestWait)
	}
	return otherwise
}

// rest waits, and says whether ctx still runs.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// looks are the waits before each look at what became of an order.
var looks = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second}

func (c *Client) looks() []time.Duration {
	if c.Looks != nil {
		return c.Looks
	}
	return looks
}

// settled finds out what became of an order whose answer was lost.
func (c *Client) settled(ctx context.Context, n Numbers, o Order, failed *Error) (Line, error) {
	failed.Act = Buying
	if !failed.Doubt {
		return Line{}, failed
	}
	ctx = context.WithoutCancel(ctx) // money may have been spent: whoever asked may be gone
	for _, wait := range c.looks() {
		rest(ctx, wait)
		if l, err := n.Find(ctx, o.Phone, o.Reference); err == nil {
			return l, nil
		}
	}
	return Line{}, failed
}

// nonsense is an answer that cannot be read.
func nonsense(carrier string, res *fetch.Response) *Error {
	return &Error{Carrier: carrier, Status: res.Status, Message: "its answer cannot be understood", Later: true}
}
