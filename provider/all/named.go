package all

import "github.com/parley-voice/parley/provider"

// named are the vendors that the contract names and this version does not reach: what agents say of them is checked, kept and shown,
// and on a call this machine's own hearing, thinking or speech stands in, with a warning. One that is built leaves this list for
// a folder and a row of its own.
func named() []provider.Spec {
	return []provider.Spec{
		{Name: "gladia", Title: "Gladia", Env: "GLADIA", ConnectionType: "account_connection_gladia", KeyField: "api_key",
			Hearing: &provider.Hearing{Options: &ear{}}},
		{Name: "playht", Title: "PlayHT", Env: "PLAYHT", ConnectionType: "account_connection_playht", KeyField: "api_key",
			Speaking: &provider.Speaking{Type: "voice_play_ht", Options: &playHTVoice{}}},
	}
}

// ear is what every transcriber of the contract takes.
type ear struct {
	Model    string `json:"model" doc:"The vendor's model"`
	Language string `json:"language" doc:"Language that is spoken, when it is not the agent's"`
}

type playHTVoice struct {
	VoiceID            string  `json:"voice_id" required:"true" doc:"Id or address of the voice"`
	APIUserID          string  `json:"api_user_id" doc:"User of the key"`
	APIKey             string  `json:"api_key" doc:"Key for this voice alone; else the account connection's"`
	Version            any     `json:"version" doc:"Version of the API: 1 or 2"`
	Speed              float64 `json:"speed" doc:"Speed of speech, 1 is normal"`
	Quality            string  `json:"quality" doc:"Quality: faster, draft, low, medium, high, premium"`
	Temperature        float64 `json:"temperature" min:"0" max:"2" doc:"How much the voice varies"`
	TopP               float64 `json:"top_p" doc:"How much the voice varies, as a share of likely continuations"`
	TextGuidance       float64 `json:"text_guidance" doc:"How strictly it keeps to the text"`
	VoiceGuidance      float64 `json:"voice_guidance" doc:"How strictly it keeps to the voice"`
	ExperimentalRemove bool    `json:"experimental_remove_silence" doc:"Cut silence at the ends"`
}
