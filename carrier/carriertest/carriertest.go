// Package carriertest has carriers to send messages and to buy numbers by that are none: their REST APIs as their documentation has them, on an address
// of this machine's. They take what the real ones take, refuse what those refuse, in their words, and keep what they took.
//
// Goroutines: those of the http.Server they are served by.
package carriertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// The account that both know.
const (
	SID   = "AC00000000000000000000000000000001"
	Token = "0123456789abcdef0123456789abcdef"
	Key   = "KEY0123456789ABCDEF_test"
)

// The numbers that they answer for in a way of their own.
const (
	From        = "+15005550006" // the account's; no other may be From
	Nobody      = "+15005550001" // no valid number
	Unreachable = "+15005550002" // cannot be routed to
	Landline    = "+15005550009" // takes no messages: Twilio knows at once, Telnyx takes it and tells later
	Stopped     = "+15005550004" // has asked for no more messages
	Busy        = "+15005550429" // too many requests, the first time
	Broken      = "+15005550500" // an error of the carrier's own, though the message goes out
	Silent      = "+15005550000" // the connection breaks, though the message goes out
)

// A Message is one that was taken.
type Message struct{ From, To, Text string }

// A Carrier is an http.Handler that answers as Twilio and as Telnyx. The zero value is ready.
type Carrier struct {
	mu     sync.Mutex // guards all below
	taken  []Message
	asked  int
	busied bool
	shop
}

// Taken are the messages that went out.
func (c *Carrier) Taken() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message(nil), c.taken...)
}

// Asked is how many requests there were.
func (c *Carrier) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *Carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked++
	down := c.down
	c.mu.Unlock()
	switch {
	case down:
		outage(w, r)
	case telnyxNumberPaths.MatchString(r.URL.Path):
		c.telnyxNumbers(w, r)
	case strings.HasPrefix(r.URL.Path, "/v1/PhoneNumbers/Countries/"):
		c.twilioPrices(w, r)
	case r.URL.Path == "/v2/balance":
		c.telnyxBalance(w, r)
	case r.URL.Path == "/v2/messages":
		c.telnyx(w, r)
	case strings.HasPrefix(r.URL.Path, "/2010-04-01/Accounts/"):
		c.twilio(w, r)
	default:
		http.NotFound(w, r)
	}
}

// A verdict is what becomes of a message; the zero value is that it is taken.
type verdict int

const (
	taken verdict = iota
	notTheirs
	invalid
	unroutable
	noMobile
	stopped
	tooMany
	broken
	silent
	empty
	tooLong
)

var e164 = regexp.MustCompile(`^\+[1-9]\d{6,14}$`)

// judge decides, and keeps what goes out.
func (c *Carrier) judge(m Message, knowsPhones bool) verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case m.From != From:
		return notTheirs
	case m.Text == "":
		return empty
	case utf8.RuneCountInString(m.Text) > 1600:
		return tooLong
	case !e164.MatchString(m.To) || m.To == Nobody:
		return invalid
	}
	if m.To == Landline && knowsPhones {
		return noMobile
	}
	switch m.To {
	case Unreachable:
		return unroutable
	case Stopped:
		return stopped
	case Busy:
		if !c.busied {
			c.busied = true
			return tooMany
		}
	}
	c.taken = append(c.taken, m)
	switch m.To {
	case Broken:
		return broken
	case Silent:
		return silent
	}
	return taken
}

