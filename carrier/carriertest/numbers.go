package carriertest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The numbers that are for sale, beside +14155550100 to +14155550129 in San Francisco and +18005550100 without charge to its callers.
const (
	SoldBroken  = "+14155550500" // is sold, though the answer is an error of the carrier's own
	SoldSilent  = "+14155550501" // is sold, though the connection breaks
	SoldSlowly  = "+14155550502" // is sold some looks after the connection broke; an order of it is pending so long
	LostSilent  = "+14155550503" // the connection breaks, and it is not sold
	SoldNever   = "+14155550504" // an order of it stays pending; at Twilio, which has no orders, nobody can buy it
	SoldToOther = "+14155550505" // is offered, but somebody else has just had it
	Regulated   = "+442079460100"
	App         = "2040000000000000001" // Telnyx: the account's Call Control application
	Papers      = "BU00000000000000000000000000000001"
	Group       = "8ffb3622-7c6b-4ccc-b65f-7a3dc0099576" // Telnyx: a requirement group that has been approved
)

// A Line is a number of the account's.
type Line struct {
	ID, Phone     string
	Voice, Status string // Twilio: its webhooks
	Trunk         string // Twilio: its SIP trunk, which comes before them
	App           string // Telnyx: its connection_id
	looks         int    // how often it is asked for before it is there
}

// An order is one of Telnyx's.
type order struct {
	id, phone, reference, status string
	looks                        int
}

// shop is what a Carrier knows of numbers; guarded by Carrier.mu.
type shop struct {
	lines      []Line
	orders     []order
	bought     int // POSTs that were to buy
	made       int // ids
	hook       string
	down, shut bool
	opened     bool
}

// open gives the account the number that it has from the start.
func (c *Carrier) open() {
	if !c.opened {
		c.opened = true
		c.lines = append(c.lines, Line{ID: c.id(), Phone: From})
	}
}

func (c *Carrier) id() string {
	c.made++
	return fmt.Sprintf("PN%032d", c.made)
}

// Own gives the account a number.
func (c *Carrier) Own(l Line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open()
	if l.ID == "" {
		l.ID = c.id()
	}
	c.lines = append(c.lines, l)
}

// Line is a number of the account's.
func (c *Carrier) Line(phone string) (Line, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open()
	i := c.find(phone)
	if i < 0 {
		return Line{}, false
	}
	return c.lines[i], true
}

// Bought is how often somebody asked to buy.
func (c *Carrier) Bought() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bought
}

// Hook is where the application of Telnyx tells of calls.
func (c *Carrier) Hook() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hook
}

// Down makes the carrier answer nothing but its own faults, or work again.
func (c *Carrier) Down(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

// Suspend closes the account.
func (c *Carrier) Suspend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = true
}

// Settle lets all that is ordered come.
func (c *Carrier) Settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lines {
		c.lines[i].looks = 0
	}
	for i := range c.orders {
		if o := &c.orders[i]; o.status == "pending" {
			o.status = "success"
			c.lines = append(c.lines, Line{ID: c.id(), Phone: o.phone, App: App})
		}
	}
}

func (c *Carrier) closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shut
}

func (c *Carrier) find(phone string) int {
	return slices.IndexFunc(c.lines, func(l Line) bool { return l.Phone == phone })
}

// A stock is a number for sale.
type stock struct{ phone, country, region, locality, kind string }

// forSale is what a search finds.
func (c *Carrier) forSale(country, kind, area, contains, region string, most int) []stock {
	c.open()
	var all []stock
	for i := range 30 {
		all = append(all, stock{fmt.Sprintf("+141555501%02d", i), "US", "CA", "San Francisco", "local"})
	}
	for _, phone := range []string{SoldBroken, SoldSilent, SoldSlowly, LostSilent, SoldNever, SoldToOther} {
		all = append(all, stock{phone, "US", "CA", "San Francisco", "local"})
	}
	all = append(all, stock{"+17755550101", "US", "NV", "Reno", "local"}, stock{"+18005550100", "US", "", "", "toll_free"},
		stock{Regulated, "GB", "ENG", "London", "local"}, stock{"+442079460101", "GB", "ENG", "London", "local"}, stock{"+441614960020", "GB", "ENG", "Manchester", "local"})
	var found []stock
	for _, s := range all {
		digits := strings.TrimPrefix(s.phone, "+")
		national := strings.TrimPrefix(strings.TrimPrefix(digits, "1"), "44")
		fits := s.country == country && s.kind == kind && strings.HasPrefix(national, area) && (region == "" || s.region == region) &&
			(contains == "" || regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(contains), `\*`, `\d`)).MatchString(digits))
		if fits && c.find(s.phone) < 0 && len(found) < most {
			found = append(found, s)
		}
	}
	return found
}

func (c *Carrier) sells(phone string) bool {
	for _, kind := range []string{"local", "toll_free"} {
		for _, country := range []string{"US", "GB"} {
			if slices.ContainsFunc(c.forSale(country, kind, "", "", "", 1000), func(s stock) bool { return s.phone == phone }) {
				return true
			}
		}
	}
	return false
}

// outage is an answer of whatever stands before a carrier that is down.
func outage(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		telnyxRefuses(w, 503, "10016", "Service unavailable", "The service is temporarily unavailable.")
		return
	}
	twilioRefuses(w, 503, 20503, "Service is unavailable, please try again")
}
