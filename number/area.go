package number

import "github.com/nyaruka/phonenumbers"

// Area is the area code of an E.164 number, "" where it has none: a mobile number in most countries, a toll-free one.
func Area(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return ""
	}
	rest := phonenumbers.GetNationalSignificantNumber(n)
	if l := phonenumbers.GetLengthOfGeographicalAreaCode(n); l > 0 && l <= len(rest) {
		return rest[:l]
	}
	return ""
}

// Significant is an E.164 number without its country's code, "" for what is none.
func Significant(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetNationalSignificantNumber(n)
}
