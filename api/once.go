package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// maxKey is the longest Idempotency-Key, in bytes.
const maxKey = 255

// keepWait is how long the store may take to keep an answer, also when the client has gone.
const keepWait = 5 * time.Second

// once answers a POST that carries an Idempotency-Key: asked again with the same key and body, it gives the first answer and
// does nothing. A refusal is not kept: the request may be put right and sent again with its key.
func (a *API) once(w http.ResponseWriter, r *request, rt *route, key string) error {
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return parley.Invalid("Idempotency-Key", fmt.Sprintf("Idempotency-Key must be 1 to %d printable ASCII characters, such as a UUID", maxKey))
	}
	begun, err := a.Store.BeginRequest(r.Context(), r.env, key, r.fingerprint())
	if err != nil {
		return err
	}
	if begun.Status != 0 {
		w.Header().Set("Idempotency-Replayed", "true")
		writeBytes(w, begun.Status, begun.Body)
		return nil
	}
	r.subject = begun.Subject
	status, body := 0, []byte(nil) // 0: a panic
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keepWait)
		defer cancel()
		if err := a.Store.EndRequest(ctx, r.env, key, status, body); err != nil {
			a.Logger.Error("an answer that is not kept", "request_id", r.rid, "error", err)
		}
		if body != nil { // now that asking again finds it
			writeBytes(w, status, body)
		}
	}()
	v, err := a.answer(rt, r)
	if err != nil {
		if status = refusal(err, r.rid).StatusCode; status == statusGone {
			status = 0 // the client left in the middle
		}
		return err
	}
	status, body = rt.status, marshal(v)
	return nil
}

// fingerprint tells this request from others that bear its key.
func (r *request) fingerprint() string {
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.Path, r.URL.RawQuery} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Write(r.raw)
	return hex.EncodeToString(h.Sum(nil))
}
