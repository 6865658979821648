package carriertest

import "net/http"

// twilioAccount is the Account resource.
func (c *Carrier) twilioAccount(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		twilioRefuses(w, 405, 20004, "Method not allowed")
		return
	}
	answer(w, 200, map[string]any{"sid": SID, "owner_account_sid": SID, "friendly_name": "Acme", "status": "active", "type": "Full", "auth_token": Token,
		"date_created": "Thu, 30 Jul 2015 20:00:00 +0000", "uri": r.URL.Path, "subresource_uris": map[string]string{"calls": "/2010-04-01/Accounts/" + SID + "/Calls.json"}})
}

// telnyxBalance is GET /v2/balance.
func (c *Carrier) telnyxBalance(w http.ResponseWriter, r *http.Request) {
	if !c.telnyxKnows(w, r) {
		return
	}
	answer(w, 200, map[string]any{"data": map[string]any{"record_type": "balance", "balance": "300.00", "credit_limit": "100.00", "available_credit": "400.00", "currency": "USD"}})
}
