package carrier

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/number"
)

const twilioPrices = "https://pricing.twilio.com"

// twilioTypes are the subresources of AvailablePhoneNumbers, the price list's name for each, and the order in which a country is asked.
var twilioTypes = []struct{ name, resource, price string }{
	{"local", "Local", "local"}, {"mobile", "Mobile", "mobile"}, {"national", "National", "national"}, {"toll_free", "TollFree", "toll free"},
}

// twilioLine is an IncomingPhoneNumber (twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).
type twilioLine struct {
	SID          string `json:"sid"`
	Phone        string `json:"phone_number"`
	VoiceURL     string `json:"voice_url"`
	Status       string `json:"status_callback"`
	Capabilities struct {
		SMS bool `json:"sms"`
	} `json:"capabilities"`
}

func (l twilioLine) line() Line {
	return Line{ID: l.SID, Phone: l.Phone, SMS: l.Capabilities.SMS, Voice: l.VoiceURL, status: l.Status}
}

// Search reads AvailablePhoneNumbers (twilio.com/docs/phone-numbers/api/availablephonenumberlocal-resource) and the price list
// (twilio.com/docs/phone-numbers/pricing); without the latter, offers have no price.
func (t *Twilio) Search(ctx context.Context, s Search) ([]Offer, error) {
	country := cmp.Or(s.Country, "US")
	q := url.Values{"PageSize": {strconv.Itoa(max(1, s.Limit))}, "VoiceEnabled": {"true"}}
	for k, v := range map[string]string{"Contains": s.Contains, "InRegion": s.Region, "InLocality": s.Locality, "InPostalCode": s.PostalCode} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if s.SMS {
		q.Set("SmsEnabled", "true")
	}
	if s.AreaCode != "" && (country == "US" || country == "CA") {
		q.Set("AreaCode", s.AreaCode)
	} else if s.AreaCode != "" { // Twilio knows area codes of North America alone; elsewhere it finds all that have the digits in them
		q.Set("Contains", cmp.Or(s.Contains, s.AreaCode))
		q.Set("PageSize", "100")
	}
	var failed *Error
	for _, kind := range twilioTypes {
		if s.Type != "" && s.Type != kind.name {
			continue
		}
		offers, err := t.offers(ctx, "/AvailablePhoneNumbers/"+url.PathEscape(country)+"/"+kind.resource+".json?"+q.Encode())
		if err == nil {
			offers = slices.DeleteFunc(offers, func(o Offer) bool { return !strings.HasPrefix(number.Significant(o.Phone), s.AreaCode) })
			price, currency := t.price(ctx, country, kind.price)
			for i := range offers {
				offers[i].Monthly, offers[i].Currency = price, currency
			}
			return offers, nil
		}
		if failed == nil || failed.Status == http.StatusNotFound {
			failed = err
		}
		if s.Type != "" || err.Status != http.StatusNotFound { // 404: the country has none of that kind
			break
		}
	}
	return nil, failed
}

func (t *Twilio) offers(ctx context.Context, path string) ([]Offer, *Error) {
	var list struct {
		Numbers []struct {
			Phone        string `json:"phone_number"`
			Country      string `json:"iso_country"`
			Locality     string `json:"locality"`
			Capabilities struct {
				SMS bool `json:"SMS"`
			} `json:"capabilities"`
		} `json:"available_phone_numbers"`
	}
	if failed := t.get(ctx, t.url(path), &list); failed != nil {
		return nil, failed
	}
	offers := make([]Offer, len(list.Numbers))
	for i, n := range list.Numbers {
		offers[i] = Offer{Phone: n.Phone, Country: n.Country, Locality: n.Locality, SMS: n.Capabilities.SMS}
	}
	return offers, nil
}

func (t *Twilio) price(ctx context.Context, country, kind string) (*float64, string) {
	base := strings.TrimRight(t.client.base("twilio", t.base, twilioURL), "/")
	if u, err := url.Parse(base); err == nil && strings.HasSuffix(u.Hostname(), ".twilio.com") {
		base = twilioPrices // one for all regions
	}
	var list struct {
		Unit   string `json:"price_unit"`
		Prices []struct {
			Kind    string `json:"number_type"`
			Current string `json:"current_price"`
		} `json:"phone_number_prices"`
	}
	if t.get(ctx, base+"/v1/PhoneNumbers/Countries/"+url.PathEscape(country), &list) != nil {
		return nil, ""
	}
	for _, p := range list.Prices {
		if f, err := strconv.ParseFloat(p.Current, 64); err == nil && strings.EqualFold(p.Kind, kind) {
			return &f, strings.ToUpper(list.Unit)
		}
	}
	return nil, ""
}

// twilioPapers are the parameters that tell Twilio who has a number, by their names here.
var twilioPapers = map[string]string{"address_sid": "AddressSid", "bundle_sid": "BundleSid", "identity_sid": "IdentitySid"}

