package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// What the page offers for a media, and all that the API takes.
var (
	fails = []choice{
		{"", "all succeeds", ""},
		{event.ProcessTranscode, "the transcodes fail", ""},
		{event.ProcessAdaptiveDynamicStreaming, "the adaptive stream fails", ""},
		{event.ProcessCoverBySnapshot, "the cover fails", ""},
	}
	parts = []choice{
		{"", "the whole media", ""},
		{event.DeletedOriginalFiles, "the original", ""},
		{event.DeletedTranscodeFiles, "all transcodes", ""},
		{event.DeletedAdaptiveDynamicStreamingFiles, "all adaptive streams", ""},
	}
)

// offers says whether a value is among the choices, "" excepted.
func offers[T ~string](choices []choice, value T) bool {
	return value != "" && slices.ContainsFunc(choices, func(c choice) bool { return c.Value == any(value) })
}

// maxTemplates is how many templates of one kind a procedure takes.
const maxTemplates = 20

func (a *API) getMedia(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := journal.MediaFilter{States: q["state"], Text: q.Get("q"), Limit: 100}
	if l := q.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > journal.MaxEvents {
			return problemf(http.StatusBadRequest, "limit=%s: give 1 to %d", l, journal.MaxEvents)
		}
		f.Limit = n
	}
	found, matched := a.Journal.ListMedia(f)
	return reply(w, http.StatusOK, map[string]any{"media": found, "matched": matched, "more": matched > len(found)})
}

func (a *API) findMedia(r *http.Request) (journal.MediaDetail, error) {
	m, ok := a.Journal.FindMedia(r.URL.Query().Get("source"), r.PathValue("id"))
	if !ok {
		return m, problemf(http.StatusNotFound, "no delivered event tells of a media %q, or no more: those that changed last are kept", r.PathValue("id"))
	}
	return m, nil
}

func (a *API) getOneMedia(w http.ResponseWriter, r *http.Request) error {
	m, err := a.findMedia(r)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, m)
}

func (a *API) getCover(w http.ResponseWriter, r *http.Request) error {
	m, err := a.findMedia(r)
	if err != nil {
		return err
	}
	if m.CoverUrl == "" {
		return problemf(http.StatusNotFound, "no event tells of a cover of %q that is there", m.FileId)
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = w.Write(standin.Cover(m.CoverUrl)) // nobody is told that the client has gone
	return nil
}

func (a *API) postMedia(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name          string `json:"name"`
		SourceContext string `json:"sourceContext"`
		Process       bool   `json:"process"`
	}
	if err := a.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	u := vodfake.Upload{Name: in.Name, SourceContext: in.SourceContext}
	if in.Process {
		u.Procedure = "of the stand-in"
	}
	return reply(w, http.StatusAccepted, map[string]any{"fileId": a.StandIn.UploadMedia(u)})
}

// procedure is the body of POST /api/media/{id}/process.
type procedure struct {
	Transcode  []uint64                 `json:"transcode"`
	Adaptive   []uint64                 `json:"adaptive"`
	Cover      []uint64                 `json:"cover"`
	Fails      []event.MediaProcessType `json:"fails"`
	NotifyMode event.NotifyMode         `json:"notifyMode"`

	SessionContext string `json:"sessionContext"`
}

func (p *procedure) check() error {
	for _, f := range p.Fails {
		if !offers(fails, f) {
			return fmt.Errorf("fails: %q: give Transcode, AdaptiveDynamicStreaming or CoverBySnapshot", f)
		}
	}
	switch p.NotifyMode {
	case "", event.NotifyFinish, event.NotifyChange, event.NotifyNone:
	default:
		return fmt.Errorf("notifyMode: %q: give Finish, Change or None", p.NotifyMode)
	}
	if max(len(p.Transcode), len(p.Adaptive), len(p.Cover)) > maxTemplates {
		return fmt.Errorf("give at most %d templates of a kind", maxTemplates)
	}
	return nil
}

func (a *API) postProcess(w http.ResponseWriter, r *http.Request) error {
	var in procedure
	if err := a.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return problemf(http.StatusBadRequest, "%v", err)
	}
	p := vodfake.Process{Transcode: in.Transcode, Adaptive: in.Adaptive, Cover: in.Cover}
	if len(p.Transcode)+len(p.Adaptive)+len(p.Cover) == 0 {
		p = standin.Procedure
	}
	p.Fails, p.NotifyMode, p.SessionContext = in.Fails, in.NotifyMode, in.SessionContext
	task, err := a.StandIn.ProcessMedia(r.PathValue("id"), p)
	if err != nil {
		return noFile(err)
	}
	return reply(w, http.StatusAccepted, map[string]any{"taskId": task})
}

func (a *API) postDelete(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Parts []struct {
			Type       event.DeletedPart `json:"type"`
			Definition int64             `json:"definition"`
		} `json:"parts"`
	}
	if err := a.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	var items []*event.MediaDeleteItem
	for _, p := range in.Parts {
		if !offers(parts, p.Type) || p.Definition < 0 {
			return problemf(http.StatusBadRequest, "parts: %q %d: give OriginalFiles, TranscodeFiles or AdaptiveDynamicStreamingFiles, and a definition or 0 for all", p.Type, p.Definition)
		}
		items = append(items, &event.MediaDeleteItem{Type: p.Type, Definition: p.Definition})
	}
	if err := a.StandIn.DeleteMedia(r.PathValue("id"), items...); err != nil {
		return noFile(err)
	}
	return reply(w, http.StatusAccepted, map[string]any{"fileId": r.PathValue("id")})
}

// noFile is the answer where the stand-in has no such file.
func noFile(err error) error {
	return problemf(http.StatusNotFound, "the stand-in has no such file: %v Upload one with POST /api/media, or send its NewFileUpload with POST /api/events", err)
}
