package cli

// A resource is a group of routes, and a command of its own. Its verbs are the routes that the contract has under path.
type resource struct {
	Name, Help string
	path       string
	columns    map[string]string // of the tables, by verb
	verbs      map[string]string // verbs whose names differ from their routes'
	bare       map[string]string // the field that words without a name fill, by verb
	examples   []string
}

// Resources are the commands, in the order in which help shows them.
var Resources = []*resource{
	{Name: "agents", Help: "Who answers and calls.", path: "/v1/agents",
		columns: map[string]string{"list": "id name label language provider model"},
		examples: []string{
			`parley agents create label="Front desk" prompt.content=@desk.txt voice.type=voice_local 'actions=[]'`,
			`parley agents get ID -o json > agent.json`,
			`parley agents update ID -f agent.json language=es`,
		}},
	{Name: "prompts", Help: "What the model is told.", path: "/v1/prompts",
		columns:  map[string]string{"list": "id label type content"},
		examples: []string{`parley prompts create label=Desk content=@desk.txt`}},
	{Name: "actions", Help: "What an agent can do besides talk.", path: "/v1/actions",
		columns:  map[string]string{"list": "id label type description"},
		examples: []string{`parley actions create type=action_transfer_call label="To sales" config.phone_number=+15557654321`}},
	{Name: "voices", Help: "How an agent sounds.", path: "/v1/voices",
		columns: map[string]string{"list": "id label type voice", "available": "name language gender voice preview_url"},
		examples: []string{
			`parley voices available type=voice_eleven_labs language=de`,
			`parley voices create type=voice_local voice=slt rate=1.1`,
		}},
	{Name: "webhooks", Help: "Where the facts of calls are sent.", path: "/v1/webhooks",
		columns: map[string]string{"list": "id label method url subscriptions", "deliveries": "id state event_type attempts created_at call_id webhook_id"},
		examples: []string{
			`parley webhooks create url=https://example.com/parley subscriptions=event_phone_call_ended,event_recording`,
			`parley webhooks deliveries --filter state=failed`,
		}},
	{Name: "connections", Help: "Accounts with carriers, vendors and other systems.", path: "/v1/account_connections",
		columns: map[string]string{"list": "id label type steering_pool"},
		verbs:   map[string]string{"add_to_steering_pool": "pool-add", "remove_from_steering_pool": "pool-remove"},
		bare:    map[string]string{"pool-add": "phone_numbers", "pool-remove": "phone_numbers"},
		examples: []string{
			`parley connections create type=account_connection_sip credentials.host=sip.example.com credentials.username=me credentials.password=@secret.txt`,
			`parley connections test ID`,
			`parley connections test type=account_connection_sip credentials.host=sip.example.com`,
			`parley connections pool-add ID +15551234567 +15551234568`,
		}},
	{Name: "numbers", Help: "Lines that reach an agent.", path: "/v1/numbers",
		columns: map[string]string{"list": "id number label inbound_agent.label active telephony_provider", "available": "phone_number locality country monthly_price currency sms_enabled telephony_provider"},
		bare:    map[string]string{"link": "phone_number", "buy": "phone_number"},
		examples: []string{
			`parley numbers available 'filters={"area_code":"415"}'`,
			`parley numbers buy +14155550123 inbound_agent=AGENT_ID`,
			`parley numbers link +15551234567 inbound_agent=AGENT_ID`,
			`parley numbers update +15551234567 inbound_agent=null`,
		}},
	{Name: "calls", Help: "Phone calls and what became of them.", path: "/v1/calls",
		columns: map[string]string{"list": "id status ended_reason from_number to_number created_at stage"},
		bare:    map[string]string{"say": "text", "add-context": "text", "dtmf": "digits", "transfer": "phone_number", "mute": "on", "whisper": "text", "take-over": "phone_number", "take-over-web": "announce", "web": "agent"},
		examples: []string{
			`parley calls create to_number=+15557654321 from_number=+15551234567 agent=AGENT_ID context.name=Ann`,
			`parley calls list --filter status=ended --filter 'created_at>=2026-11-24T00:00:00Z' --desc`,
			`parley calls events ID`,
			`parley calls live types=event_message`,
			`parley calls say ID "One moment, please."`,
			`parley calls mute ID on`,
			`parley calls whisper ID "Offer them the discount." act=true`,
			`parley calls take-over ID +15557654321 announce="Ann takes over now."`,
			`parley calls listen ID -o - | ffplay -`,
			`parley calls recording ID -o call.wav`,
			`parley calls trace ID`,
		}},
	{Name: "do-not-call", Help: "Numbers that are not called.", path: "/v1/do_not_call",
		columns:  map[string]string{"list": "id number reason created_at call_id"},
		bare:     map[string]string{"create": "number"},
		examples: []string{`parley do-not-call create +15551234567 reason="asked for it"`}},
	{Name: "audit", Help: "Who acted on running calls.", path: "/v1/audit",
		columns:  map[string]string{"list": "created_at key act call_id status code details"},
		examples: []string{`parley audit list --filter call_id=CALL_ID`}},
	{Name: "memories", Help: "What is known of callers, from earlier calls.", path: "/v1/memories",
		columns:  map[string]string{"list": "id number agent_id facts summary updated_at"},
		bare:     map[string]string{"write": "number"},
		examples: []string{`parley memories list --filter number=+15551234567`, `parley memories delete +15551234567`}},
	{Name: "documents", Help: "What agents look up while they talk.", path: "/v1/documents",
		columns: map[string]string{"list": "id name type language size tags updated_at"},
		bare:    map[string]string{"create": "name", "search": "query"},
		examples: []string{
			`parley documents create "Opening hours" type=markdown content=@hours.md tags=shop`,
			`parley documents search "when do you open on Saturday"`,
			`parley agents update ID knowledge=all`,
		}},
	{Name: "usage", Help: "What was used this month.", path: "/v1/usage"},
	{Name: "overview", Help: "What calls add up to: answered, endings, latency, cost.", path: "/v1/overview",
		examples: []string{`parley overview from=2026-11-01T00:00:00Z by=day time_zone=Europe/Berlin`}},
	{Name: "nodes", Help: "The processes of the installation, and what runs in each.", path: "/v1/nodes"},
	{Name: "environments", Help: "Tenants of the server, and their settings.", path: "/v1/environments",
		columns:  map[string]string{"list": "id name max_concurrent_calls audio_retention_days text_retention_days time_format"},
		examples: []string{`parley environments create name=Acme max_concurrent_calls=20`}},
	{Name: "keys", Help: "Who may use an environment.", path: "/v1/keys",
		columns:  map[string]string{"list": "id prefix role label environment_id last_used_at"},
		examples: []string{`parley keys create label="deploy script" role=member`}},
	{Name: "sessions", Help: "Who a key is, and logins of browsers.", path: "/v1/sessions",
		examples: []string{`parley sessions get`}},
	{Name: "pronunciations", Help: "How words are spoken.", path: "/v1/pronunciations",
		columns:  map[string]string{"list": "id word respelling ipa language case_sensitive"},
		bare:     map[string]string{"create": "word"},
		examples: []string{`parley pronunciations create Siobhan respelling=Shivawn ipa=ʃɪˈvɔːn`}},
	{Name: "vector-databases", Help: "Kept for agents to come.", path: "/v1/vector_databases",
		columns: map[string]string{"list": "id label type index"}},
}
