package number

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/parley-voice/parley"
)

// shortMost is the longest row of digits that is taken for an extension and nothing else.
const shortMost = 6

// Allowed says whether a trunk's policy lets an address be dialled: the one place where that is decided. Of a sip: address it is the
// user part that counts, in every way of writing a number that a carrier might understand. The error is a *parley.Error of
// status 403 that names the setting which would allow it.
func Allowed(field, to string, p parley.DialPolicy) error {
	a, err := Parse(field, to)
	if err != nil {
		return err
	}
	switch a.Kind {
	case E164:
		return mayCall(field, a.Text, p)
	case SIP:
		user, isNumber := dialString(a.Text)
		switch {
		case !isNumber:
			return nil // alice is nobody a carrier could charge for
		case strings.HasPrefix(user, "+"):
			return mayCall(field, user, p)
		}
		return short(field, user, p)
	}
	user, isNumber := plain(a.Text)
	if !isNumber && p.Extensions {
		return nil
	}
	return short(field, user, p)
}

// Region is the country of an E.164 number, ISO 3166 alpha-2; 001 for those of no country, such as satellites; "" when it is no
// number at all. Of a number that nobody has it is the country that its prefix is mainly used in.
func Region(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return ""
	}
	if r := phonenumbers.GetRegionCodeForNumber(n); r != "" {
		return r
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
}

// mayCall decides on a number in E.164 form.
func mayCall(field, e164 string, p parley.DialPolicy) error {
	if slices.ContainsFunc(p.Prefixes, func(prefix string) bool { return strings.HasPrefix(e164, prefix) }) {
		return nil
	}
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return refused(field, e164, "has no country code that is in use")
	}
	region, kind := Region(e164), phonenumbers.GetNumberType(n)
	if kind == phonenumbers.PREMIUM_RATE || kind == phonenumbers.SHARED_COST {
		return refused(field, e164, "costs more than a call (premium rate)")
	}
	if len(p.Countries) == 0 {
		return refused(field, e164, "cannot be allowed, for the trunk's own country is not known: set credentials.country on its account connection")
	}
	if slices.Contains(p.Countries, region) {
		return nil
	}
	if kind == phonenumbers.TOLL_FREE && slices.ContainsFunc(p.Countries, func(c string) bool {
		return phonenumbers.GetCountryCodeForRegion(c) == int(n.GetCountryCode()) // 800 numbers of North America belong to all of it
	}) {
		return nil
	}
	where := "in no country"
	if region != "001" {
		where = "in " + region
	}
	return refused(field, e164, where+", and the trunk may call "+strings.Join(p.Countries, ", ")+" alone")
}

func refused(field, to, why string) error {
	return &parley.Error{Status: 403, Code: "not_allowed_to_dial", Field: field,
		Message: fmt.Sprintf("%s %s %s. What else may be dialled stands in credentials.allowed_prefixes of the account connection, such as %q", field, to, is(why), prefixOf(to))}
}

func is(why string) string {
	if strings.HasPrefix(why, "in ") {
		return "is " + why
	}
	return why
}

// prefixOf is a prefix that would allow the number: its country code, or with it the digits that tell its kind.
func prefixOf(to string) string {
	n, err := phonenumbers.Parse(to, "")
	if err != nil {
		return to[:min(len(to), 3)]
	}
	prefix := fmt.Sprintf("+%d", n.GetCountryCode())
	if region := Region(to); region != phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode())) ||
		phonenumbers.GetNumberType(n) == phonenumbers.PREMIUM_RATE {
		return to[:min(len(to), len(prefix)+3)]
	}
	return prefix
}

// short decides on digits without a +: an extension, or a number written as one dials it at home, or abroad behind 00 or 011. Where it
// could be either it must be allowed as both.
func short(field, digits string, p parley.DialPolicy) error {
	if !p.Extensions {
		return &parley.Error{Status: 403, Code: "not_allowed_to_dial", Field: field, Message: fmt.Sprintf(
			`%s %s is no E.164 number like +15551234567; extensions are dialled only by a trunk whose config has "extensions": true`, field, digits)}
	}
	if len(digits) <= shortMost || strings.Trim(digits, "0123456789") != "" {
		return nil
	}
	for _, e164 := range readings(digits, p.Countries) {
		if err := mayCall(field, e164, p); err != nil {
			return err
		}
	}
	return nil
}

// readings are the numbers that a telephone exchange might take the digits for.
func readings(digits string, countries []string) (all []string) {
	add := func(n *phonenumbers.PhoneNumber, err error) bool {
		if err != nil {
			return false
		}
		all = append(all, phonenumbers.Format(n, phonenumbers.E164))
		return phonenumbers.IsValidNumber(n)
	}
	home := false
	for _, c := range countries {
		if add(phonenumbers.Parse(digits, c)) {
			home = true
		}
	}
	for _, abroad := range []string{"00", "011", "0011", "010"} {
		if rest, ok := strings.CutPrefix(digits, abroad); ok {
			n, err := phonenumbers.Parse("+"+rest, "")
			if err == nil && phonenumbers.IsPossibleNumber(n) {
				add(n, nil)
			}
		}
	}
	if n, err := phonenumbers.Parse("+"+digits, ""); !home && err == nil && phonenumbers.IsValidNumber(n) {
		add(n, nil) // many carriers take E.164 without its +
	}
	return all
}

// dialString is the user part of a sip: address as a carrier would read it, and whether it could be a number.
func dialString(address string) (user string, isNumber bool) {
	_, rest, _ := strings.Cut(address, ":")
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return "", false
	}
	user, _, _ = strings.Cut(user, ":") // the password
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	user, _, _ = strings.Cut(user, ";") // phone-context and the like
	return plain(user)
}

// plain takes out what RFC 3966 §5.1.1 lets stand between digits.
func plain(user string) (digits string, isNumber bool) {
	digits = strings.Map(func(r rune) rune {
		if strings.ContainsRune("-.() ", r) {
			return -1
		}
		return r
	}, user)
	return digits, digits != "" && strings.Trim(digits, "0123456789+*#") == ""
}
