package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/leg/stream"
)

const (
	signatureHeader = "X-Twilio-Signature"
	mostBody        = 64 << 10
)

// Sign is what Twilio's X-Twilio-Signature says of a request to an address with these fields in its body, none for a websocket
// (twilio.com/docs/usage/security#validating-requests).
func Sign(token, address string, fields url.Values) string {
	h := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(h, address)
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		for _, v := range slices.Compact(slices.Sorted(slices.Values(fields[k]))) {
			_, _ = io.WriteString(h, k+v)
		}
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// signed reports whether a request was signed with the token, for one of the ways in which its address may be written.
func signed(token, signature string, addresses []string, fields url.Values) bool {
	if token == "" || len(signature) != base64.StdEncoding.EncodedLen(sha1.Size) {
		return false
	}
	ok := false
	for _, a := range addresses {
		ok = hmac.Equal([]byte(Sign(token, a, fields)), []byte(signature)) || ok
	}
	return ok
}

// spellings are the ways in which Twilio may write an address: with its port and without.
func spellings(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	bare, full := *u, *u
	if u.Port() == "" {
		port := map[string]string{"https": "443", "wss": "443", "http": "80", "ws": "80"}[u.Scheme]
		full.Host = u.Host + ":" + port
	} else {
		bare.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return []string{bare.String(), full.String()}
}

var errForeign = errors.New("not signed by Twilio for the account connection in its address")

// fieldsOf reads a webhook and proves that it is Twilio's, of the account. It has read the body whatever comes of it.
func (d *Door) fieldsOf(w http.ResponseWriter, r *http.Request, a *Account) (url.Values, error) {
	body, err := stream.Body(w, r, mostBody)
	if err != nil {
		return nil, err
	}
	var fields, signedFields url.Values
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case kind == "application/x-www-form-urlencoded":
		if fields, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
		signedFields = fields
	default: // a body that is no form is signed by its hash in the address
		sum := sha256.Sum256(body)
		if !hmac.Equal([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(r.URL.Query().Get("bodySHA256")))) {
			return nil, errForeign
		}
		if fields, err = texts(body); err != nil {
			return nil, err
		}
	}
	if !signed(a.Token, r.Header.Get(signatureHeader), spellings(d.conf.PublicURL+r.URL.RequestURI()), signedFields) {
		return nil, errForeign
	}
	if fields.Get("AccountSid") != a.SID {
		return nil, errForeign
	}
	return fields, nil
}

// texts are the fields of a JSON object.
func texts(body []byte) (url.Values, error) {
	var in map[string]any
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	f := url.Values{}
	for k, v := range in {
		switch v := v.(type) {
		case string:
			f.Set(k, v)
		case float64:
			f.Set(k, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return f, nil
}

// wss is the public address of a path as a websocket.
func (d *Door) wss(path string) string {
	return "ws" + strings.TrimPrefix(d.conf.PublicURL, "http") + path
}

// reachable says what keeps an account's calls from reaching us.
func (d *Door) reachable(a *Account) error {
	switch {
	case d.conf.PublicURL == "":
		return errors.New("PARLEY_PUBLIC_URL is not set: Twilio has to reach this server; set it to https://parley.example.com")
	case !a.Plain && !strings.HasPrefix(d.conf.PublicURL, "https://"):
		return errors.New("PARLEY_PUBLIC_URL has to begin with https:// for calls by Twilio: it sends their sound to wss:// alone")
	}
	return nil
}
