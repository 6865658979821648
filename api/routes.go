package api

import (
	"net/http"
	"slices"

	"github.com/parley-voice/parley/store"
)

// A route is one operation. The contract says which parameters and body it takes.
type route struct {
	method, path string
	status       int                                       // of success
	answer       func(*request) (any, error)               // JSON
	stream       func(http.ResponseWriter, *request) error // or anything else
	open         func(*request) bool                       // says that no key is needed; nil: one is
	unlisted     bool                                      // it is part of a page, and not in the contract
	takesID      bool                                      // set from the contract
	timed        bool                                      // its answer has times of calls; set from the contract
	role         store.Role                                // the least that the key must have; set from the contract
	body         *bodyRule                                 // set from the contract
}

// Routes is the table of contents.
func (a *API) Routes() []*route {
	return slices.Concat(a.routesOfCalls(), a.routesOfParts(), a.routesOfTenants(), a.pages())
}

// routesOfCalls are who calls, by which line, and the calls.
func (a *API) routesOfCalls() []*route {
	return []*route{
		get("/v1/agents", a.getAgent),
		get("/v1/agents/list", a.listAgents),
		create("/v1/agents/create", a.createAgent),
		create("/v1/agents/update", a.updateAgent),
		remove("/v1/agents/delete", a.deleteAgent),

		get("/v1/calls", a.getCall),
		get("/v1/calls/list", a.listCalls),
		create("/v1/calls/create", a.createCall),
		create("/v1/calls/web", a.webCall),
		post("/v1/calls/end", a.endCall),
		remove("/v1/calls/delete", a.deleteCall),
		stream("/v1/calls/recording", a.recording, a.signed),
		get("/v1/calls/waveform", a.waveform),
		stream("/v1/calls/events", a.follow, nil),
		stream("/v1/calls/live", a.followAll, nil),
		get("/v1/calls/decisions", a.decisions),
		stream("/v1/calls/trace", a.trace, nil),
		stream("/v1/calls/capture", a.capture, nil),
		post("/v1/calls/say", a.command(Say, "text")),
		post("/v1/calls/add_context", a.command(AddContext, "text")),
		post("/v1/calls/dtmf", a.command(Press, "digits")),
		post("/v1/calls/transfer", a.transferCall),
		post("/v1/calls/mute", a.muteCall),
		post("/v1/calls/whisper", a.whisper),
		post("/v1/calls/take_over", a.takeOver),
		create("/v1/calls/take_over_web", a.takeOverByBrowser),
		stream("/v1/calls/listen", a.listen, a.mayListen),
		post("/v1/calls/listen_url", a.listenURL),
		post("/v1/calls/recording_pause", a.plainly(PauseRecording)),
		post("/v1/calls/recording_resume", a.plainly(ResumeRecording)),
		post("/v1/calls/analyze", a.analyzeCall),

		get("/v1/numbers", a.getNumber),
		get("/v1/numbers/list", a.listNumbers),
		create("/v1/numbers/link", a.linkNumber),
		create("/v1/numbers/update", a.updateNumber),
		create("/v1/numbers/detach", a.detachNumber),
		get("/v1/numbers/available", a.availableNumbers),
		create("/v1/numbers/buy", a.buyNumber),
		create("/v1/numbers/cancel", a.cancelNumber),
	}
}

// routesOfParts are what agents are made of.
func (a *API) routesOfParts() []*route {
	return []*route{
		get("/v1/account_connections", a.getPart(store.AccountConnections)),
		get("/v1/account_connections/list", a.listParts(store.AccountConnections)),
		create("/v1/account_connections/create", a.createPart(store.AccountConnections)),
		create("/v1/account_connections/update", a.updatePart(store.AccountConnections)),
		remove("/v1/account_connections/delete", a.deletePart(store.AccountConnections)),
		get("/v1/account_connections/status", a.trunkStatus),
		post("/v1/account_connections/test", a.testConnection),
		post("/v1/account_connections/add_to_steering_pool", a.addToPool),
		post("/v1/account_connections/remove_from_steering_pool", a.removeFromPool),

		get("/v1/prompts", a.getPart(store.Prompts)),
		get("/v1/prompts/list", a.listParts(store.Prompts)),
		create("/v1/prompts/create", a.createPart(store.Prompts)),
		create("/v1/prompts/update", a.updatePart(store.Prompts)),
		remove("/v1/prompts/delete", a.deletePart(store.Prompts)),

		get("/v1/actions", a.getPart(store.Actions)),
		get("/v1/actions/list", a.listParts(store.Actions)),
		create("/v1/actions/create", a.createPart(store.Actions)),
		create("/v1/actions/update", a.updatePart(store.Actions)),
		remove("/v1/actions/delete", a.deletePart(store.Actions)),

		get("/v1/voices", a.getPart(store.Voices)),
		get("/v1/voices/list", a.listParts(store.Voices)),
		create("/v1/voices/create", a.createPart(store.Voices)),
		create("/v1/voices/update", a.updatePart(store.Voices)),
		remove("/v1/voices/delete", a.deletePart(store.Voices)),
		get("/v1/voices/available", a.availableVoices),
		act("/v1/voices/speak", a.speakVoice, nil),

		get("/v1/webhooks", a.getPart(store.Webhooks)),
		get("/v1/webhooks/list", a.listParts(store.Webhooks)),
		create("/v1/webhooks/create", a.createPart(store.Webhooks)),
		create("/v1/webhooks/update", a.updatePart(store.Webhooks)),
		remove("/v1/webhooks/delete", a.deletePart(store.Webhooks)),
		post("/v1/webhooks/rotate_secret", a.rotateSecret),
		get("/v1/webhooks/deliveries", a.listDeliveries),
		post("/v1/webhooks/redeliver", a.redeliver),

		get("/v1/vector_databases", a.getPart(store.VectorDatabases)),
		get("/v1/vector_databases/list", a.listParts(store.VectorDatabases)),
		create("/v1/vector_databases/create", a.createPart(store.VectorDatabases)),
		create("/v1/vector_databases/update", a.updatePart(store.VectorDatabases)),
		remove("/v1/vector_databases/delete", a.deletePart(store.VectorDatabases)),

		get("/v1/pronunciations", a.getPart(store.Pronunciations)),
		get("/v1/pronunciations/list", a.listParts(store.Pronunciations)),
		create("/v1/pronunciations/create", a.createPart(store.Pronunciations)),
		create("/v1/pronunciations/update", a.updatePart(store.Pronunciations)),
		remove("/v1/pronunciations/delete", a.deletePart(store.Pronunciations)),
	}
}

