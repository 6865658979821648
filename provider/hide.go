package provider

import (
	"bytes"
	"net/http"
	"strings"
)

const shortest = 8 // bytes of a credential: anything shorter may be a word

var credentialHeaders = []string{"Authorization", "Api-Key", "Xi-Api-Key", "X-Api-Key", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key", "X-Gladia-Key"}

// hidden is what a vendor said, without the credentials of the request: vendors quote them.
func hidden(said []byte, h http.Header) []byte {
	for _, field := range credentialHeaders {
		for _, key := range h.Values(field) {
			if _, after, ok := strings.Cut(key, " "); ok {
				key = after // past Bearer or Token
			}
			if len(key) >= shortest {
				said = bytes.ReplaceAll(said, []byte(key), []byte("…"))
			}
		}
	}
	return said
}
