package main

import (
	"net/http"

	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/dashboard"
)

// withDashboard puts the dashboard's pages before what else is served, and one where nothing is.
func withDashboard(next http.Handler) (http.Handler, error) {
	pages, err := dashboard.New(api.LoginCookie)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages.Missing(next))
	for _, path := range dashboard.Paths {
		mux.Handle(path, pages)
	}
	return mux, nil
}
