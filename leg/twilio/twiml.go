package twilio

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
)

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func attribute(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes all
	return b.String()
}

// connect has Twilio open the sound of a call (twilio.com/docs/voice/twiml/stream). key comes back in its start.
func connect(address, key string) string {
	return declaration + `<Response><Connect><Stream url="` + attribute(address) + `"><Parameter name="` + keyParameter + `" value="` + attribute(key) +
		`"/></Stream></Connect></Response>`
}

const keyParameter = "parley"

// reject refuses a call, at no cost (twilio.com/docs/voice/twiml/reject).
func reject(c parley.Cause) string {
	if c == parley.Busy {
		return declaration + `<Response><Reject reason="busy"/></Response>`
	}
	return declaration + `<Response><Reject/></Response>`
}

// askAgain has the phone ring on for a second (twilio.com/docs/voice/twiml/pause: as the first verb it delays the answer), and the webhook come again.
func askAgain(address string) string {
	return declaration + `<Response><Pause length="1"/><Redirect method="POST">` + attribute(address) + `</Redirect></Response>`
}

func answerXML(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte(text))
}
