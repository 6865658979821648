package all

import "github.com/parley-voice/parley/provider"

// named are the vendors that the contract names and this version does not reach: what agents say of them is checked, kept and shown,
// and on a call this machine's own hearing, thinking or speech stands in, with a warning. One that is built leaves this list for
// a folder and a row of its own.
func named() []provider.Spec {
	return []provider.Spec{
		{Name: "gladia", Title: "Gladia", Env: "GLADIA", ConnectionType: "account_connection_gladia", KeyField: "api_key",
			Hearing: &provider.Hearing{Options: &ear{}}},
	}
}

// ear is what every transcriber of the contract takes.
type ear struct {
	Model    string `json:"model" doc:"The vendor's model"`
	Language string `json:"language" doc:"Language that is spoken, when it is not the agent's"`
}
