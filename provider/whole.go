package provider

import (
	"encoding/json"
	"io"
	"net/http"
)

const maxWhole = 1 << 20 // bytes of an answer that is no stream

// Whole reads an answer that is one JSON object, and closes it.
func Whole(vendor string, resp *http.Response, into any) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxWhole))
	if err != nil {
		return Fault(resp.Request.Context(), vendor, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return BadOutput(vendor, "the answer is not JSON: "+Line(string(body)), err)
	}
	return nil
}
