package provider

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"unicode"

	"github.com/parley-voice/parley"
)

const maxMessage = 240 // bytes of a vendor's own words that an error keeps

// StatusError is the typed error of an HTTP answer that was not a success. Of a 401 or 403 it keeps no words: vendors
// quote the key in them.
func StatusError(vendor string, status int, body []byte) *parley.VendorError {
	e := &parley.VendorError{Vendor: vendor, Status: status, Code: codeOf(status), Message: words(body)}
	switch {
	case e.Code == parley.VendorUnauthorized:
		e.Message = "the key is missing, wrong or not allowed to do this"
	case e.Message == "":
		e.Message = http.StatusText(status)
	}
	return e
}

func codeOf(status int) parley.VendorCode {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return parley.VendorUnauthorized
	case status == http.StatusTooManyRequests, status == http.StatusPaymentRequired:
		return parley.VendorRateLimited
	case status == http.StatusRequestTimeout:
		return parley.VendorTimeout
	case status >= 400 && status < 500:
		return parley.VendorRefused
	}
	return parley.VendorUnavailable
}

// words finds the sentence in the error bodies that vendors send.
func words(body []byte) string {
	var b struct {
		Error   json.RawMessage `json:"error"`   // OpenAI: an object; Ollama: a string
		ErrMsg  string          `json:"err_msg"` // Deepgram
		Message string          `json:"message"`
		PlayHT  string          `json:"error_message"`
		Detail  json.RawMessage `json:"detail"` // FastAPI servers
	}
	text := ""
	if json.Unmarshal(body, &b) == nil {
		for _, raw := range []json.RawMessage{b.Error, b.Detail} {
			var o struct{ Message string }
			var s string
			if json.Unmarshal(raw, &o) == nil && o.Message != "" {
				text = o.Message
			} else if json.Unmarshal(raw, &s) == nil && s != "" {
				text = s
			}
			if text != "" {
				break
			}
		}
		if text == "" {
			text = b.ErrMsg
		}
		if text == "" {
			text = b.Message
		}
		if text == "" {
			text = b.PlayHT
		}
	} else {
		text = string(body)
	}
	return Line(text)
}

// Line is text as one line of bounded length, fit for an error, a log or a terminal: without what is written to control one.
func Line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// Fault is the typed error of a connection that failed: it could not be made, broke, or took too long. Once ctx is done its
// own error comes first; an error that is typed already comes back as it is.
func Fault(ctx context.Context, vendor string, err error) error {
	var v *parley.VendorError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &v):
		return err
	}
	code := parley.VendorUnavailable
	var n net.Error
	if errors.As(err, &n) && n.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		code = parley.VendorTimeout
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &parley.VendorError{Vendor: vendor, Code: code, Message: "the connection was closed early", Err: err}
	}
	return &parley.VendorError{Vendor: vendor, Code: code, Message: Line(err.Error()), Err: err}
}

// BadOutput is the typed error of an answer that cannot be read.
func BadOutput(vendor, message string, err error) *parley.VendorError {
	return &parley.VendorError{Vendor: vendor, Code: parley.VendorBadOutput, Message: Line(message), Err: err}
}

// Closed is the typed error of a connection or stream that ended before it was done.
func Closed(vendor, message string) *parley.VendorError {
	return &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: message}
}

// Refused reports whether a vendor found a request itself wrong: another one may do.
func Refused(err error) bool {
	var v *parley.VendorError
	return errors.As(err, &v) && v.Code == parley.VendorRefused
}
