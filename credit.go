package parley

import (
	"errors"
	"strings"
)

// Credits say who served a turn: who heard a caller's, who thought and spoke an agent's. What was not needed, or nobody told, is nil.
type Credits struct {
	Hearing  *Credit `json:"hearing,omitempty"`
	Thinking *Credit `json:"thinking,omitempty"`
	Speaking *Credit `json:"speaking,omitempty"`
}

// A Credit is a vendor, and why it was not the one before it.
type Credit struct {
	Vendor string `json:"vendor"`
	Reason string `json:"reason,omitempty"` // who failed, and how: "openai: timeout; deepseek: shunned"; "": nobody
}

// Given is the credit of the vendor that took over from those that failed; nil when it has no name.
func Given(vendor string, failed Failures) *Credit {
	if vendor == "" {
		return nil
	}
	return &Credit{vendor, failed.String()}
}

// A Failure is a vendor that was passed over, and why; both are metric labels.
type Failure struct {
	Vendor string     `json:"vendor"`
	Reason VendorCode `json:"reason"`
}

// Failures are in the order in which they happened.
type Failures []Failure

func (f Failures) String() string {
	all := make([]string, len(f))
	for i, x := range f {
		all[i] = x.Vendor + ": " + string(x.Reason)
	}
	return strings.Join(all, "; ")
}

// A FailedError is the last error of a skill that nobody is left for, with all the failures that led to it.
type FailedError struct {
	Failures Failures
	Err      error
}

func (e *FailedError) Error() string { return e.Err.Error() }

func (e *FailedError) Unwrap() error { return e.Err }

// FailuresOf is who failed, as far as err tells.
func FailuresOf(err error) Failures {
	var all *FailedError
	var one *VendorError
	switch {
	case errors.As(err, &all):
		return all.Failures
	case errors.As(err, &one) && one.Vendor != "":
		return Failures{{one.Vendor, one.Code}}
	}
	return nil
}

// CodeOf is the kind of failure that err is.
func CodeOf(err error) VendorCode {
	var v *VendorError
	if errors.As(err, &v) {
		return v.Code
	}
	return VendorUnavailable
}
