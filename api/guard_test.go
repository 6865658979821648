package api

import "testing"

func TestSkillsAndGuardRails(t *testing.T) {
	newHouse(t).play(t, []scenario{
		{"guard rails", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"guard_rails":{"disclosure":true,"allowed_topics":["cards"],"never_say":["refund"],"max_cost":2}}`, 201, `"guard_rails":{¦"never_say":["refund"]`},
		{"a disclosure of 7", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"guard_rails":{"disclosure":7}}`, 400, `guard_rails.disclosure must be true, false or a sentence`},
		{"a cost of nothing", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"guard_rails":{"max_cost":0}}`, 400, `guard_rails.max_cost must be`},
		{"topics as a text", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"guard_rails":{"allowed_topics":"cards"}}`, 400, `guard_rails.allowed_topics must be`},
		{"never to say a dash", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"guard_rails":{"never_say":["a","-"]}}`, 400, `guard_rails.never_say.1 must have a letter or a digit`},
		{"a greeting that is never said", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"initial_message":"Want a refund?","guard_rails":{"never_say":["refund"]}}`, 400, `initial_message says what guard_rails.never_say forbids: refund`},
		{"a field of no kind", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"skills":[{"type":"skill_other"},{"type":"skill_collect","config":{"fields":[{"name":"a","kind":"iban"}]}}]}`, 400, `skills.1.config.fields.0.kind must be one of email, phone`},
		{"two fields of one name", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"skills":[{"type":"skill_collect","config":{"fields":[{"name":"a"},{"name":"a"}]}}]}`, 400, `skills.0.config.fields.1.name must not be another field's name`},
		{"a skill without fields", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"skills":[{"type":"skill_collect"}]}`, 400, `skills.0.config.fields is required`},
		{"fields", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"skills":[{"type":"skill_collect","config":{"fields":[{"name":"a","kind":"digits","length":6}]}}]}`, 201, `skill_collect`},
		{"another greeting that is never said", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{},"voicemail_message":"Your refund waits.","guard_rails":{"never_say":["refund","money back"]}}`, 400, `voicemail_message says what guard_rails.never_say forbids: refund`},
	})
}