// twilioRefuses writes a refusal as Twilio has it.
func twilioRefuses(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, map[string]any{"code": code, "message": message, "more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), "status": status})
}

// twilioKnows checks who asks Twilio.
func (c *Carrier) twilioKnows(w http.ResponseWriter, r *http.Request) bool {
	sid, token, ok := r.BasicAuth()
	if !ok || sid != SID || token != Token {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		twilioRefuses(w, 401, 20003, "Authenticate")
		return false
	}
	if c.closed() {
		twilioRefuses(w, 401, 20005, "Account not active")
		return false
	}
	return true
}

func (c *Carrier) twilio(w http.ResponseWriter, r *http.Request) {
	refuse := func(status, code int, message string) { twilioRefuses(w, status, code, message) }
	if !c.twilioKnows(w, r) {
		return
	}
	if r.URL.Path == "/2010-04-01/Accounts/"+SID+".json" {
		c.twilioAccount(w, r)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+SID+"/"); ok && twilioNumberPaths.MatchString(path) {
		c.twilioNumbers(w, r, path)
		return
	}
	if r.URL.Path != "/2010-04-01/Accounts/"+SID+"/Messages.json" {
		refuse(404, 20404, "The requested resource "+r.URL.Path+" was not found")
		return
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		refuse(405, 20004, "Method not allowed")
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(400, 20001, "Unable to parse the request")
		return
	}
	m := Message{r.PostForm.Get("From"), r.PostForm.Get("To"), r.PostForm.Get("Body")}
	switch c.judge(m, true) {
	case notTheirs:
		refuse(400, 21606, fmt.Sprintf("The From phone number %s is not a valid, SMS-capable inbound phone number or short code for your account.", m.From))
	case empty:
		refuse(400, 21602, "Message body is required.")
	case tooLong:
		refuse(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
	case invalid:
		refuse(400, 21211, fmt.Sprintf("The 'To' number %s is not a valid phone number.", m.To))
	case unroutable:
		refuse(400, 21612, fmt.Sprintf("The 'To' phone number: %s, is not currently reachable using the 'From' phone number: %s via SMS.", m.To, m.From))
	case noMobile:
		refuse(400, 21614, fmt.Sprintf("'To' number: %s, is not a valid mobile number", m.To))
	case stopped:
		refuse(400, 21610, "Attempt to send to unsubscribed recipient")
	case tooMany:
		w.Header().Set("Retry-After", "7")
		refuse(429, 20429, "Too Many Requests")
	case broken:
		refuse(500, 20500, "Internal Server Error")
	case silent:
		breakOff(w)
	default:
		answer(w, 201, map[string]any{"account_sid": SID, "api_version": "2010-04-01", "body": m.Text, "direction": "outbound-api", "error_code": nil,
			"error_message": nil, "from": m.From, "num_media": "0", "num_segments": fmt.Sprint(segments(m.Text)), "price": nil, "sid": "SM" + strings.Repeat("0", 31) + "1",
			"status": "queued", "to": m.To, "uri": "/2010-04-01/Accounts/" + SID + "/Messages/SM" + strings.Repeat("0", 31) + "1.json"})
	}
}

// telnyxRefuses writes a refusal as Telnyx has it.
func telnyxRefuses(w http.ResponseWriter, status int, code, title, detail string) {
	answer(w, status, map[string]any{"errors": []any{map[string]any{"code": code, "title": title, "detail": detail,
		"meta": map[string]string{"url": "https://developers.telnyx.com/docs/overview/errors/" + code}}}})
}

// telnyxKnows checks who asks Telnyx.
func (c *Carrier) telnyxKnows(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Authorization") != "Bearer "+Key {
		telnyxRefuses(w, 401, "10009", "Authentication failed", "Could not understand the provided credentials.")
		return false
	}
	if c.closed() {
		telnyxRefuses(w, 403, "20014", "Account inactive", "The account is not active.")
		return false
	}
	return true
}

func (c *Carrier) telnyx(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, title, detail string) { telnyxRefuses(w, status, code, title, detail) }
	if !c.telnyxKnows(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in struct{ From, To, Text string }
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil {
		refuse(400, "10015", "Bad Request", "The request body is not valid JSON.")
		return
	}
	m := Message{in.From, in.To, in.Text}
	switch c.judge(m, false) {
	case notTheirs:
		refuse(400, "40305", "Invalid 'from' address", "The 'from' address should be string containing a valid phone number or short code associated with the sending messaging profile.")
	case empty:
		refuse(422, "40316", "No content provided", "A message must have either text or media.")
	case tooLong:
		refuse(400, "40302", "Message too large", "The message exceeds the allowed number of parts.")
	case invalid:
		refuse(400, "40310", "Invalid 'to' address", "The 'to' address should be in E.164 format.")
	case unroutable:
		refuse(400, "40309", "Invalid destination region", "The message's destination is in a region that is not enabled.")
	case stopped:
		refuse(403, "40300", "Blocked due to STOP message", "Messages cannot be sent from this number to a recipient who has replied STOP.")
	case tooMany:
		w.Header().Set("Retry-After", "7")
		refuse(429, "10011", "Too many requests", "You have exceeded the rate limit.")
	case broken:
		refuse(500, "10007", "Unexpected error", "An unexpected error occurred.")
	case silent:
		breakOff(w)
	default:
		answer(w, 200, map[string]any{"data": map[string]any{"id": "40385f64-5717-4562-b3fc-2c963f66afa6", "record_type": "message", "direction": "outbound", "type": "SMS",
			"from": map[string]string{"phone_number": m.From}, "to": []any{map[string]string{"phone_number": m.To, "status": "queued"}},
			"text": m.Text, "parts": segments(m.Text), "errors": []any{}}})
	}
}

// segments is how many short messages a text takes (GSM 03.38 is taken for ASCII).
func segments(text string) int {
	single, part, n := 160, 153, len(text)
	if strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		single, part, n = 70, 67, len(utf16.Encode([]rune(text)))
	}
	if n <= single {
		return 1
	}
	return (n + part - 1) / part
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// breakOff ends the connection without an answer.
func breakOff(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
