package otlp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The messages of opentelemetry-proto's trace service as OTLP/JSON writes them: ids in hex, 64-bit numbers as strings, enumerations as
// numbers. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type (
	request struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource struct {
			Attributes []attribute `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	scopeSpans struct {
		Scope struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"scope"`
		Spans []span `json:"spans"`
	}
	span struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       kind        `json:"kind"`
		Start      nanos       `json:"startTimeUnixNano"`
		End        nanos       `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes,omitempty"`
		Events     []event     `json:"events,omitempty"`
		Dropped    int         `json:"droppedEventsCount,omitempty"`
		Links      []link      `json:"links,omitempty"`
		Status     *status     `json:"status,omitempty"`
	}
	event struct {
		Time       nanos       `json:"timeUnixNano"`
		Name       string      `json:"name"`
		Attributes []attribute `json:"attributes,omitempty"`
	}
	link struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	}
	status struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value  struct{ v any } // string, bool, int or float64
	nanos  time.Time
	kind   int
	answer struct {
		Partial struct {
			Rejected json.Number `json:"rejectedSpans"` // an int64: as a string, by many as a number
			Message  string      `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
)

// SpanKind and StatusCode.
const (
	internal kind = 1
	server   kind = 2
	client   kind = 3
	failed        = 2
)

func (n nanos) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatInt(max(0, time.Time(n).UnixNano()), 10) + `"`), nil
}

func (v value) MarshalJSON() ([]byte, error) {
	switch x := v.v.(type) {
	case string:
		return json.Marshal(map[string]string{"stringValue": x})
	case bool:
		return json.Marshal(map[string]bool{"boolValue": x})
	case int:
		return json.Marshal(map[string]string{"intValue": strconv.Itoa(x)})
	}
	return json.Marshal(map[string]any{"doubleValue": v.v})
}

// a makes attributes of keys and values; what is empty is left out.
func a(pairs ...any) (out []attribute) {
	for i := 0; i+1 < len(pairs); i += 2 {
		switch v := pairs[i+1]; v {
		case "", 0, 0.0, false, nil:
		default:
			out = append(out, attribute{pairs[i].(string), value{v}})
		}
	}
	return out
}

// traceID is the call's id, which is a UUID; of any other the start of its hash.
func traceID(callID string) string {
	if u, err := uuid.Parse(callID); err == nil && u != uuid.Nil {
		return hex.EncodeToString(u[:])
	}
	sum := sha256.Sum256([]byte(callID))
	return hex.EncodeToString(sum[:16])
}

// spanID is of the n-th span of a call.
func spanID(callID string, n int) string {
	sum := sha256.Sum256([]byte(callID + " " + strconv.Itoa(n)))
	return hex.EncodeToString(sum[:8])
}

// mask leaves a number's first and last two digits, of a sip: address its scheme.
func mask(number string) string {
	if scheme, _, ok := strings.Cut(number, ":"); ok {
		return scheme + ":…"
	}
	if len(number) < 7 {
		return strings.Repeat("•", len([]rune(number)))
	}
	return number[:2] + strings.Repeat("•", len(number)-4) + number[len(number)-2:]
}
