package api

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/parley-voice/parley"
)

// traceForms are what a trace comes as.
var traceForms = map[string]struct{ media, ending string }{
	"json":   {"application/json; charset=utf-8", "json"},
	"ladder": {"text/plain; charset=utf-8", "txt"},
	"pcap":   {"application/vnd.tcpdump.pcap", "pcap"},
}

// trace answers with the signalling of a call.
func (a *API) trace(w http.ResponseWriter, r *request) error {
	format := r.q("format")
	if format == "" {
		format = "json"
	}
	form, ok := traceForms[format]
	if !ok {
		return parley.Invalid("format", "format must be one of json, ladder, pcap")
	}
	c, ids, err := a.traced(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer // some hundred KB at most: an error is told as one
	switch err = a.Traces.WriteTrace(r.Context(), &b, format, c.ID, ids...); {
	case parley.IsNotFound(err) && over(c):
		return noTrace("it never came to the telephone, it ended in a crash, or its text has been erased")
	case parley.IsNotFound(err):
		return noTrace("the call has not come to the telephone yet, or it runs in another process: ask again when it is over")
	case err != nil:
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Type", form.media)
	if format == "pcap" {
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, c.ID, form.ending))
	}
	_, err = w.Write(b.Bytes())
	return err
}

// traced is the call that is asked for, and the carrier's ids of it.
func (a *API) traced(r *request) (c parley.Call, ids []string, err error) {
	if c, err = a.Store.Call(r.Context(), r.env, r.id); err != nil {
		return c, nil, err
	}
	if c.Private {
		return c, nil, noTrace("the call is hipaa_compliant, and nothing is kept of it")
	}
	if a.Traces == nil {
		return c, nil, noTrace("this server keeps none")
	}
	if c.TelephonyID != "" {
		ids = []string{c.TelephonyID}
	}
	return c, ids, nil
}

// capture streams the packets of a call that runs.
func (a *API) capture(w http.ResponseWriter, r *request) error {
	c, ids, err := a.traced(r)
	if err != nil {
		return err
	}
	if over(c) {
		return refused(http.StatusConflict, "not_running", "the call is over, and its packets are there only while it runs; its SIP messages are at GET /v1/calls/trace")
	}
	select {
	case a.watching <- struct{}{}:
		defer func() { <-a.watching }()
	default:
		return parley.Full("too_many_captures", "so many calls are being captured by now: try again when one of them is over", maxCaptures, maxCaptures, 0)
	}
	ctx, cancel := a.whileOpen(r.Context())
	defer cancel()
	s := streaming(w, traceForms["pcap"].media)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.pcap"`, c.ID))
	if r.Method == http.MethodHead {
		return nil
	}
	err = a.Traces.Capture(ctx, w, s.flush, c.ID, ids...)
	switch {
	case parley.IsNotFound(err):
		w.Header().Del("Content-Disposition")
		return errElsewhere()
	case s.began:
		return nil // the watcher has left
	}
	return err
}

func noTrace(why string) error {
	return &parley.Error{Status: http.StatusNotFound, Code: "no_trace", Message: "no SIP messages of this call are here: " + why}
}
