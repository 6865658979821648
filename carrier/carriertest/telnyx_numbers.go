package carriertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var telnyxNumberPaths = regexp.MustCompile(`^/v2/(available_phone_numbers|number_orders|phone_numbers|call_control_applications)(/|$)`)

func (c *Carrier) telnyxNumbers(w http.ResponseWriter, r *http.Request) {
	if !c.telnyxKnows(w, r) {
		return
	}
	var in map[string]any
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil {
			telnyxRefuses(w, 400, "10015", "Bad Request", "The request body is not valid JSON.")
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open()
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	switch {
	case kind == "available_phone_numbers":
		c.telnyxSearch(w, r)
	case kind == "number_orders" && r.Method == http.MethodPost:
		c.telnyxBuy(w, in)
	case kind == "number_orders":
		c.telnyxOrders(w, r, id)
	case kind == "call_control_applications":
		c.telnyxApp(w, r, id, in)
	case id == "":
		c.telnyxList(w, r)
	default:
		c.telnyxLine(w, r, id, in)
	}
}

func (c *Carrier) telnyxSearch(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	country, kind := q.Get("filter[country_code]"), q.Get("filter[phone_number_type]")
	if country != "US" && country != "GB" {
		telnyxRefuses(w, 400, "10031", "Unsupported country", "Telnyx has no coverage in "+country+".")
		return
	}
	if kind == "" {
		kind = "local"
	}
	most, err := strconv.Atoi(q.Get("filter[limit]"))
	if err != nil {
		most = 100
	}
	list := []any{}
	for _, s := range c.forSale(country, kind, q.Get("filter[national_destination_code]"), q.Get("filter[phone_number][contains]"), q.Get("filter[administrative_area]"), most) {
		features := []any{map[string]string{"name": "voice"}}
		if s.country == "US" {
			features = append(features, map[string]string{"name": "sms"})
		}
		list = append(list, map[string]any{"record_type": "available_phone_number", "phone_number": s.phone, "best_effort": false, "quickship": true, "reservable": true,
			"region_information": []any{map[string]string{"region_type": "country_code", "region_name": s.country}, map[string]string{"region_type": "rate_center", "region_name": s.locality},
				map[string]string{"region_type": "state", "region_name": s.region}},
			"cost_information": map[string]string{"upfront_cost": "1.00000", "monthly_cost": "1.00000", "currency": "USD"}, "features": features})
	}
	answer(w, 200, map[string]any{"data": list, "meta": map[string]int{"total_results": len(list), "best_effort_results": 0}})
}

func (c *Carrier) telnyxBuy(w http.ResponseWriter, in map[string]any) {
	c.bought++
	phones, _ := in["phone_numbers"].([]any)
	if len(phones) != 1 {
		telnyxRefuses(w, 422, "10004", "Missing required parameter", "phone_numbers")
		return
	}
	first, _ := phones[0].(map[string]any)
	phone, _ := first["phone_number"].(string)
	app, _ := in["connection_id"].(string)
	o := order{id: fmt.Sprintf("12ade33a-21c0-473b-b055-%012d", len(c.orders)+1), phone: phone, status: "success"}
	o.reference, _ = in["customer_reference"].(string)
	switch {
	case !e164.MatchString(phone):
		telnyxRefuses(w, 400, "10016", "Phone number must be in +E.164 format", "The specified phone number parameter must be in +E.164 format.")
		return
	case app != "" && app != App:
		telnyxRefuses(w, 422, "10013", "Missing association", "connection_id does not exist.")
		return
	case phone == SoldToOther || !c.sells(phone):
		telnyxRefuses(w, 400, "85001", "Phone number unavailable", "The phone number "+phone+" is not available.")
		return
	case phone == Regulated && first["requirement_group_id"] == nil:
		o.status = "pending" // until somebody sends the papers
	case phone == Regulated && first["requirement_group_id"] != Group:
		o.status = "failure"
	case phone == LostSilent:
		breakOff(w)
		return
	case phone == SoldNever:
		o.status = "pending"
	case phone == SoldSlowly:
		o.status, o.looks = "pending", 2
	}
	c.orders = append(c.orders, o)
	if o.status == "success" {
		c.lines = append(c.lines, Line{ID: c.id(), Phone: phone, App: app})
	}
	switch phone {
	case SoldBroken:
		telnyxRefuses(w, 500, "10007", "Unexpected error", "An unexpected error occurred.")
	case SoldSilent:
		breakOff(w)
	default:
		answer(w, 200, map[string]any{"data": showOrder(o, app)})
	}
}

func showOrder(o order, app string) map[string]any {
	requirements := map[bool]string{true: "pending", false: "approved"}[o.phone == Regulated && o.status != "success"]
	return map[string]any{"id": o.id, "record_type": "number_order", "phone_numbers_count": 1, "connection_id": app, "customer_reference": o.reference, "status": o.status,
		"phone_numbers": []any{map[string]any{"id": "dc8e4d67-33a0-4cbb-af74-7b58f05bd494", "record_type": "number_order_phone_number", "phone_number": o.phone, "status": o.status,
			"requirements_met": requirements == "approved", "requirements_status": requirements}}}
}

// telnyxOrders answers for one order, or for those with a reference.
func (c *Carrier) telnyxOrders(w http.ResponseWriter, r *http.Request, id string) {
	list := []any{}
	for i := range c.orders {
		o := &c.orders[i]
		if id != "" && o.id != id || id == "" && o.reference != r.URL.Query().Get("filter[customer_reference]") {
			continue
		}
		if o.phone == SoldSlowly && o.status == "pending" {
			if o.looks--; o.looks <= 0 {
				o.status = "success"
				c.lines = append(c.lines, Line{ID: c.id(), Phone: o.phone, App: App})
			}
		}
		if id != "" {
			answer(w, 200, map[string]any{"data": showOrder(*o, App)})
			return
		}
		list = append(list, showOrder(*o, App))
	}
	if id != "" {
		telnyxRefuses(w, 404, "10005", "Resource not found", "The requested resource or URL could not be found.")
		return
	}
	answer(w, 200, map[string]any{"data": list, "meta": map[string]int{"total_pages": 1, "page_number": 1}})
}

func showTelnyx(l Line) map[string]any {
	return map[string]any{"id": l.ID, "record_type": "phone_number", "phone_number": l.Phone, "status": "active", "connection_id": l.App, "messaging_profile_id": ""}
}

// telnyxList lists by a part of the number, which must be digits, and by pages of two.
func (c *Carrier) telnyxList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	digits := q.Get("filter[phone_number]")
	var found []any
	for _, l := range c.lines {
		if strings.Trim(digits, "0123456789") == "" && strings.Contains(l.Phone, digits) {
			found = append(found, showTelnyx(l))
		}
	}
	page, err := strconv.Atoi(q.Get("page[number]"))
	if err != nil || page < 1 {
		page = 1
	}
	from, to := min((page-1)*2, len(found)), min(page*2, len(found))
	answer(w, 200, map[string]any{"data": append([]any{}, found[from:to]...),
		"meta": map[string]int{"total_pages": (len(found) + 1) / 2, "total_results": len(found), "page_number": page, "page_size": 2}})
}

