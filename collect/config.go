package collect

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
)

// SkillType is the type of the skill that collects.
const SkillType = "skill_collect"

// Limits of what an agent may be told to ask for.
const (
	MostFields   = 50
	mostWording  = 500 // bytes of a label, a description or a question
	mostNameSize = 100 // bytes
)

// A Problem is what is wrong with a configuration, and where: a path below what was read, "" for all of it.
type Problem struct{ At, Message string }

// ReadSkill reads the config of a skill_collect: {fields: [{name, kind, …}]}. Fields with problems are not among those it gives.
func ReadSkill(config json.RawMessage) (fields []Field, bad []Problem) {
	var c struct {
		Fields []json.RawMessage `json:"fields"`
	}
	if json.Unmarshal(config, &c) != nil || len(c.Fields) == 0 {
		return nil, []Problem{{"fields", "must be a list of at least one field {name, kind}"}}
	}
	if len(c.Fields) > MostFields {
		return nil, []Problem{{"fields", fmt.Sprintf("must be no more than %d fields", MostFields)}}
	}
	for i, raw := range c.Fields {
		at := fmt.Sprintf("fields.%d", i)
		f, wrong := readField(raw, at)
		switch {
		case wrong == nil && !parley.IsVariable(f.Name):
			wrong = []Problem{{at + ".name", "must be a name like phone_number: letters, digits and _ - ."}}
		case wrong == nil && slices.ContainsFunc(fields, func(o Field) bool { return o.Name == f.Name }):
			wrong = []Problem{{at + ".name", "must not be another field's name"}}
		}
		if wrong != nil {
			bad = append(bad, wrong...)
			continue
		}
		fields = append(fields, f)
	}
	return fields, bad
}

// ReadFields reads a prompt's collect_fields: names, or {field_type, label, name, description}. One that is there twice counts once.
func ReadFields(list []json.RawMessage) (fields []Field, bad []Problem) {
	for i, raw := range list {
		at := fmt.Sprint(i)
		var name string
		f, wrong := Field{Required: true}, []Problem(nil)
		if json.Unmarshal(raw, &name) == nil {
			if f.Name = strings.TrimSpace(name); f.Name == "" || len(f.Name) > mostNameSize {
				wrong = []Problem{{at, fmt.Sprintf("must be a name of at most %d bytes", mostNameSize)}}
			}
			f.Kind, f.Label = kindOf(f.Name), ""
		} else {
			f, wrong = readField(raw, at)
		}
		switch {
		case wrong != nil:
			bad = append(bad, wrong...)
		case slices.ContainsFunc(fields, func(o Field) bool { return o.Name == f.Name }):
		case len(fields) == MostFields:
			return fields, append(bad, Problem{at, fmt.Sprintf("is one more than %d fields", MostFields)})
		default:
			fields = append(fields, f)
		}
	}
	return fields, bad
}

// kinds are the words for kinds that agents' owners use.
var kinds = map[string]Kind{"email": Email, "email_address": Email, "phone": Phone, "phone_number": Phone, "telephone": Phone, "name": Name, "full_name": Name, "date": Date,
	"address": Address, "digits": Digits, "text": Text, "string": Text, "str": Text, "number": Text, "integer": Text, "int": Text, "float": Text, "boolean": Text, "bool": Text, "enum": Text,
	"time": Text, "datetime": Text}

func readField(raw json.RawMessage, at string) (f Field, bad []Problem) {
	var doc map[string]any
	if json.Unmarshal(raw, &doc) != nil || doc == nil {
		return f, []Problem{{at, "must be an object with name and kind"}}
	}
	wrong := func(key, format string, args ...any) {
		bad = append(bad, Problem{at + "." + key, fmt.Sprintf(format, args...)})
	}
	word := func(key string, most int) string {
		v := doc[key]
		s, ok := v.(string)
		if s = strings.TrimSpace(s); v != nil && !ok || len(s) > most {
			wrong(key, "must be a text of at most %d bytes", most)
		}
		return s
	}
	f = Field{Name: word("name", mostNameSize), Label: word("label", mostWording), Description: word("description", mostWording), Question: word("question", mostWording), Required: true}
	if f.Name == "" {
		f.Name = f.Label
	}
	if f.Name == "" {
		wrong("name", "is missing")
	}
	kind := word("kind", mostNameSize)
	for _, key := range []string{"field_type", "type"} {
		if kind == "" {
			kind = strings.TrimPrefix(word(key, mostNameSize), "field_type_")
		}
	}
	f.Kind = kinds[strings.ToLower(kind)]
	switch {
	case kind == "":
		f.Kind = kindOf(f.Name)
	case f.Kind == "":
		wrong("kind", "must be one of email, phone, name, date, address, digits, text")
	}
	f.flags(doc, wrong)
	f.lengths(doc, wrong)
	return f, bad
}

func (f *Field) flags(doc map[string]any, wrong func(key, format string, args ...any)) {
	for key, set := range map[string]func(bool){"required": func(b bool) { f.Required = b }, "confirm": func(b bool) { f.Confirm = &b }} {
		switch b, ok := doc[key].(bool); {
		case ok:
			set(b)
		case doc[key] != nil:
			wrong(key, "must be true or false")
		}
	}
}

// lengths reads length, min_length and max_length: digits of Digits, characters of Text.
func (f *Field) lengths(doc map[string]any, wrong func(key, format string, args ...any)) {
	most := mostDigits
	if f.Kind == Text {
		most = mostText
	}
	count := func(key string) int {
		v, ok := doc[key].(float64)
		switch {
		case doc[key] == nil:
			return 0
		case !ok || v != math.Trunc(v) || v < 1 || v > float64(most):
			wrong(key, "must be a whole number from 1 to %d", most)
		case f.Kind != Digits && f.Kind != Text:
			wrong(key, "is for the kinds digits and text")
		}
		return int(v)
	}
	f.Least, f.Most = count("min_length"), count("max_length")
	if n := count("length"); n > 0 {
		f.Least, f.Most = n, n
	}
	if f.Most > 0 && f.Least > f.Most {
		wrong("min_length", "must not be more than max_length")
	}
}

// kindOf guesses what a field is by its name.
func kindOf(name string) Kind {
	name = strings.ToLower(name)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	switch {
	case has("email", "e-mail"):
		return Email
	case has("phone", "mobile"):
		return Phone
	case has("date", "birthday"):
		return Date
	case has("address"):
		return Address
	case strings.HasSuffix(name, "name"):
		return Name
	}
	return Text
}
