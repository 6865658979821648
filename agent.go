package parley

import "encoding/json"

// An Agent is who answers: the contract's agent, its fields grouped by what they are about. JSON is flat, as in the
// contract; a field that was not sent is nil and is not sent back. What each field does stands in docs/agent.md.
type Agent struct {
	ID          string   `json:"id"`
	UserID      string   `json:"user_id"` // the environment
	Name        *string  `json:"name,omitempty"`
	Label       *string  `json:"label,omitempty"`
	Description *string  `json:"description,omitempty"`
	Language    string   `json:"language,omitempty"` // "" is en
	Prompt      *Prompt  `json:"prompt"`
	Voice       Voice    `json:"voice"`
	Actions     []Action `json:"actions"`
	Webhook     *Webhook `json:"webhook,omitempty"`
	AccountConn *string  `json:"account_connection,omitempty"`
	Greeting
	Hearing
	Thinking
	TurnTaking
	IdleChecks
	Answering
	Context
	Skills
	AfterCall
}

// Greeting is how the agent begins.
type Greeting struct {
	InitialMessage      *string  `json:"initial_message,omitempty"`
	InitialMessageDelay *float64 `json:"initial_message_delay,omitempty"` // ms after answer
}

// Hearing is how the caller's sound becomes words.
type Hearing struct {
	Transcriber           json.RawMessage `json:"transcriber,omitempty"`       // {type: transcriber_<vendor>, model, …}
	DeepgramKeywords      map[string]any  `json:"deepgram_keywords,omitempty"` // word → boost, number or numeric string
	NoiseSuppression      *bool           `json:"noise_suppression,omitempty"`
	NoiseSuppressionLevel *float64        `json:"noise_suppression_level,omitempty"` // 0–100
	MinVolume             *float64        `json:"min_volume,omitempty"`              // 0–100, % of full-scale RMS
	EnableRecording       *bool           `json:"enable_recording,omitempty"`        // nil is true
}

// Thinking is which model decides, and how.
type Thinking struct {
	Provider                *string         `json:"provider,omitempty"`
	Model                   *string         `json:"model,omitempty"`
	ModelNameOverride       *string         `json:"openai_model_name_override,omitempty"`
	OpenAIAccountConnection json.RawMessage `json:"openai_account_connection,omitempty"`
	Temperature             *float64        `json:"llm_temperature,omitempty"`
	ReasoningEffort         *string         `json:"reasoning_effort,omitempty"`
	Verbosity               *string         `json:"verbosity,omitempty"`
	Seed                    *int64          `json:"llm_seed,omitempty"`
	OpenAIAPI               *string         `json:"openai_api,omitempty"`   // chat_completions (default), responses
	Fallback                json.RawMessage `json:"llm_fallback,omitempty"` // {provider, model}
	PreloadPrompt           *bool           `json:"enable_preload_prompt,omitempty"`
}

// TurnTaking is who speaks when.
type TurnTaking struct {
	InterruptSensitivity   string   `json:"interrupt_sensitivity,omitempty"`   // low (default), high
	EndpointingSensitivity string   `json:"endpointing_sensitivity,omitempty"` // auto (default), relaxed, sensitive
	ConversationSpeed      *float64 `json:"conversation_speed,omitempty"`      // divides every wait, 0.5–2
	EnableDynamicTurns     *bool    `json:"enable_dynamic_turns,omitempty"`
	DynamicMinWaitSecs     *float64 `json:"dynamic_min_wait_secs,omitempty"`
	DynamicMaxSilenceSecs  *float64 `json:"dynamic_max_silence_secs,omitempty"`
	BackgroundSound        *string  `json:"background_sound,omitempty"` // "", keyboard, office, office-2
}

// IdleChecks is what happens when nobody speaks, and when the call is long.
type IdleChecks struct {
	AskIfHumanPresent     *bool    `json:"ask_if_human_present_on_idle,omitempty"`
	IdleTimeSeconds       *float64 `json:"idle_time_seconds,omitempty"`
	IdleAfterInteraction  *float64 `json:"idle_after_interaction_seconds,omitempty"`
	MaxIdleChecks         *float64 `json:"max_idle_check_count,omitempty"`           // in a row
	MaxAggregateIdleCheck *float64 `json:"max_aggregate_idle_check_count,omitempty"` // in the call
	CallDurationSec       *float64 `json:"call_duration_sec,omitempty"`              // hard cap
}

