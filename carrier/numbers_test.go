package carrier

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
)

func TestMain(m *testing.M) {
	waits = []time.Duration{time.Millisecond, time.Millisecond}
	m.Run()
}

// numbers is an account of that kind with a fake carrier.
func numbers(t *testing.T, kind string, c http.Handler) Numbers {
	t.Helper()
	p := serve(t, c)
	p.Looks = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond}
	with := map[string]any{"connection_id": carriertest.App}
	for k, v := range kinds[kind] {
		with[k] = v
	}
	a, err := p.Open(kind, with)
	if err != nil {
		t.Fatal(err)
	}
	return a.(Numbers)
}

var hooks = Hooks{Voice: "https://parley.example.com/carriers/voice/1", Status: "https://parley.example.com/carriers/status/1"}

// each runs a test for both carriers.
func each(t *testing.T, f func(t *testing.T, kind string)) {
	t.Helper()
	for _, kind := range []string{"account_connection_twilio", "account_connection_telnyx"} {
		t.Run(kind, func(t *testing.T) { f(t, kind) })
	}
}

// voice is where a number's calls go when they come to us.
func voice(c *carriertest.Carrier, kind string, l carriertest.Line) (at string) {
	if kind == "account_connection_twilio" {
		return l.Voice
	}
	if l.App == carriertest.App {
		return c.Hook()
	}
	return ""
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		n := numbers(t, kind, &carriertest.Carrier{})
		for name, tc := range map[string]struct {
			s     Search
			want  int
			first string
		}{
			"any":               {Search{Limit: 5}, 5, "+14155550100"},
			"an area":           {Search{Limit: 100, AreaCode: "775"}, 1, "+17755550101"},
			"a region":          {Search{Limit: 100, Region: "NV"}, 1, "+17755550101"},
			"nobody's area":     {Search{Limit: 10, AreaCode: "999"}, 0, ""},
			"digits":            {Search{Limit: 10, Contains: "5550117"}, 1, "+14155550117"},
			"free of charge":    {Search{Limit: 10, Type: "toll_free"}, 1, "+18005550100"},
			"with messages":     {Search{Limit: 3, SMS: true}, 3, "+14155550100"},
			"London":            {Search{Limit: 10, Country: "GB", AreaCode: "20"}, 2, carriertest.Regulated},
			"Manchester":        {Search{Limit: 10, Country: "GB", AreaCode: "161"}, 1, "+441614960020"},
			"nothing but voice": {Search{Limit: 1, Country: "GB"}, 1, carriertest.Regulated},
		} {
			offers, err := n.Search(t.Context(), tc.s)
			if err != nil || len(offers) != tc.want || tc.want > 0 && offers[0].Phone != tc.first {
				t.Errorf("%s: %+v %v", name, offers, err)
				continue
			}
			for _, o := range offers {
				us := tc.s.Country == ""
				if us && (o.Monthly == nil || *o.Monthly < 1 || o.Currency != "USD" || o.Country != "US") || o.SMS != us {
					t.Errorf("%s: %+v", name, o)
				}
			}
		}
		var e *Error
		if _, err := n.Search(t.Context(), Search{Country: "AQ", Limit: 1}); !errors.As(err, &e) || e.Status/100 != 4 || e.Code == "" {
			t.Errorf("in Antarctica: %v", err)
		}
	})
}

func TestTwilioAreaCode(t *testing.T) {
	var e *Error
	if _, err := numbers(t, "account_connection_twilio", &carriertest.Carrier{}).Search(t.Context(), Search{AreaCode: "1", Limit: 1}); !errors.As(err, &e) || e.Code != "21451" {
		t.Errorf("%v", err)
	}
}

