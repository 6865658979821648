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
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return err
	}
	if c.Private {
		return noTrace("the call is hipaa_compliant, and nothing is kept of it")
	}
	if a.Traces == nil {
		return noTrace("this server keeps none")
	}
	var ids []string
	if c.TelephonyID != "" {
		ids = []string{c.TelephonyID}
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

func noTrace(why string) error {
	return &parley.Error{Status: http.StatusNotFound, Code: "no_trace", Message: "no SIP messages of this call are here: " + why}
}
