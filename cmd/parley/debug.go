package main

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"runtime"
	"runtime/debug"

	"github.com/parley-voice/parley/api"
)

// debug serves what a bench and a developer look at, to this machine only.
func (h *house) debug(mux *http.ServeMux) {
	local := func(f http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !api.FromHere(r) { // nor is it whoever a proxy on this machine lets in
				http.NotFound(w, r)
				return
			}
			f(w, r)
		}
	}
	mux.HandleFunc("GET /debug/state", local(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("gc") { // what the process holds is then what it needs
			debug.FreeOSMemory()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"goroutines": runtime.NumGoroutine(), "rtp_ports_in_use": h.ports.InUse(), "calls": h.switchboard.Live(),
			"heap_bytes": m.HeapAlloc, "heap_sys_bytes": m.HeapSys, "stack_bytes": m.StackInuse, "gc_cycles": m.NumGC, "gc_pause_ns": m.PauseTotalNs,
		})
	}))
	mux.HandleFunc("POST /debug/flood", local(h.flood))
	mux.HandleFunc("/debug/pprof/", local(pprof.Index))
	mux.HandleFunc("/debug/pprof/profile", local(pprof.Profile))
	mux.HandleFunc("/debug/pprof/trace", local(pprof.Trace))
	mux.HandleFunc("/debug/pprof/symbol", local(pprof.Symbol))
}
