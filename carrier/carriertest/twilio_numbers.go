package carriertest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var twilioNumberPaths = regexp.MustCompile(`^(AvailablePhoneNumbers|IncomingPhoneNumbers)[/.]`)

// twilioPage is how many numbers a page of Twilio's has at most here, so that there is a second.
const twilioPage = 2

// twilioNumbers answers for what is below the account: path is the rest.
func (c *Carrier) twilioNumbers(w http.ResponseWriter, r *http.Request, path string) {
	if err := r.ParseForm(); err != nil {
		twilioRefuses(w, 400, 20001, "Unable to parse the request")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open()
	if rest, ok := strings.CutPrefix(path, "AvailablePhoneNumbers/"); ok {
		c.twilioSearch(w, r, rest)
		return
	}
	switch id, ok := strings.CutPrefix(path, "IncomingPhoneNumbers/"); {
	case ok:
		c.twilioLine(w, r, strings.TrimSuffix(id, ".json"))
	case r.Method == http.MethodPost:
		c.twilioBuy(w, r)
	default:
		c.twilioList(w, r)
	}
}

var areaCode = regexp.MustCompile(`^[2-9]\d\d$`)

func (c *Carrier) twilioSearch(w http.ResponseWriter, r *http.Request, rest string) {
	country, resource, _ := strings.Cut(rest, "/")
	kind := map[string]string{"Local.json": "local", "TollFree.json": "toll_free", "Mobile.json": "mobile"}[resource]
	if kind == "" || country != "US" && country != "GB" || kind == "mobile" && country == "US" {
		twilioRefuses(w, 404, 20404, "The requested resource "+r.URL.Path+" was not found")
		return
	}
	q := r.URL.Query()
	if area := q.Get("AreaCode"); area != "" && !areaCode.MatchString(area) {
		twilioRefuses(w, 400, 21451, "Invalid area code: "+area)
		return
	}
	most, err := strconv.Atoi(q.Get("PageSize"))
	if err != nil {
		most = 50
	}
	list := []any{}
	for _, s := range c.forSale(country, kind, q.Get("AreaCode"), q.Get("Contains"), q.Get("InRegion"), most) {
		list = append(list, map[string]any{"friendly_name": s.phone, "phone_number": s.phone, "lata": "722", "locality": s.locality, "rate_center": "SNFC", "region": s.region,
			"postal_code": nil, "iso_country": s.country, "address_requirements": "none", "beta": false, "capabilities": map[string]bool{"voice": true, "SMS": s.country == "US", "MMS": false}})
	}
	answer(w, 200, map[string]any{"available_phone_numbers": list, "uri": r.URL.RequestURI()})
}

func (c *Carrier) twilioBuy(w http.ResponseWriter, r *http.Request) {
	c.bought++
	phone, f := r.PostForm.Get("PhoneNumber"), r.PostForm
	if i := c.find(phone); i >= 0 { // as the real one has it: an update, and no refusal
		c.twilioUpdate(&c.lines[i], f)
		answer(w, 201, c.twilioShows(c.lines[i]))
		return
	}
	l := Line{Phone: phone}
	switch {
	case !e164.MatchString(phone):
		twilioRefuses(w, 400, 21421, phone+" is not a valid number")
		return
	case phone == SoldToOther || phone == SoldNever || !c.sells(phone):
		twilioRefuses(w, 400, 21422, phone+" is not available.")
		return
	case phone == Regulated && f.Get("BundleSid") == "":
		twilioRefuses(w, 400, 21649, "Bundle required and not provided")
		return
	case phone == Regulated && f.Get("BundleSid") != Papers:
		twilioRefuses(w, 400, 21649, "Bundle "+f.Get("BundleSid")+" status is not twilio-approved")
		return
	case phone == LostSilent:
		breakOff(w)
		return
	case phone == SoldSlowly:
		l.looks = 2
	}
	l.ID = c.id()
	c.twilioUpdate(&l, f)
	c.lines = append(c.lines, l)
	switch phone {
	case SoldBroken:
		twilioRefuses(w, 500, 20500, "Internal Server Error")
	case SoldSilent, SoldSlowly:
		breakOff(w)
	default:
		answer(w, 201, c.twilioShows(l))
	}
}

func (c *Carrier) twilioUpdate(l *Line, f map[string][]string) {
	for field, into := range map[string]*string{"VoiceUrl": &l.Voice, "StatusCallback": &l.Status, "TrunkSid": &l.Trunk} {
		if v, ok := f[field]; ok {
			*into = v[0]
		}
	}
}

func (c *Carrier) twilioShows(l Line) map[string]any {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	return map[string]any{"sid": l.ID, "account_sid": SID, "friendly_name": l.Phone, "phone_number": l.Phone, "voice_url": l.Voice, "voice_method": "POST",
		"status_callback": l.Status, "status_callback_method": "POST", "trunk_sid": orNull(l.Trunk), "voice_application_sid": nil, "sms_url": "", "status": "in-use", "origin": "twilio",
		"capabilities": map[string]bool{"voice": true, "sms": !strings.HasPrefix(l.Phone, "+44"), "mms": false, "fax": false},
		"uri":          "/2010-04-01/Accounts/" + SID + "/IncomingPhoneNumbers/" + l.ID + ".json"}
}

// twilioList lists by a part of the number, as the real one does, and by pages.
func (c *Carrier) twilioList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var found []any
	for i := range c.lines {
		l := &c.lines[i]
		if !strings.Contains(l.Phone, strings.ReplaceAll(q.Get("PhoneNumber"), "+", "")) {
			continue
		}
		if l.looks > 0 {
			l.looks--
			continue
		}
		found = append(found, c.twilioShows(*l))
	}
	page, _ := strconv.Atoi(q.Get("Page"))
	from, to := min(page*twilioPage, len(found)), min((page+1)*twilioPage, len(found))
	var next any
	if to < len(found) {
		q.Set("Page", fmt.Sprint(page+1))
		next = r.URL.Path + "?" + q.Encode()
	}
	answer(w, 200, map[string]any{"incoming_phone_numbers": append([]any{}, found[from:to]...), "page": page, "page_size": twilioPage, "next_page_uri": next})
}

