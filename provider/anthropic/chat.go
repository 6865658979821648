package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// Chat streams one answer. What the model does not accept is left out, and told in the first Notice. Tokens read are told at the
// beginning and tokens written at the end, so that an answer nobody wants to hear out is paid for, too. Tool calls come once the
// answer is whole; one that is cut before is an error.
func (m *Model) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		resp, left, err := m.post(ctx, r)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		defer resp.Body.Close()
		a := answer{Telling: provider.Telling{Vendor: vendor, Yield: yield}, memory: &m.memory}
		if len(left) > 0 && m.noticed.CompareAndSwap(false, true) {
			a.Notice = provider.LeftOut(m.kind.name, left)
		}
		if err := a.read(cancel, resp.Body); err != nil && !a.Stopped {
			yield(llm.Delta{}, provider.Fault(ctx, vendor, err))
		}
	}
}

// post sends the request, again without what the server says it does not accept.
func (m *Model) post(ctx context.Context, r llm.Request) (*http.Response, []string, error) {
	model := m.base + " " + m.kind.name
	for tries := 0; ; tries++ {
		q := m.compose(r, learnt.Of(model))
		resp, err := m.send(ctx, q)
		var v *parley.VendorError
		if err != nil && tries < 5 && errors.As(err, &v) {
			if field := refused(v.Status, v.Message); field != "" && q.drop(field) {
				learnt.Add(model, field)
				continue
			}
		}
		return resp, q.left, err
	}
}

func (a *answer) read(cancel func(), body io.Reader) error {
	return provider.NewEvents(body).Answer(&a.Telling, cancel, func(data []byte) (whole bool, err error) {
		var e event
		if err := json.Unmarshal(data, &e); err != nil {
			return false, provider.BadOutput(vendor, "an event is not JSON: "+provider.Line(string(data)), err)
		}
		err = a.take(&e)
		return a.finished, err
	})
}

// fault is the typed error of an error event.
func fault(kind, message string) *parley.VendorError {
	code := parley.VendorUnavailable // overloaded_error, api_error
	switch kind {
	case "authentication_error", "permission_error":
		return &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "the key is missing, wrong or not allowed to do this"}
	case "rate_limit_error", "billing_error":
		code = parley.VendorRateLimited
	case "timeout_error":
		code = parley.VendorTimeout
	case "invalid_request_error", "not_found_error", "request_too_large":
		code = parley.VendorRefused
	}
	if message == "" {
		message = kind
	}
	return &parley.VendorError{Vendor: vendor, Code: code, Message: provider.Line(message)}
}