func (c *Carrier) telnyxLine(w http.ResponseWriter, r *http.Request, id string, in map[string]any) {
	i := slices.IndexFunc(c.lines, func(l Line) bool { return l.ID == id })
	if i < 0 {
		telnyxRefuses(w, 404, "10005", "Resource not found", "The requested resource or URL could not be found.")
		return
	}
	l := &c.lines[i]
	switch r.Method {
	case http.MethodDelete:
		defer func() { c.lines = slices.Delete(c.lines, i, i+1) }()
	case http.MethodPatch:
		if v, ok := in["connection_id"].(string); ok {
			if v != "" && v != App {
				telnyxRefuses(w, 422, "10013", "Missing association", "connection_id does not exist.")
				return
			}
			l.App = v
		}
	}
	answer(w, 200, map[string]any{"data": showTelnyx(*l)})
}

func (c *Carrier) telnyxApp(w http.ResponseWriter, r *http.Request, id string, in map[string]any) {
	if id != App {
		telnyxRefuses(w, 404, "10005", "Resource not found", "The requested resource or URL could not be found.")
		return
	}
	if r.Method == http.MethodPatch {
		name, _ := in["application_name"].(string)
		hook, _ := in["webhook_event_url"].(string)
		if name == "" || !strings.HasPrefix(hook, "http") {
			telnyxRefuses(w, 422, "10004", "Missing required parameter", "application_name and webhook_event_url are required.")
			return
		}
		c.hook = hook
	}
	answer(w, 200, map[string]any{"data": map[string]any{"id": App, "record_type": "call_control_application", "application_name": "parley", "active": true,
		"webhook_event_url": c.hook, "webhook_api_version": "2"}})
}
