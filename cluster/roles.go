package cluster

// Roles of a node.
const (
	API   = "api"   // REST, dashboard, browsers
	Media = "media" // calls
	Jobs  = "jobs"  // webhooks, what is done after calls, retention
)
