package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
)

// A Skill is what a vendor can do.
type Skill string

const (
	Hears  Skill = "hears"
	Thinks Skill = "thinks"
	Speaks Skill = "speaks"
)

// A Check is one cheap request that tells whether an access serves for some skills.
type Check struct {
	Skills []Skill
	Ask    func(ctx context.Context, a Access) error
}

// A Voice is one that a vendor offers.
type Voice struct {
	Options    map[string]any `json:"voice"` // of the contract's voice object, which choose it; the type is added
	Name       string         `json:"name"`
	Language   string         `json:"language,omitempty"` // BCP 47, as the vendor writes it; several are joined by commas
	Gender     string         `json:"gender,omitempty"`
	PreviewURL string         `json:"preview_url,omitempty"`
}

const (
	// MaxVoices is how many voices a list has at most.
	MaxVoices = 2000
	maxListed = 16 << 20 // bytes of one answer
)

// Get asks a vendor for JSON, which into takes; nil: it is not looked at.
func (n *Net) Get(ctx context.Context, vendor, address string, header http.Header, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header = header.Clone()
	return n.Ask(vendor, req, into)
}

// Ask sends a request whose answer is JSON, which into takes; nil: it is not looked at. The error of a 401 or 403 has the vendor's own
// words, unless there is a piece of a key in them.
func (n *Net) Ask(vendor string, req *http.Request, into any) error {
	resp, err := n.orOperators().client.Do(req)
	if err != nil {
		return Fault(req.Context(), vendor, bare(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		failed := StatusError(vendor, resp.StatusCode, hidden(body, req.Header))
		if said := words(body); failed.Code == parley.VendorUnauthorized && said != "" && keyless(said, req.Header) {
			failed.Message = said
		}
		return failed
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxListed))
	if err != nil {
		return Fault(req.Context(), vendor, bare(err))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), into); err != nil {
		return BadOutput(vendor, "its answer cannot be read: "+err.Error(), err)
	}
	return nil
}

const piece = 4 // bytes of a key that are shown by nobody

// keyless reports whether no piece of a credential of the request is in what was said: vendors show the ends of keys.
func keyless(said string, h http.Header) bool {
	for _, field := range credentialHeaders {
		for _, key := range h.Values(field) {
			if _, after, ok := strings.Cut(key, " "); ok {
				key = after // past Bearer or Token
			}
			for i := 0; i+piece <= len(key); i++ {
				if strings.Contains(said, key[i:i+piece]) {
					return false
				}
			}
		}
	}
	return true
}
