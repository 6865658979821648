package api

import (
	"testing"
	"time"
)

type fakeTrunks map[string]TrunkStatus

func (f fakeTrunks) TrunkStatus(id string) TrunkStatus { return f[id] }

func TestTrunkStatus(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	at := time.Date(2026, 11, 27, 2, 3, 4, 0, time.UTC)
	trunk := h.do(h.a, "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"sip.example.com"}}`).object()["id"].(string)
	other := h.do(h.a, "POST", "/v1/account_connections/create", `{"type":"account_connection_deepgram","credentials":{"api_key":"k"}}`).object()["id"].(string)
	h.a.ids["fresh"], h.a.ids["vendor"] = trunk, other
	rows := []scenario{
		{"nothing is known", "GET", "/v1/account_connections/status?id={fresh}", ``, 200, `"registration":null¦"addresses":[]`},
		{"of a vendor", "GET", "/v1/account_connections/status?id={vendor}", ``, 400, `account_connection_deepgram`},
		{"of nobody", "GET", "/v1/account_connections/status?id=00000000-0000-4000-8000-000000000000", ``, 404, `not found`},
		{"without an id", "GET", "/v1/account_connections/status", ``, 400, `id is required`},
	}
	h.play(t, rows)
	h.api.Trunks = fakeTrunks{trunk: {
		Registration: &Registration{Since: at, Error: "the registrar refused us (403)"},
		Addresses: []TrunkAddress{
			{Transport: "udp", Address: "203.0.113.20:5060", Name: "sip.example.com", Up: true, Since: at, RoundTrip: 12500 * time.Microsecond},
			{Transport: "tls", Address: "203.0.113.21:5061", Error: "no answer"},
		},
	}}
	h.play(t, []scenario{{"what is known", "GET", "/v1/account_connections/status?id={fresh}", ``, 200,
		`{"registered":false,"since":"2026-11-27T02:03:04.000Z","until":null,"contact":null,"error":"the registrar refused us (403)"}¦` +
			`"address":"203.0.113.20:5060","name":"sip.example.com","up":true,"since":"2026-11-27T02:03:04.000Z","round_trip_ms":12.5,"error":null¦"up":false,"since":null,"round_trip_ms":null,"error":"no answer"`}})
}
