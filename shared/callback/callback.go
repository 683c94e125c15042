// Package callback answers VOD's normal callbacks: one HTTP POST for each
// event, sent again at most twice and only when no answer came within 5 s
// (266/33948, 266/7829).
//
// VOD ignores the status, so no answer brings an event back. The answers are for
// people and monitors:
//
//	200  {"id":…}: every sink that wants it has it, now or since an earlier send
//	400  not an event; if its signature is good, it was parked whole
//	401  not signed, forged or expired
//	409  VOD, when asked, says that it is false; it was parked
//	405  neither POST nor the GET and HEAD that greet
//	413  over 6 MB
//	500  a variable has a bad value; a callback was written whole into the log
//	503  not delivered in time; it was parked, or is being delivered elsewhere
package callback

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/scf"
)

// Options of one request. They are read for each request, because SCF sets a
// function's variables for each invocation.
type Options struct {
	// SignKeys are the keys of which any one may have signed; none: every
	// callback is taken.
	SignKeys []string

	// SubAppIds are the applications that pull drains. Where there is one, the
	// callbacks come from it. Of several, app in the URL names one; without it the
	// application is not known.
	SubAppIds []uint64

	// NeedsApp: the application must be known if there are several. The state of a
	// media is kept by source, and pull's events name theirs.
	NeedsApp bool

	// Deliver delivers a batch before its context ends and says what became of
	// each event; see [deliver.Fate.Settled].
	Deliver func(context.Context, []*event.Event) []deliver.Result

	// Watch returns a Deliver that is counted; nil: nobody counts. It is asked for
	// that of a bad configuration, too.
	Watch func(func(context.Context, []*event.Event) []deliver.Result) func(context.Context, []*event.Event) []deliver.Result
}

// Handler returns the handler of the callback URL, for any path. If options fails,
// a variable has a bad value, and every request is answered with that error. A
// callback is still verified, if the Options have the keys, and parked in the log,
// because VOD does not send it again.
func Handler(options func() (Options, error)) http.Handler {
	return &receiver{options: options}
}

type receiver struct {
	options  func() (Options, error)
	unsigned sync.Once
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	received := time.Now()
	ctx := r.Context()
	o, bad := h.options()
	if bad != nil {
		slog.ErrorContext(ctx, "configuration", "error", bad)
		o.Deliver = deliver.Undeliverable(bad)
	} else if len(o.SignKeys) == 0 {
		h.unsigned.Do(func() {
			slog.WarnContext(ctx, "CALLBACK_SIGN_KEY is not set: whoever knows the URL can send events")
		})
	}
	switch {
	case r.Method == http.MethodPost:
		receive(w, r, o, received, bad)
	case bad != nil:
		scf.Error(w, http.StatusInternalServerError, bad.Error())
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		slog.InfoContext(ctx, "greeting", "method", r.Method, "path", r.URL.Path, "query", slices.Sorted(maps.Keys(r.URL.Query())))
		scf.JSON(w, http.StatusOK, map[string]string{"status": "ready", "next": "set this URL as the Callback URL of VOD; it takes POST"})
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		scf.Error(w, http.StatusMethodNotAllowed, "VOD sends POST")
	}
}

// accepted answers a callback that is delivered.
type accepted struct {
	ID string `json:"id"`
}