func TestTelnyxSearchesWithoutPatterns(t *testing.T) {
	c := &carriertest.Carrier{}
	n := numbers(t, "account_connection_telnyx", c)
	for _, s := range []Search{{Contains: "41*"}, {PostalCode: "94105"}} {
		var e *Error
		if _, err := n.Search(t.Context(), s); !errors.As(err, &e) || e.Status != 400 || c.Asked() != 0 {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestNumberLife: bought, pointed here, found, let go, given back.
func TestNumberLife(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c := &carriertest.Carrier{}
		n := numbers(t, kind, c)
		const phone = "+14155550103"
		if _, err := n.Find(t.Context(), phone, "ref"); !errors.Is(err, ErrNotOwned) {
			t.Fatalf("before: %v", err)
		}
		l, err := n.Buy(t.Context(), Order{Phone: phone, Reference: "ref", Hooks: hooks})
		if err != nil || l.Phone != phone || l.ID == "" || l.Pending {
			t.Fatalf("bought %+v, %v", l, err)
		}
		if note, err := n.Point(t.Context(), l, hooks); err != nil || note != "" {
			t.Fatalf("%q %v", note, err)
		}
		got, _ := c.Line(phone)
		if voice(c, kind, got) != hooks.Voice {
			t.Errorf("%+v", got)
		}
		found, err := n.Find(t.Context(), phone, "")
		if err != nil || found.ID != l.ID || !found.SMS || found.Pending {
			t.Errorf("%+v %v", found, err)
		}
		if err := n.Unpoint(t.Context(), found, hooks); err != nil {
			t.Error(err)
		}
		if got, _ = c.Line(phone); voice(c, kind, got) != "" || got.Status != "" {
			t.Errorf("let go: %+v", got)
		}
		for range 2 { // the second has nothing to do
			if err := n.Release(t.Context(), l); err != nil {
				t.Error(err)
			}
		}
		if _, ok := c.Line(phone); ok {
			t.Error("it is still there")
		}
		if err := n.Unpoint(t.Context(), Line{ID: "gone", Voice: "https://elsewhere.example.com"}, hooks); err != nil {
			t.Errorf("what is not ours was touched: %v", err)
		}
		if c.Bought() != 1 {
			t.Errorf("%d orders", c.Bought())
		}
	})
}

// TestFindPages: the number is on the last page of those that have its digits.
func TestFindPages(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c := &carriertest.Carrier{}
		for _, phone := range []string{"+12225550171", "+1222555017", "+441222555017"} {
			c.Own(carriertest.Line{Phone: phone})
		}
		c.Own(carriertest.Line{Phone: "+12225550"})
		n := numbers(t, kind, c)
		for _, phone := range []string{"+12225550171", "+1222555017", "+12225550"} {
			if l, err := n.Find(t.Context(), phone, ""); err != nil || l.Phone != phone {
				t.Errorf("%s: %+v %v", phone, l, err)
			}
		}
		if _, err := n.Find(t.Context(), "+122255501", ""); !errors.Is(err, ErrNotOwned) {
			t.Errorf("a part of others: %v", err)
		}
	})
}

// TestBuyInDoubt: what may have been bought is asked for once, and then looked up.
func TestBuyInDoubt(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for phone, want := range map[string]string{carriertest.SoldBroken: "bought", carriertest.SoldSilent: "bought", carriertest.SoldSlowly: "bought", carriertest.LostSilent: "doubt"} {
			c := &carriertest.Carrier{}
			l, err := numbers(t, kind, c).Buy(t.Context(), Order{Phone: phone, Reference: "7", Hooks: hooks})
			var e *Error
			got := "bought"
			if errors.As(err, &e) && e.Doubt && strings.Contains(err.Error(), "may have been bought") {
				got = "doubt"
			} else if err != nil || l.Phone != phone || l.ID == "" || l.Pending {
				got = "nonsense"
			}
			if got != want || c.Bought() != 1 {
				t.Errorf("%s: %s, %d orders: %+v %v", phone, got, c.Bought(), l, err)
			}
		}
	})
}

func TestBuyRefused(t *testing.T) {
	for kind, codes := range map[string]map[string]string{
		"account_connection_twilio": {carriertest.SoldToOther: "21422", carriertest.Regulated: "21649", "+1": "21421", "+14155559999": "21422"},
		"account_connection_telnyx": {carriertest.SoldToOther: "85001", "+1": "10016", "+14155559999": "85001"},
	} {
		for phone, code := range codes {
			c := &carriertest.Carrier{}
			_, err := numbers(t, kind, c).Buy(t.Context(), Order{Phone: phone, Hooks: hooks})
			var e *Error
			if !errors.As(err, &e) || e.Code != code || e.Doubt || e.Status/100 != 4 || e.Message == "" || c.Bought() != 1 {
				t.Errorf("%s, %s: %v", kind, phone, err)
			}
		}
	}
}

