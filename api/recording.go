package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// recording answers with the sound of a call. http.ServeContent does ranges and HEAD.
func (a *API) recording(w http.ResponseWriter, r *request) error {
	format := r.q("format")
	if format == "" {
		format = "mp3"
	}
	if format != "mp3" && format != "wav" {
		return parley.Invalid("format", "format must be one of mp3, wav")
	}
	c, err := a.Store.Call(r.Context(), r.env, r.id) // of any environment when the address is signed
	if err != nil {
		return err
	}
	if c.Recording == "" {
		return &parley.Error{Status: http.StatusNotFound, Code: "no_recording", Message: "recording not found: the call has none"}
	}
	kept := strings.TrimPrefix(filepath.Ext(c.Recording), ".") // retention turns WAV into MP3
	if format == "wav" && kept == "mp3" {
		return refused(http.StatusNotAcceptable, "no_wav", "this recording is kept as MP3 by now, as the environment wants; ?format=mp3 works")
	}
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Disposition", fmt.Sprintf(`inline; filename="%s.%s"`, c.ID, format))
	if format == kept {
		f, _, err := a.Blobs.Open(c.Recording)
		if err != nil {
			return err
		}
		defer f.Close()
		h.Set("Content-Type", map[string]string{"wav": "audio/wav", "mp3": "audio/mpeg"}[kept])
		http.ServeContent(w, r.Request, "", c.End, f)
		return nil
	}
	f, err := a.encode(r, c.Recording)
	if err != nil {
		return err
	}
	defer f.Close()
	h.Set("Content-Type", "audio/mpeg")
	http.ServeContent(w, r.Request, "", c.End, f)
	return nil
}

// encode makes an MP3 in a file that has no name any more: it goes when it is closed.
func (a *API) encode(r *request, name string) (*os.File, error) {
	if _, err := a.Blobs.Path(name); err != nil { // fetched before an encoder is free
		return nil, err
	}
	select {
	case a.encoding <- struct{}{}:
		defer func() { <-a.encoding }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	path, err := a.Blobs.Path(name) // where it is now
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, parley.NotFound("recording")
	}
	f, err := os.CreateTemp("", "parley-*.mp3")
	if err != nil {
		return nil, fmt.Errorf("making room for an MP3: %w", err)
	}
	_ = os.Remove(f.Name())
	if err = audio.EncodeMP3(r.Context(), f, path); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
	}
	if errors.Is(err, audio.ErrNoMP3) {
		return nil, refused(http.StatusNotAcceptable, "no_mp3", "this server has no MP3 encoder (install lame or ffmpeg); ?format=wav works")
	}
	return f, err
}

// RecordingURL is an address of a call's recording that needs no key until it expires, for webhooks. format is mp3 or wav.
func (a *API) RecordingURL(callID, format string, expires time.Time) string {
	until := strconv.FormatInt(expires.Unix(), 10)
	q := url.Values{"id": {callID}, "format": {format}, "expires": {until}, "signature": {a.Signer.Sign(recordingClaim(callID, format, until))}}
	return a.PublicURL + "/v1/calls/recording?" + q.Encode()
}

// recordingClaim is what a signature vouches for.
func recordingClaim(callID, format, until string) string {
	return "GET /v1/calls/recording " + callID + " " + format + " " + until
}

// signed reports whether the address of a recording carries a signature that holds.
func (a *API) signed(r *request) bool {
	sig, until := r.q("signature"), r.q("expires")
	if sig == "" || a.Signer == nil {
		return false
	}
	seconds, err := strconv.ParseInt(until, 10, 64)
	if err != nil || time.Now().Unix() >= seconds {
		return false
	}
	return a.Signer.Verify(recordingClaim(r.q("id"), r.q("format"), until), sig)
}
