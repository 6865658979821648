package provider

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// Sound posts what is to be spoken and gives the body of the answer, which must say that it is sound without compression: vendors
// that did not understand what was asked for send JSON, a page or MP3 with a status of 200. header is not changed.
func (n *Net) Sound(ctx context.Context, vendor, address string, header http.Header, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	resp, err := n.Do(vendor, req)
	if err != nil {
		return nil, err
	}
	kind := strings.ToLower(resp.Header.Get("Content-Type"))
	for _, wrong := range []string{"json", "text/", "mpeg", "mp3", "ogg", "webm", "flac"} {
		if strings.Contains(kind, wrong) {
			resp.Body.Close()
			return nil, BadOutput(vendor, "asked for plain sound, the server sent "+Line(kind), nil)
		}
	}
	return resp.Body, nil
}