func (c *Carrier) twilioLine(w http.ResponseWriter, r *http.Request, id string) {
	i := slices.IndexFunc(c.lines, func(l Line) bool { return l.ID == id })
	switch {
	case i < 0:
		twilioRefuses(w, 404, 20404, "The requested resource "+r.URL.Path+" was not found")
	case r.Method == http.MethodDelete:
		c.lines = slices.Delete(c.lines, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost:
		for _, field := range []string{"VoiceUrl", "StatusCallback"} {
			if v := r.PostForm.Get(field); v != "" && !strings.HasPrefix(v, "http") {
				twilioRefuses(w, 400, 21402, field+" is not a valid URL: "+v)
				return
			}
		}
		c.twilioUpdate(&c.lines[i], r.PostForm)
		answer(w, 200, c.twilioShows(c.lines[i]))
	default:
		answer(w, 200, c.twilioShows(c.lines[i]))
	}
}

func (c *Carrier) twilioPrices(w http.ResponseWriter, r *http.Request) {
	if !c.twilioKnows(w, r) {
		return
	}
	country := strings.TrimPrefix(r.URL.Path, "/v1/PhoneNumbers/Countries/")
	if country != "US" {
		twilioRefuses(w, 404, 20404, "The requested resource "+r.URL.Path+" was not found")
		return
	}
	price := func(kind, s string) any {
		return map[string]string{"number_type": kind, "base_price": s, "current_price": s}
	}
	answer(w, 200, map[string]any{"country": "United States", "iso_country": "US", "price_unit": "USD", "phone_number_prices": []any{price("local", "1.15"), price("toll free", "2.15")}})
}
