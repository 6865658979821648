package store

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

// secretFields are sealed at rest and masked in answers wherever in a document they stand.
var secretFields = map[string]bool{
	"credentials": true, "api_key": true, "signing_secret": true, "signature_secret": true, "previous_signing_secret": true,
}

// shownOnce are secrets made for the user to verify us by: the answer to create shows them.
var shownOnce = map[string]bool{"signing_secret": true, "signature_secret": true}

// opaque subtrees describe what others send: a property called api_key there is no secret.
var opaque = map[string]bool{"input_schema": true}

// secrets copies v with f applied to each non-empty secret in it, at its path from the document's root.
func secrets(v any, path string, f func(path, field string, v any) (any, error)) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			p, err := k, error(nil)
			if path != "" {
				p = path + "." + k
			}
			switch {
			case opaque[k]:
				m[k] = x
			case secretFields[k] && isSecret(k, x):
				m[k], err = f(p, k, x)
			default:
				m[k], err = secrets(x, p, f)
			}
			if err != nil {
				return nil, err
			}
		}
		return m, nil
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			var err error
			if l[i], err = secrets(x, path+"."+strconv.Itoa(i), f); err != nil {
				return nil, err
			}
		}
		return l, nil
	}
	return v, nil
}

// isSecret: a secret is a text, credentials may be anything but nothing.
func isSecret(field string, v any) bool {
	if s, ok := v.(string); ok {
		return s != ""
	}
	return field == "credentials" && v != nil
}

// seal gives the document as it is written to the row: secrets sealed for this environment, row and field.
func (d *DB) seal(doc Doc, env, id string) (string, error) {
	v, err := secrets(doc, "", func(path, _ string, v any) (any, error) {
		b, err := json.Marshal(v)
		return d.key.Seal(b, env, id, path), err
	})
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// unseal is the reverse of seal.
func (d *DB) unseal(row, env, id string) (Doc, error) {
	var doc Doc
	if err := json.Unmarshal([]byte(row), &doc); err != nil {
		return nil, fmt.Errorf("stored document %s: %w", id, err)
	}
	v, err := secrets(doc, "", func(path, _ string, v any) (any, error) {
		s, ok := v.(string)
		if !ok || !secret.Sealed(s) {
			return v, nil
		}
		b, err := d.key.Open(s, env, id, path)
		if err != nil {
			return nil, fmt.Errorf("stored document %s, %s: %w", id, path, err)
		}
		var x any
		err = json.Unmarshal(b, &x)
		return x, err
	})
	if err != nil {
		return nil, err
	}
	return v.(Doc), nil
}

// masked is the document as the public sees it; reveal leaves what is shown once.
func masked(doc Doc, reveal bool) Doc {
	v, _ := secrets(doc, "", func(_, field string, v any) (any, error) {
		if reveal && shownOnce[field] {
			return v, nil
		}
		return secret.Mask(v), nil
	})
	return v.(Doc)
}

// restore gives what a request says with each masked secret replaced by the one it stands for in old, at the same place. One that
// stands for nothing is refused: storing the mask would lose the secret.
func restore(given, old any, path string) (any, error) {
	return secrets(given, path, func(p, _ string, v any) (any, error) {
		was := at(old, p[len(path):])
		return restoreValue(v, was, p)
	})
}

func restoreValue(v, old any, path string) (any, error) {
	switch v := v.(type) {
	case string:
		if !secret.IsMasked(v) {
			return v, nil
		}
		if old != nil && old != "" {
			return old, nil
		}
		return nil, parley.Invalid(path, path+" holds a masked value, and there is none to keep: send the secret itself")
	case map[string]any:
		was, _ := old.(map[string]any)
		m := make(map[string]any, len(v))
		for k, x := range v {
			r, err := restoreValue(x, was[k], path+"."+k)
			if err != nil {
				return nil, err
			}
			m[k] = r
		}
		return m, nil
	case []any:
		was, _ := old.([]any)
		l := make([]any, len(v))
		for i, x := range v {
			var o any
			if i < len(was) {
				o = was[i]
			}
			r, err := restoreValue(x, o, path+"."+strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			l[i] = r
		}
		return l, nil
	}
	return v, nil
}