// routesOfTenants are what belongs to an environment as a whole, and the environments.
func (a *API) routesOfTenants() []*route {
	return []*route{
		get("/v1/do_not_call/list", a.listDoNotCall),
		create("/v1/do_not_call/create", a.createDoNotCall),
		remove("/v1/do_not_call/delete", a.deleteDoNotCall),

		get("/v1/audit/list", a.listAudit),

		get("/v1/memories/list", a.listMemories),
		create("/v1/memories/write", a.writeMemory),
		remove("/v1/memories/delete", a.deleteMemory),

		get("/v1/documents", a.getDocument),
		get("/v1/documents/list", a.listDocuments),
		create("/v1/documents/create", a.createDocument),
		create("/v1/documents/update", a.updateDocument),
		remove("/v1/documents/delete", a.deleteDocument),
		post("/v1/documents/search", a.searchDocuments),

		get("/v1/usage", a.usage),
		get("/v1/overview", a.overview),
		get("/v1/nodes", a.nodes),

		get("/v1/environments", a.getEnvironment),
		get("/v1/environments/list", a.listEnvironments),
		create("/v1/environments/create", a.createEnvironment),
		create("/v1/environments/update", a.updateEnvironment),
		remove("/v1/environments/delete", a.deleteEnvironment),

		get("/v1/sessions", a.whoAmI),
		act("/v1/sessions/login", a.login, func(*request) bool { return true }),
		act("/v1/sessions/logout", a.logout, nil),

		get("/v1/keys/list", a.listKeys),
		create("/v1/keys/create", a.createKey),
		remove("/v1/keys/delete", a.deleteKey),
	}
}

func (a *API) pages() []*route {
	return []*route{
		page("/healthz", a.alive),
		page("/readyz", a.ready),
		page("/openapi.json", a.openapiJSON),
		page("/openapi.yml", a.openapiYAML),
		page("/docs", a.docs),
		asset("/docs/page.css", pageStyle),
		asset("/docs/page.js", pageScript),
		asset("/docs/swagger-ui.css", bundled),
		asset("/docs/swagger-ui-bundle.js", bundled),
		page("/llms.txt", a.llms),
		page("/metrics", a.metrics),
	}
}

func get(path string, f func(*request) (any, error)) *route {
	return &route{method: http.MethodGet, path: path, status: http.StatusOK, answer: f}
}

func post(path string, f func(*request) (any, error)) *route {
	return &route{method: http.MethodPost, path: path, status: http.StatusOK, answer: f}
}

func create(path string, f func(*request) (any, error)) *route {
	return &route{method: http.MethodPost, path: path, status: http.StatusCreated, answer: f}
}

func remove(path string, f func(*request) (any, error)) *route {
	return &route{method: http.MethodDelete, path: path, status: http.StatusOK, answer: f}
}

func stream(path string, f func(http.ResponseWriter, *request) error, open func(*request) bool) *route {
	return &route{method: http.MethodGet, path: path, status: http.StatusOK, stream: f, open: open}
}

// act is a POST that writes its answer itself.
func act(path string, f func(http.ResponseWriter, *request) error, open func(*request) bool) *route {
	rt := stream(path, f, open)
	rt.method = http.MethodPost
	return rt
}

// page needs no key.
func page(path string, f func(http.ResponseWriter, *request) error) *route {
	return stream(path, f, func(*request) bool { return true })
}

// asset is a file of a page.
func asset(path string, f func(http.ResponseWriter, *request) error) *route {
	rt := page(path, f)
	rt.unlisted = true
	return rt
}
