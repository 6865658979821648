package after

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestConditions(t *testing.T) {
	v := values{"ended_reason": "caller_hung_up", "voicemail": false, "analysis": "They want a NEW card", "score": json.RawMessage("7"), "tags": json.RawMessage(`["Card","Angry"]`),
		"mood": json.RawMessage(`"Calm"`), "empty": "", "due": json.RawMessage(`"2026-03-01"`), "digits": "0049"}
	for condition, want := range map[string]bool{
		`{"field":"ended_reason","op":"eq","value":"caller_hung_up"}`:             true,
		`{"field":"ended_reason","value":"voicemail"}`:                            false,
		`{"field":"ended_reason","op":"!=","value":"voicemail"}`:                  true,
		`{"field":"ended_reason","op":"in","value":["busy","caller_hung_up"]}`:    true,
		`{"field":"ended_reason","op":"in","value":"busy, caller_hung_up"}`:       true,
		`{"field":"ended_reason","op":"not_in","value":["busy"]}`:                 true,
		`{"field":"voicemail","op":"equals","value":false}`:                       true,
		`{"field":"voicemail","value":"false"}`:                                   true,
		`{"field":"voicemail","value":true}`:                                      false,
		`{"field":"analysis","op":"contains","value":"new card"}`:                 true,
		`{"field":"analysis","op":"not_contains","value":"refund"}`:               true,
		`{"field":"analysis","op":"contains","value":""}`:                         false,
		`{"field":"analysis","op":"exists"}`:                                      true,
		`{"field":"empty","op":"exists"}`:                                         false,
		`{"field":"empty","op":"exists","value":false}`:                           true,
		`{"field":"nothing","op":"not_exists"}`:                                   true,
		`{"field":"score","op":">=","value":7}`:                                   true,
		`{"field":"score","op":"gt","value":"6.9"}`:                               true,
		`{"field":"score","op":"lt","value":7}`:                                   false,
		`{"field":"score","op":"lte","value":"seven"}`:                            false,
		`{"field":"score","op":"eq","value":7.0}`:                                 true,
		`{"field":"nothing","op":"gt","value":0}`:                                 false,
		`{"field":"nothing","op":"lt","value":0}`:                                 false,
		`{"field":"mood","op":"EQ","value":"calm"}`:                               true,
		`{"field":"tags","op":"contains","value":"angry"}`:                        true,
		`{"field":"tags","op":"contains","value":"ang"}`:                          false,
		`{"field":"due","op":"lt","value":"2026-11-01"}`:                          true,
		`{"field":"due","op":"gt","value":"2026-11-01T09:00:00Z"}`:                false,
		`{"field":"digits","op":"eq","value":"49"}`:                               true,
		`{"field":"mood","value":"Calm"},{"field":"voicemail","value":true}`:      false,
		`{"field":"mood","value":"Calm"},{"field":"score","op":"<","value":10.5}`: true,
		``: true,
	} {
		var list []json.RawMessage
		if err := json.Unmarshal([]byte("["+condition+"]"), &list); err != nil {
			t.Fatal(err)
		}
		ok, why, err := holds(list, v)
		if err != nil || ok != want || ok == (why != "") {
			t.Errorf("%s: %v %q %v", condition, ok, why, err)
		}
	}
}

func TestConditionsThatSayNothing(t *testing.T) {
	for condition, want := range map[string]string{
		`"voicemail"`:                     "must be an object with field, op and value",
		`{"op":"eq","value":1}`:           "must name a field",
		`{"field":" "}`:                   "must name a field",
		`{"field":"mood","op":"like"}`:    `has op "like", which is none of contains, eq, exists`,
		`{"field":3,"op":"eq","value":1}`: "must be an object",
	} {
		list := []json.RawMessage{json.RawMessage(`{"field":"a"}`), json.RawMessage(condition)}
		at, err := CheckConditions(list)
		if err == nil || at != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d %v", condition, at, err)
		}
		if _, _, err := holds([]json.RawMessage{json.RawMessage(condition)}, nil); err == nil || !strings.HasPrefix(err.Error(), "conditions.0 ") {
			t.Errorf("%s: %v", condition, err)
		}
	}
	if _, err := CheckConditions(nil); err != nil {
		t.Error(err)
	}
}
