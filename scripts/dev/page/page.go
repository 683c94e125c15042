// Package page is the page of dev: the events as they happen, the media that they
// made, one of them opened, the dead letters, and the switches of the stand-in. It is
// plain HTML, CSS and ES modules, served as they lie here, without a build step. The page talks to the JSON API beside
// it and to nothing else.
//
// Its tests are the files *_test.js, which run in a real Chromium.
package page

import (
	"embed"
	"net/http"
)

//go:embed index.html
//go:embed style.css work.css detail.css media.css letters.css dialogs.css widths.css
//go:embed app.js announce.js api.js detail.js dialogs.js dom.js faults.js figures.js filter.js guide.js json.js jsonview.js
//go:embed keys.js lease.js letters.js letterrows.js list.js media.js mediadetail.js medialist.js model.js notice.js panel.js send.js setting.js stream.js switches.js tabs.js theme.js views.js words.js
var files embed.FS

// policy lets the page load its own files and nothing else.
const policy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// Handler serves the page.
func Handler() http.Handler {
	served := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", policy)
		served.ServeHTTP(w, r)
	})
}