// Answering is who the agent thinks it has reached.
type Answering struct {
	VoicemailMessage  *string `json:"voicemail_message,omitempty"`
	DynamicVMDetect   *bool   `json:"enable_dynamic_vm_detection,omitempty"`
	LLMVMDetectOnly   *bool   `json:"llm_vm_detection_only,omitempty"`
	IVRNavigationMode string  `json:"ivr_navigation_mode,omitempty"`
	DoNotCallDetect   *bool   `json:"run_do_not_call_detection,omitempty"`
}

// Context is what the agent knows of the caller before the first word.
type Context struct {
	ContextEndpoint *string `json:"context_endpoint,omitempty"`
	MemoryScope     *string `json:"memory_scope,omitempty"` // single_agent, all
	CombineLastCall *bool   `json:"combine_last_call_context,omitempty"`
	TransferOnEnd   *bool   `json:"transfer_on_end,omitempty"`

	Knowledge  Knowledge `json:"knowledge,omitzero"`
	WebOrigins []string  `json:"web_origins,omitempty"` // ours: pages whose visitors may call, such as https://shop.example
}

// Skills is what the agent does by rule rather than by judgement.
type Skills struct {
	Skills          []json.RawMessage `json:"skills,omitempty"`
	ActivityActions []json.RawMessage `json:"activity_actions,omitempty"`
	GuardRails      *GuardRails       `json:"guard_rails,omitempty"`
}

// GuardRails is what the agent keeps to, whatever its model says.
type GuardRails struct {
	Disclosure    json.RawMessage `json:"disclosure,omitempty"` // true: a sentence in the agent's language; a text: that
	AllowedTopics []string        `json:"allowed_topics,omitempty"`
	NeverSay      []string        `json:"never_say,omitempty"`
	MaxCost       *float64        `json:"max_cost,omitempty"` // in the currency of the price file
}

// AfterCall is what is done with the transcript once the call is over.
type AfterCall struct {
	PostCallPrompt   *string           `json:"post_call_prompt,omitempty"`
	PostCallInsights []json.RawMessage `json:"post_call_insights,omitempty"`
	PostCallActions  []json.RawMessage `json:"post_call_actions,omitempty"`
	PostCallEmail    json.RawMessage   `json:"post_call_email,omitempty"`
	PostCallSMS      json.RawMessage   `json:"post_call_sms,omitempty"`
}

// A Prompt is the text that tells the model who it is.
type Prompt struct {
	ID              string            `json:"id"`
	UserID          string            `json:"user_id"`
	Label           *string           `json:"label,omitempty"`
	Description     *string           `json:"description,omitempty"`
	Content         *string           `json:"content,omitempty"`
	ContextEndpoint *string           `json:"context_endpoint,omitempty"`
	CollectFields   []json.RawMessage `json:"collect_fields,omitempty"`
	Type            string            `json:"type,omitempty"` // prompt (default), block
	Tags            []string          `json:"tags,omitempty"`
	PromptTemplate  json.RawMessage   `json:"prompt_template,omitempty"`
}

// A Voice is the contract's voice object as given: {id, user_id, type: voice_<vendor>, …options of that vendor}.
type Voice map[string]any

// Type is the voice's type, such as voice_deepgram, or "".
func (v Voice) Type() string { s, _ := v["type"].(string); return s }

// An Action is something the agent can do besides talk.
type Action struct {
	ID            string          `json:"id"`
	UserID        string          `json:"user_id"`
	Type          string          `json:"type"` // action_transfer_call, …
	Label         *string         `json:"label,omitempty"`
	Description   *string         `json:"description,omitempty"`
	Config        json.RawMessage `json:"config"`
	ActionTrigger json.RawMessage `json:"action_trigger,omitempty"`
}

// A Webhook is where the facts of an agent's calls are sent.
type Webhook struct {
	ID                string            `json:"id"`
	UserID            string            `json:"user_id"`
	Subscriptions     []json.RawMessage `json:"subscriptions"` // strings, or objects as the published schema says
	URL               string            `json:"url"`
	Method            string            `json:"method,omitempty"` // POST (default), GET
	Label             *string           `json:"label,omitempty"`
	Description       *string           `json:"description,omitempty"`
	AccountConnection *string           `json:"account_connection_id,omitempty"`
	SigningSecret     string            `json:"signing_secret,omitempty"` // whsec_…; shown in the create answer only
}