// receive answers one POST. bad is the error of the configuration, if it has one.
func receive(w http.ResponseWriter, r *http.Request, o Options, received time.Time, bad error) {
	ctx := r.Context()
	body, err := scf.ReadBody(r)
	if err != nil {
		scf.Error(w, http.StatusBadRequest, "the body cannot be read")
		return
	}
	text, err := scan(body)
	if err != nil {
		scf.Error(w, http.StatusRequestEntityTooLarge, err.Error())
		return
	}
	query := r.URL.Query()
	app, noApp := o.app(query)
	e, notEvent := event.ParseScanned(text, event.Origin{
		Mode: event.Normal, SubAppId: app, Received: received,
		Sign: query.Get("sign"), T: query.Get("t"),
	})
	if len(o.SignKeys) > 0 {
		if err := event.Verify(o.SignKeys, e.Sign, e.T, received); err != nil {
			slog.WarnContext(ctx, "callback refused", "error", err, "bytes", len(body))
			scf.Error(w, http.StatusUnauthorized, err.Error())
			return
		}
	}
	if noApp != nil && bad == nil {
		slog.ErrorContext(ctx, "configuration", "error", noApp)
		bad, o.Deliver = noApp, deliver.Undeliverable(noApp)
	}
	if notEvent != nil && len(o.SignKeys) == 0 { // anybody may have sent it
		slog.WarnContext(ctx, "callback is not an event", "error", notEvent, "bytes", len(body), "body", excerpt(text.Bytes, e.Sign))
		scf.Error(w, http.StatusBadRequest, notEvent.Error())
		return
	}

	if o.Watch != nil { // only now is it known which Deliver it is
		o.Deliver = o.Watch(o.Deliver)
	}
	ctx, cancel := deliver.BeforeAnswer(ctx)
	defer cancel()
	result := o.Deliver(ctx, []*event.Event{e})[0]
	switch {
	case bad != nil:
		scf.Error(w, http.StatusInternalServerError, bad.Error())
	case notEvent != nil: // VOD signed it: the delivery parked it whole
		slog.ErrorContext(ctx, "callback is not an event", "id", e.ID, "error", notEvent, "bytes", len(body))
		scf.Error(w, http.StatusBadRequest, notEvent.Error())
	case result.Fate.Settled():
		scf.JSON(w, http.StatusOK, accepted{e.ID})
	case result.Reason == deliver.ReasonRefuted:
		scf.JSON(w, http.StatusConflict, map[string]string{"error": "VOD does not confirm this event", "id": e.ID})
	default:
		scf.JSON(w, http.StatusServiceUnavailable, map[string]string{"error": notDelivered(result), "id": e.ID})
	}
}

// app is the application that a callback comes from; 0: not known.
func (o *Options) app(query url.Values) (uint64, error) {
	switch {
	case query.Has("app"):
		app, err := strconv.ParseUint(query.Get("app"), 10, 64)
		if err != nil || !slices.Contains(o.SubAppIds, app) {
			return 0, fmt.Errorf("app=%.20q in the callback's URL is not in VOD_SUB_APP_IDS", query.Get("app"))
		}
		return app, nil
	case len(o.SubAppIds) == 1:
		return o.SubAppIds[0], nil
	case len(o.SubAppIds) > 1 && o.NeedsApp:
		return 0, fmt.Errorf("media= in SINK: VOD_SUB_APP_IDS holds %d applications; add ?app=SubAppId to the callback URL of each, or one media has two rows", len(o.SubAppIds))
	default:
		return 0, nil
	}
}

// notDelivered says what became of an event instead, and why.
func notDelivered(r deliver.Result) string {
	if r.Cause == nil {
		return string(r.Fate)
	}
	return string(r.Fate) + ": " + r.Cause.Error()
}

var signMember = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(sign(?:[\\"']|u002[27])*\s*[:=]\s*(?:[\\"']|u002[27])*)(?:\\+(?:u[0-9a-f]{1,4}|/)|[^\\"'&,}\s])+`)
})

// excerpt returns the first 2 KB of a body for the log. Until it expires, a Sign is
// valid for any body, so excerpt masks it, even if the body is not JSON or is JSON
// within JSON.
func excerpt(body []byte, sign string) string {
	const most = 2 << 10
	if sign != "" {
		window := body[:min(len(body), most+len(sign))]
		masked := bytes.ReplaceAll(window, []byte(sign), []byte("(masked)"))
		if len(window) < len(body) { // it may end with the beginning of a Sign
			masked = head(masked, len(masked)-min(len(masked), len(sign)-1))
		}
		body = masked
	}
	return string(signMember().ReplaceAll(head(body, most), []byte("${1}(masked)")))
}

// head returns at most the first n bytes of a text, and cuts no character in two.
func head(text []byte, n int) []byte {
	if n >= len(text) {
		return text
	}
	for from := n; n > 0 && n > from-utf8.UTFMax && !utf8.RuneStart(text[n]); {
		n--
	}
	return text[:n]
}