// TestPapers: a country that wants to know who has its numbers is told.
func TestPapers(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c := &carriertest.Carrier{}
		n := numbers(t, kind, c)
		_, err := n.Buy(t.Context(), Order{Phone: carriertest.Regulated, Reference: "1", Papers: map[string]string{"bundle_sid": "BU1", "requirement_group_id": "1"}})
		var e *Error
		if !errors.As(err, &e) || e.Status/100 != 4 || e.Doubt {
			t.Errorf("with papers that are not in order: %v", err)
		}
		if _, err = n.Find(t.Context(), carriertest.Regulated, "1"); err == nil {
			t.Error("found what was refused")
		}
		l, err := n.Buy(t.Context(), Order{Phone: carriertest.Regulated, Papers: map[string]string{"bundle_sid": carriertest.Papers, "requirement_group_id": carriertest.Group}})
		if err != nil || l.ID == "" {
			t.Errorf("%+v %v", l, err)
		}
	})
}

// TestPending: an order of Telnyx's may take days.
func TestPending(t *testing.T) {
	for _, phone := range []string{carriertest.SoldNever, carriertest.Regulated} {
		c := &carriertest.Carrier{}
		n := numbers(t, "account_connection_telnyx", c)
		l, err := n.Buy(t.Context(), Order{Phone: phone, Reference: "9", Hooks: hooks})
		if err != nil || !l.Pending || l.ID != "" {
			t.Fatalf("%+v %v", l, err)
		}
		if l, err = n.Find(t.Context(), phone, "9"); err != nil || !l.Pending {
			t.Errorf("%+v %v", l, err)
		}
		if _, err = n.Find(t.Context(), phone, "8"); !errors.Is(err, ErrNotOwned) {
			t.Errorf("another's order: %v", err)
		}
		c.Settle()
		if l, err = n.Find(t.Context(), phone, "9"); err != nil || l.Pending || l.ID == "" {
			t.Errorf("%+v %v", l, err)
		}
	}
}

// TestPointTells: what took the calls before is told of, without what may be secret in its address.
func TestPointTells(t *testing.T) {
	c := &carriertest.Carrier{}
	c.Own(carriertest.Line{Phone: "+12225550100", Voice: "https://me:secret@old.example.com/twiml?key=secret", Trunk: "TK1"})
	n := numbers(t, "account_connection_twilio", c)
	l, err := n.Find(t.Context(), "+12225550100", "")
	if err != nil {
		t.Fatal(err)
	}
	note, err := n.Point(t.Context(), l, hooks)
	if err != nil || !strings.Contains(note, "https://old.example.com/twiml before") || strings.Contains(note, "secret") {
		t.Errorf("%q %v", note, err)
	}
	if got, _ := c.Line("+12225550100"); got.Trunk != "" || got.Voice != hooks.Voice || got.Status != hooks.Status {
		t.Errorf("%+v", got)
	}
}

func TestTelnyxWithoutApplication(t *testing.T) {
	for app, has := range map[string]string{"": "credentials.connection_id", "77": "no Call Control application"} {
		c := &carriertest.Carrier{}
		a, err := serve(t, c).Open("account_connection_telnyx", map[string]any{"api_key": carriertest.Key, "connection_id": app})
		if err != nil {
			t.Fatal(err)
		}
		n := a.(Numbers)
		l, err := n.Find(t.Context(), carriertest.From, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = n.Point(t.Context(), l, hooks); err == nil || !strings.Contains(err.Error(), has) {
			t.Errorf("%q: %v", app, err)
		}
		var e *Error
		if _, err = n.Buy(t.Context(), Order{Phone: "+17755550101", Reference: "1", Hooks: hooks}); !errors.As(err, &e) || e.Doubt || app == "" && c.Bought() != 0 {
			t.Errorf("%q: ordered all the same: %v", app, err)
		}
	}
}

// TestOutage: what may be asked twice is, three times at most; what may have bought is not.
func TestOutage(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c := &carriertest.Carrier{}
		n := numbers(t, kind, c)
		c.Down(true)
		line := Line{ID: "PN1", Phone: "+14155550100", Voice: hooks.Voice}
		for name, ask := range map[string]func(context.Context) error{
			"find":    func(ctx context.Context) error { _, err := n.Find(ctx, "+14155550100", ""); return err },
			"search":  func(ctx context.Context) error { _, err := n.Search(ctx, Search{Limit: 1}); return err },
			"release": func(ctx context.Context) error { return n.Release(ctx, line) },
		} {
			before := c.Asked()
			err := ask(t.Context())
			var e *Error
			if !errors.As(err, &e) || e.Status != 503 || e.Code == "" || !e.Later || e.Doubt || c.Asked()-before != 3 {
				t.Errorf("%s: %d requests, %v", name, c.Asked()-before, err)
			}
		}
		before := c.Bought()
		var e *Error
		if _, err := n.Buy(t.Context(), Order{Phone: "+14155550100"}); !errors.As(err, &e) || !e.Doubt || c.Bought() != before {
			t.Errorf("buy: %v", err)
		}
		c.Down(false)
		if _, err := n.Find(t.Context(), carriertest.From, ""); err != nil {
			t.Error(err)
		}
		c.Suspend()
		if _, err := n.Find(t.Context(), carriertest.From, ""); !errors.As(err, &e) || e.Status/100 != 4 || e.Later || e.Code == "" {
			t.Errorf("a closed account: %v", err)
		}
	})
}