// Buy makes an IncomingPhoneNumber. Twilio takes a number that the account has already for an update of it, so Find asks first.
func (t *Twilio) Buy(ctx context.Context, o Order) (Line, error) {
	form := t.hooks(o.Hooks)
	form.Set("PhoneNumber", o.Phone)
	for ours, theirs := range twilioPapers {
		if v := o.Papers[ours]; v != "" {
			form.Set(theirs, v)
		}
	}
	res, failed := t.post(ctx, "/IncomingPhoneNumbers.json", form)
	if failed != nil {
		return t.client.settled(ctx, t, o, failed)
	}
	var made twilioLine
	if json.Unmarshal(res.Body, &made) != nil || made.SID == "" || made.Phone != o.Phone {
		failed = nonsense("twilio", res)
		failed.Doubt, failed.Later = true, false
		return t.client.settled(ctx, t, o, failed)
	}
	return made.line(), nil
}

// pagesMost is how many pages of a list are read.
const pagesMost = 20

// Find reads the account's numbers with those digits; there may be several pages.
func (t *Twilio) Find(ctx context.Context, phone, _ string) (Line, error) {
	next := t.url("/IncomingPhoneNumbers.json?" + url.Values{"PhoneNumber": {phone}, "PageSize": {"50"}}.Encode())
	for range pagesMost {
		var page struct {
			Numbers []twilioLine `json:"incoming_phone_numbers"`
			Next    string       `json:"next_page_uri"`
		}
		if failed := t.get(ctx, next, &page); failed != nil {
			return Line{}, failed
		}
		for _, n := range page.Numbers {
			if n.Phone == phone { // the filter takes any number that has these digits in it
				return n.line(), nil
			}
		}
		if !strings.HasPrefix(page.Next, "/2010-04-01/") {
			break
		}
		next = strings.TrimRight(t.client.base("twilio", t.base, twilioURL), "/") + page.Next
	}
	return Line{}, ErrNotOwned
}

// hooks are the parameters that send a number's calls here; a trunk or an application of the number's would come first.
func (t *Twilio) hooks(h Hooks) url.Values {
	if h.Voice == "" {
		return url.Values{}
	}
	return url.Values{"VoiceUrl": {h.Voice}, "VoiceMethod": {"POST"}, "StatusCallback": {h.Status}, "StatusCallbackMethod": {"POST"},
		"TrunkSid": {""}, "VoiceApplicationSid": {""}}
}

// Point changes the number's webhooks.
func (t *Twilio) Point(ctx context.Context, l Line, h Hooks) (string, error) {
	if failed := t.change(ctx, http.MethodPost, l, t.hooks(h)); failed != nil {
		return "", failed
	}
	if l.Voice != "" && l.Voice != h.Voice {
		return "calls to it went to " + clip(withoutQuery(l.Voice)) + " before", nil
	}
	return "", nil
}

// withoutQuery is an address without what may be secret in it.
func withoutQuery(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "another address"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// Unpoint empties the number's webhooks where they are ours.
func (t *Twilio) Unpoint(ctx context.Context, l Line, h Hooks) error {
	form := url.Values{}
	if l.Voice != "" && l.Voice == h.Voice {
		form.Set("VoiceUrl", "")
	}
	if l.status != "" && l.status == h.Status {
		form.Set("StatusCallback", "")
	}
	if len(form) == 0 {
		return nil
	}
	return orNil(t.change(ctx, http.MethodPost, l, form))
}

// Release deletes the IncomingPhoneNumber.
func (t *Twilio) Release(ctx context.Context, l Line) error {
	failed := t.change(ctx, http.MethodDelete, l, nil)
	if failed != nil && failed.Status == http.StatusNotFound {
		return nil
	}
	return orNil(failed)
}

// change changes a number that is there, which may be done twice.
func (t *Twilio) change(ctx context.Context, method string, l Line, form url.Values) *Error {
	r := fetch.Request{Method: method, URL: t.url("/IncomingPhoneNumbers/" + url.PathEscape(l.ID) + ".json"), Header: t.header(), Body: []byte(form.Encode())}
	res, failed := t.client.again(ctx, "twilio", r)
	return t.words(res, failed)
}

func (t *Twilio) get(ctx context.Context, url string, into any) *Error {
	res, failed := t.client.again(ctx, "twilio", fetch.Request{Method: http.MethodGet, URL: url, Header: t.header()})
	if failed == nil && json.Unmarshal(res.Body, into) != nil {
		return nonsense("twilio", res)
	}
	return t.words(res, failed)
}

// orNil keeps a nil *Error from being an error.
func orNil(failed *Error) error {
	if failed == nil {
		return nil
	}
	return failed
}
