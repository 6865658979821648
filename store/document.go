package store

// A Doc is an entity as the contract writes it, every field as it was given, with id and user_id set by the store. What a
// public read returns has its secrets masked (secret.Mask), in Internal… reads they are in clear.
type Doc = map[string]any

// A Kind names a sort of sub-resource, in the spelling of its route.
type Kind string

const (
	Prompts            Kind = "prompts"
	Actions            Kind = "actions"
	Voices             Kind = "voices"
	Webhooks           Kind = "webhooks"
	AccountConnections Kind = "account_connections"
)

// one is what a single entity of the kind is called in messages.
var one = map[Kind]string{
	Prompts: "prompt", Actions: "action", Voices: "voice", Webhooks: "webhook", AccountConnections: "account connection",
}