// TestPasses: one bad answer is not the end of it, and a carrier may say how long to wait.
func TestPasses(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, status := range []int{408, 429, 500, 502, 503} {
			c, n := &carriertest.Carrier{}, atomic.Int32{}
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 1 {
					w.WriteHeader(status)
					return
				}
				c.ServeHTTP(w, r)
			})
			if _, err := numbers(t, kind, h).Find(t.Context(), carriertest.From, ""); err != nil {
				t.Errorf("%d: %v", status, err)
			}
		}
	})
	for after, want := range map[string]time.Duration{"": time.Minute, "2": 2 * time.Second, "3600": longestWait, "-1": time.Minute, "Fri": time.Minute} {
		if got := pause(&Error{After: after}, time.Minute); got != want {
			t.Errorf("Retry-After %q: %v", after, got)
		}
	}
}

// TestStrangeLists: what is no carrier's answer is an error, and buys nothing twice.
func TestStrangeLists(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		for _, body := range []string{"", "[]", `{"data":7,"incoming_phone_numbers":"x","available_phone_numbers":{}}`, "<html>", `{"data":[{"phone_number":7}],"incoming_phone_numbers":[7],"available_phone_numbers":[7]}`} {
			asked := &atomic.Int32{}
			n := numbers(t, kind, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					asked.Add(1)
				}
				_, _ = w.Write([]byte(body))
			}))
			if _, err := n.Find(t.Context(), carriertest.From, ""); err == nil || errors.Is(err, ErrNotOwned) {
				t.Errorf("%q: found %v", body, err)
			}
			if _, err := n.Search(t.Context(), Search{Limit: 1}); err == nil {
				t.Errorf("%q: searched", body)
			}
			var e *Error
			if _, err := n.Buy(t.Context(), Order{Phone: "+14155550100"}); !errors.As(err, &e) || !e.Doubt || asked.Load() != 1 {
				t.Errorf("%q: %d POSTs, %v", body, asked.Load(), err)
			}
		}
	})
}

// TestNextPageElsewhere: a carrier that says the next page is on another host is not followed there with the account's token.
func TestNextPageElsewhere(t *testing.T) {
	var asked []string
	n := numbers(t, "account_connection_twilio", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		_, _ = w.Write([]byte(`{"incoming_phone_numbers":[],"next_page_uri":"@evil.example.com/2010-04-01/"}`))
	}))
	if _, err := n.Find(t.Context(), carriertest.From, ""); !errors.Is(err, ErrNotOwned) || len(asked) != 1 {
		t.Errorf("%v %v", asked, err)
	}
}

func TestBases(t *testing.T) {
	c := &carriertest.Carrier{}
	p := serve(t, c)
	p.Bases = map[string]string{"twilio": p.url, "telnyx": p.url}
	for kind, credentials := range kinds {
		a, err := p.Client.Open(kind, credentials)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.(Numbers).Find(t.Context(), carriertest.From, ""); err != nil {
			t.Error(err)
		}
	}
}

// TestLiveNumbers searches, and buys nothing.
func TestLiveNumbers(t *testing.T) {
	if !*live {
		t.Skip("without -live")
	}
	c := &Client{Net: fetch.New(fetch.Options{})}
	for kind, env := range liveEnv {
		a, err := c.Open(kind, liveCredentials(env))
		if err != nil {
			t.Logf("%s: %v", kind, err)
			continue
		}
		n := a.(Numbers)
		offers, err := n.Search(t.Context(), Search{Country: "US", AreaCode: "775", Limit: 5})
		if err != nil || !slices.ContainsFunc(offers, func(o Offer) bool { return strings.HasPrefix(o.Phone, "+1775") }) {
			t.Errorf("%s: %+v %v", kind, offers, err)
		}
		if _, err := n.Find(t.Context(), "+15005550001", "none"); !errors.Is(err, ErrNotOwned) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
