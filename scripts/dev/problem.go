package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// problem is an answer of the API that is an error (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func problemf(status int, format string, args ...any) *problem {
	return &problem{"about:blank", http.StatusText(status), status, fmt.Sprintf(format, args...)}
}

func (p *problem) Error() string { return p.Detail }

func (p *problem) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}
