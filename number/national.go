package number

import (
	"errors"

	"github.com/nyaruka/phonenumbers"
)

// National makes an E.164 number of one as people write or say it who are in the country of near, an E.164 number. known is false where
// that tells no country: then nothing is known of the number. The error says what is wrong with it, and names no field.
func National(text, near string) (e164 string, known bool, err error) {
	region := Region(near)
	if region == "" || region == "001" {
		return "", false, nil
	}
	n, err := phonenumbers.Parse(text, region)
	if err != nil {
		return "", true, errors.New("it is no telephone number")
	}
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "", true, errors.New("it is too short for a telephone number: digits are missing, perhaps the area code")
	case phonenumbers.TOO_LONG:
		return "", true, errors.New("it is too long for a telephone number")
	default:
		return "", true, errors.New("it is no telephone number")
	}
	e164 = phonenumbers.Format(n, phonenumbers.E164)
	if e164, err = Number("phone", e164); err != nil {
		return "", true, errors.New("it is no telephone number")
	}
	return e164, true, nil
}
