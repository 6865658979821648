package collect

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestReadSkill(t *testing.T) {
	fields, bad := ReadSkill(json.RawMessage(`{"fields":[{"name":"email","kind":"email"},{"name":"account","kind":"digits","length":6,"label":"your account number","required":false,"confirm":false},
		{"name":"note","description":"what it is about","max_length":80,"question":"What is it about?"}]}`))
	if len(bad) > 0 || len(fields) != 3 {
		t.Fatalf("%+v %+v", fields, bad)
	}
	a, n := fields[1], fields[2]
	if !fields[0].Required || !fields[0].Confirms(false) || fields[0].Confirms(true) || a.Kind != Digits || a.Least != 6 || a.Most != 6 || a.Required || a.Confirms(false) || a.Label == "" {
		t.Errorf("%+v", a)
	}
	if n.Kind != Text || n.Most != 80 || n.Ask("en") != "What is it about?" || n.Confirms(false) {
		t.Errorf("%+v", n)
	}
	if can, most := a.Keyed(); !can || most != 6 {
		t.Error("an account is keyed in")
	}
}

func TestReadSkillProblems(t *testing.T) {
	for config, want := range map[string]string{
		`null`:                        "fields must be a list",
		`{"fields":[]}`:               "fields must be a list",
		`{"fields":[1]}`:              "fields.0 must be an object",
		`{"fields":[{}]}`:             "fields.0.name is missing",
		`{"fields":[{"name":"a b"}]}`: "fields.0.name must be a name like",
		`{"fields":[{"name":7}]}`:     "fields.0.name must be a text",
		`{"fields":[{"name":"a","kind":"iban"}]}`:                                 "fields.0.kind must be one of email",
		`{"fields":[{"name":"a"},{"name":"a"}]}`:                                  "fields.1.name must not be another",
		`{"fields":[{"name":"a","kind":"digits","length":0}]}`:                    "fields.0.length must be a whole number",
		`{"fields":[{"name":"a","kind":"digits","length":"6"}]}`:                  "fields.0.length must be a whole number",
		`{"fields":[{"name":"a","kind":"email","length":6}]}`:                     "fields.0.length is for the kinds",
		`{"fields":[{"name":"a","kind":"digits","min_length":6,"max_length":5}]}`: "fields.0.min_length must not be more",
		`{"fields":[{"name":"a","required":"yes"}]}`:                              "fields.0.required must be true or false",
		`{"fields":[{"name":"a","confirm":1}]}`:                                   "fields.0.confirm must be true or false",
		`{"fields":[{"name":"a","label":"` + strings.Repeat("x", 501) + `"}]}`:    "fields.0.label must be a text of at most 500",
		`{"fields":[` + strings.Repeat(`{"name":"a"},`, 50) + `{"name":"b"}]}`:    "fields must be no more than 50",
	} {
		_, bad := ReadSkill(json.RawMessage(config))
		if len(bad) == 0 || !strings.HasPrefix(bad[0].At+" "+bad[0].Message, want) {
			t.Errorf("%.60s: %+v, want %s", config, bad, want)
		}
	}
}

func TestReadFields(t *testing.T) {
	raw := func(s string) (list []json.RawMessage) {
		if err := json.Unmarshal([]byte(s), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	fields, bad := ReadFields(raw(`["Full name","email","Phone number","Date of birth","home address","guests","email",
		{"field_type":"field_type_email","name":"mail","label":"E-mail"},{"field_type":"integer","label":"Seats","description":"How many"}]`))
	var kinds []string
	for _, f := range fields {
		kinds = append(kinds, fmt.Sprintf("%s=%s", f.Name, f.Kind))
	}
	if got, want := strings.Join(kinds, ", "), "Full name=name, email=email, Phone number=phone, Date of birth=date, home address=address, guests=text, mail=email, Seats=text"; got != want || len(bad) > 0 {
		t.Errorf("%s\n%s %+v", got, want, bad)
	}
	if _, bad = ReadFields(raw(`[""," ",7,{"field_type":"cat","name":"x"},{}]`)); len(bad) != 5 {
		t.Errorf("%+v", bad)
	}
}

// FuzzRead: whatever is said in whatever language, nothing panics, and a value that was taken is taken again as itself.
func FuzzRead(f *testing.F) {
	f.Add("john dot smith at example dot com", uint8(0), "en")
	f.Add("quatre vingt dix sept", uint8(5), "fr")
	f.Add("M wie Martha E Y double", uint8(2), "de")
	f.Add("1985年3月4日", uint8(3), "ja")
	f.Fuzz(func(t *testing.T, said string, kind uint8, lang string) {
		x := Field{Name: "f", Kind: Kinds[int(kind)%len(Kinds)]}
		p := Place{Language: lang, Near: "+15559870000", Now: at}
		v, err := x.Read(said, p)
		if err != nil {
			return
		}
		if strings.ContainsAny(v, "\r\n\x00") || strings.Contains(x.ReadBack(v, lang), "%!") {
			t.Errorf("%q became %q", said, v)
		}
		if x.Kind == Email || x.Kind == Phone || x.Kind == Digits || x.Kind == Date {
			if again, err := x.Read(v, p); err != nil || again != v {
				t.Errorf("%s: %q became %q, and that %q, %v", x.Kind, said, v, again, err)
			}
		}
	})
}

func TestPlainDigits(t *testing.T) {
	for from, want := range map[string]string{"０１２３４５６７８９": "0123456789", "०१२३४५६७८९": "0123456789", "٠١٢٣٤٥٦٧٨٩": "0123456789", "০১২৩৪৫৬৭৮৯": "0123456789"} {
		if got := strings.Map(plainDigit, from); got != want {
			t.Errorf("%s: %s", from, got)
		}
	}
}
