package api

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// How the times of calls are written.
const (
	iso8601 = "iso8601"
	epoch   = "epoch"
)

const timeHeader = "Parley-Time-Format"

// A clock writes a time; null when it has not come.
type clock func(time.Time) any

// clock is how this request's times are written: as its header says, or its environment. One call and a list of calls differ in
// epoch seconds, because the clients that want them do.
func (a *API) clock(ctx context.Context, r *request, list bool) (clock, error) {
	format := strings.ToLower(strings.TrimSpace(r.Header.Get(timeHeader)))
	if format == "" {
		e, err := a.Store.Environment(ctx, r.env)
		if err != nil {
			return nil, err
		}
		format = e.Settings.TimeFormat
	}
	if format == "" && r.fromSDK() {
		format = epoch
	}
	switch {
	case format == "" || format == iso8601:
		return when, nil
	case format != epoch:
		return nil, parley.Invalid(timeHeader, timeHeader+" must be iso8601 or epoch")
	case list:
		return func(t time.Time) any { return seconds(t, func(n int64) any { return n }) }, nil
	}
	return func(t time.Time) any { return seconds(t, func(n int64) any { return strconv.FormatInt(n, 10) }) }, nil
}

func seconds(t time.Time, show func(int64) any) any {
	if t.IsZero() {
		return nil
	}
	return show(t.Unix())
}

// when is a time in ISO 8601, UTC, milliseconds; null when it has not come.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// The years that a call may be planned for: what lies outside is a mistake, such as milliseconds for seconds.
var earliest, latest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

var plainSeconds = regexp.MustCompile(`^[0-9]{1,13}(\.[0-9]{1,9})?$`)

// instant reads a time of a body: ISO 8601 with its zone, or seconds since 1970 as a number or a string of digits.
func instant(field string, v any) (t time.Time, err error) {
	const wanted = " must be a time: ISO 8601 with its zone, such as 2026-11-24T09:30:00Z, or seconds since 1970"
	text := ""
	switch v := v.(type) {
	case nil:
		return time.Time{}, nil
	case string:
		text = strings.TrimSpace(v)
		t, err = time.Parse(time.RFC3339Nano, text)
	case json.Number:
		text, err = string(v), strconv.ErrSyntax
	}
	if err != nil {
		f, _ := strconv.ParseFloat(text, 64)
		if !plainSeconds.MatchString(text) {
			return time.Time{}, parley.Invalid(field, field+wanted)
		}
		t = time.UnixMicro(int64(f * 1e6)).UTC()
	}
	if t.Before(earliest) || t.After(latest) {
		return time.Time{}, parley.Invalid(field, field+wanted+", between the years 2000 and 2200")
	}
	return t.UTC(), nil
}

// readSchedule takes when a call may be dialled. Whatever names a time waits for it, and for a free slot.
func readSchedule(body map[string]any, c *parley.Call) error {
	var bad invalid
	var err error
	for field, into := range map[string]*time.Time{"not_before": &c.NotBefore, "not_after": &c.NotAfter} {
		if *into, err = instant(field, body[field]); err != nil {
			bad = append(bad, fieldError{field, err.Error()})
		}
	}
	if len(bad) > 0 {
		return bad
	}
	switch after := c.NotAfter; {
	case after.IsZero():
	case after.Before(c.NotBefore):
		return parley.Invalid("not_after", "not_after must not lie before not_before")
	case !after.After(c.Created):
		return parley.Invalid("not_after", "not_after must lie in the future: the call could not be dialled any more")
	}
	queue, said := body["queue"].(bool)
	c.Queued = queue || c.NotBefore.After(c.Created) || !said && !c.NotAfter.IsZero()
	return nil
}
