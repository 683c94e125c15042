// Small is a function that greets as callback does, in a few MB. Tests that deploy a
// hundred times upload it.
package main

import (
	"context"
	"io"
	"net/http"

	"vodevents/shared/scf"
)

func main() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"status":"ready"}`) })
	scf.Main(scf.OnHTTP(h), func(ctx context.Context) error { return scf.ListenAndServe(ctx, h) })
}
