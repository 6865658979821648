package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// voicesPatience is how long a vendor may take to list its voices.
const voicesPatience = 10 * time.Second

// availableVoices answers with the voices that a vendor has, as they would be saved.
func (a *API) availableVoices(r *request) (any, error) {
	kind := r.q("type")
	if a.named.speaking[kind] == nil {
		return nil, parley.Invalid("type", "type must be one of "+strings.Join(slices.Sorted(maps.Keys(a.named.speaking)), ", "))
	}
	account := r.q("account_connection")
	if account != "" {
		id, err := uuidOf("account_connection", account)
		if err == nil {
			err = a.checkConnection(r.Context(), r.env, "account_connection", id)
		}
		if err != nil {
			return nil, err
		}
		account = id
	}
	if a.Vendors == nil {
		return nil, refused(http.StatusBadRequest, "no_voices", "this server does not ask vendors for their voices")
	}
	ctx, cancel := context.WithTimeout(r.Context(), voicesPatience)
	defer cancel()
	list, err := a.Vendors.Voices(ctx, r.env, kind, account)
	switch {
	case err != nil && r.Context().Err() == nil && ctx.Err() != nil:
		return nil, refused(http.StatusBadGateway, "vendor_failed", "the vendor of "+kind+" did not list its voices within 10 s")
	case err != nil:
		return nil, vendorRefusal(err)
	}
	items := []provider.Voice{}
	for _, v := range list[:min(len(list), provider.MaxVoices)] {
		if !speaks(v, r.q("language")) {
			continue
		}
		voice := maps.Clone(v.Options)
		if voice == nil {
			voice = map[string]any{}
		}
		voice["type"] = kind
		if account != "" {
			voice["account_connection"] = account
		}
		v.Options = voice
		items = append(items, v)
	}
	return map[string]any{"items": items}, nil
}

// speaks reports whether a voice speaks a language such as en or pt-BR; one that names none speaks all.
func speaks(v provider.Voice, language string) bool {
	if language == "" || v.Language == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(v.Language, ","), func(code string) bool {
		return len(code) >= len(language) && strings.EqualFold(code[:len(language)], language)
	})
}

// vendorRefusal is what a client is told of a vendor's failure, in the vendor's words.
func vendorRefusal(err error) error {
	var v *parley.VendorError
	if !errors.As(err, &v) {
		return err
	}
	switch v.Code {
	case parley.VendorUnauthorized:
		return &parley.Error{Status: http.StatusBadRequest, Code: "vendor_unauthorized", Field: "account_connection", Message: "account_connection: " + v.Error()}
	case parley.VendorRateLimited:
		return &parley.Error{Status: http.StatusTooManyRequests, Code: "vendor_rate_limited", Message: v.Error(), RetryAfter: 10 * time.Second}
	}
	return refused(http.StatusBadGateway, "vendor_failed", v.Error())
}
