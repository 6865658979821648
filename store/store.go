// Package store keeps what must outlive the process: entities, calls, the event log, jobs and files. SQLite by default,
// PostgreSQL by URL, one code path. The event log has one goroutine that commits in groups; Close joins it.
package store
